import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import type { InboxView } from "./api";
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
  component: lazyRouteComponent(() => import("./features/approvals/Approvals"), "Approvals"),
});

export type InboxSearch = {
  readonly view?: InboxView;
  readonly label?: string;
  readonly q?: string;
};

const VIEWS: readonly string[] = ["open", "mine", "unassigned", "waiting", "resolved", "all"];

const inbox = createRoute({
  getParentRoute: () => rootRoute,
  path: "/inbox/{-$id}",
  validateSearch: (search: Record<string, unknown>): InboxSearch => ({
    ...(VIEWS.includes(String(search.view)) ? { view: search.view as InboxView } : {}),
    ...(typeof search.label === "string" ? { label: search.label } : {}),
    ...(typeof search.q === "string" && search.q !== "" ? { q: search.q } : {}),
  }),
  component: lazyRouteComponent(() => import("./features/inbox/Inbox"), "Inbox"),
});

const contacts = createRoute({
  getParentRoute: () => rootRoute,
  path: "/contacts/{-$id}",
  component: lazyRouteComponent(() => import("./features/contacts/Contacts"), "Contacts"),
});

const knowledge = createRoute({
  getParentRoute: () => rootRoute,
  path: "/knowledge/{-$id}",
  validateSearch: (search: Record<string, unknown>): { readonly mark?: string; readonly gap?: string } => ({
    ...(typeof search.mark === "string" ? { mark: search.mark } : {}),
    ...(typeof search.gap === "string" ? { gap: search.gap } : {}),
  }),
  component: lazyRouteComponent(() => import("./features/knowledge/Knowledge"), "Knowledge"),
});

const settings = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/{-$section}",
  component: lazyRouteComponent(() => import("./features/settings/Settings"), "Settings"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([home, approvals, inbox, contacts, knowledge, settings]),
  basepath: "/app",
  defaultPreload: "intent",
  defaultErrorComponent: Broken,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
