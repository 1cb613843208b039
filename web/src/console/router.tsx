import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import type { InboxView } from "./api";
import { again } from "./lib/late";
import { App } from "./shell/App";
import { Broken, Nowhere } from "./shell/Broken";

const rootRoute = createRootRoute({ component: App, notFoundComponent: Nowhere, errorComponent: Broken });

const home = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/approvals/{-$id}", replace: true });
  },
});

const approvals = createRoute({
  getParentRoute: () => rootRoute,
  path: "/approvals/{-$id}",
  component: lazyRouteComponent(() => again(() => import("./features/approvals/Approvals")), "Approvals"),
});

export type InboxSearch = {
  readonly view?: InboxView;
  readonly label?: string;
  readonly status?: string;
  readonly assignee?: string;
  readonly q?: string;
  /** Conditions, as JSON. */
  readonly when?: string;
  /** The saved view that this is. */
  readonly saved?: string;
  /** The message to show. */
  readonly seq?: number;
};

const VIEWS: readonly string[] = ["open", "mine", "unassigned", "waiting", "snoozed", "resolved", "all"];

const words = (search: Record<string, unknown>, ...keys: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    keys.flatMap((key) => {
      const given = search[key];
      // What reads as JSON in an address comes as what it says.
      const value = typeof given === "object" ? JSON.stringify(given) : given;
      return typeof value === "string" && value !== "" ? [[key, value]] : [];
    }),
  );

const inbox = createRoute({
  getParentRoute: () => rootRoute,
  path: "/inbox/{-$id}",
  validateSearch: (search: Record<string, unknown>): InboxSearch => ({
    ...(VIEWS.includes(String(search.view)) ? { view: search.view as InboxView } : {}),
    ...words(search, "label", "status", "assignee", "q", "when", "saved"),
    ...(Number.isInteger(search.seq) ? { seq: Number(search.seq) } : {}),
  }),
  component: lazyRouteComponent(() => again(() => import("./features/inbox/Inbox")), "Inbox"),
});

const contacts = createRoute({
  getParentRoute: () => rootRoute,
  path: "/contacts/{-$id}",
  component: lazyRouteComponent(() => again(() => import("./features/contacts/Contacts")), "Contacts"),
});

const knowledge = createRoute({
  getParentRoute: () => rootRoute,
  path: "/knowledge/{-$id}",
  validateSearch: (search: Record<string, unknown>): { readonly mark?: string; readonly gap?: string } => ({
    ...(typeof search.mark === "string" ? { mark: search.mark } : {}),
    ...(typeof search.gap === "string" ? { gap: search.gap } : {}),
  }),
  component: lazyRouteComponent(() => again(() => import("./features/knowledge/Knowledge")), "Knowledge"),
});

const settings = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/{-$section}",
  component: lazyRouteComponent(() => again(() => import("./features/settings/Settings")), "Settings"),
});

const SCHEMA_TABS: readonly string[] = ["fields", "workflow", "board", "figures"];

const schemas = createRoute({
  getParentRoute: () => rootRoute,
  path: "/schemas/{-$key}",
  validateSearch: (search: Record<string, unknown>): { readonly tab?: string } =>
    SCHEMA_TABS.includes(String(search.tab)) ? { tab: String(search.tab) } : {},
  component: lazyRouteComponent(() => again(() => import("./features/schemas/Schemas")), "Schemas"),
});

const setup = createRoute({
  getParentRoute: () => rootRoute,
  path: "/setup/{-$step}",
  component: lazyRouteComponent(() => again(() => import("./features/setup/Setup")), "Setup"),
});

const rule = createRoute({
  getParentRoute: () => rootRoute,
  path: "/rules/$rule",
  component: lazyRouteComponent(() => again(() => import("./features/rules/Builder")), "Builder"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    home,
    approvals,
    inbox,
    contacts,
    knowledge,
    schemas,
    settings,
    setup,
    rule,
  ]),
  basepath: "/app",
  defaultPreload: "intent",
  defaultErrorComponent: Broken,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
