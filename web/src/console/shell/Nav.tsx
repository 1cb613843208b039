import { useQuery } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import {
  AlarmClock,
  BookOpenText,
  ContactRound,
  Inbox,
  ListChecks,
  type LucideIcon,
  Settings2,
  Stamp,
  UserRoundCheck,
} from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { InboxFilter } from "../api";
import { ask, type InboxView } from "../api";
import { belongs, inQueue } from "../live/inbox";
import { Avatar, hueStyle, Icon } from "../parts/basics";
import { useMe, useViews } from "../parts/data";
import type { InboxSearch } from "../router";
import type { ConversationSummary, SavedView } from "../types";

const count = (page: { items: readonly unknown[]; next?: string | null } | undefined): string | undefined =>
  page && page.items.length > 0 ? `${page.items.length}${page.next ? "+" : ""}` : undefined;

/** How many of the open conversations a view shows; unknown for views beyond them and for searches. */
function countOf(
  view: SavedView,
  open: { items: readonly ConversationSummary[]; next?: string | null } | undefined,
  me: string,
): string | undefined {
  const { filter } = view;
  const beyond = filter.view === "resolved" || filter.view === "all" || filter.view === "snoozed";
  if (!open || beyond || filter.q || filter.when) return undefined;
  const n = open.items.filter((row) =>
    belongs(row, { ...filter, view: filter.view ?? "open" } as InboxFilter, me),
  ).length;
  return n > 0 ? `${n}${open.next ? "+" : ""}` : undefined;
}

export function Nav() {
  const { t } = useTranslation();
  const { me, workspace } = useMe();
  const { data: drafts } = useQuery(ask.drafts);
  const { data: open } = useQuery(ask.inbox({ view: "open" }));
  const { pathname, search } = useRouterState({ select: (state) => state.location });
  const view = (search as { view?: InboxView }).view ?? "open";
  const { label, saved } = search as { label?: string; saved?: string };
  const views = useViews();
  const { data: away } = useQuery(ask.inbox({ view: "snoozed" }));
  const { setup } = workspace;
  const taken = Object.keys(setup ?? {}).length;
  const inInbox = pathname.startsWith("/inbox");

  const labels = useMemo(() => {
    const counts = new Map<string, number>();
    for (const row of open?.items ?? []) {
      for (const each of row.labels) counts.set(each, (counts.get(each) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 6);
  }, [open]);

  const waiting = drafts && { ...drafts, items: drafts.items.filter((item) => inQueue(item.conversation)) };
  const mine = open?.items.filter((row) => row.assignee === me.id).length;

  return (
    <nav className="nav" aria-label={t("app.main")}>
      {setup && me.role === "owner" && taken < SETUP_STEPS ? (
        <Item
          to="setup"
          icon={ListChecks}
          text={t("nav.setup")}
          n={String(SETUP_STEPS - taken)}
          on={pathname.startsWith("/setup")}
        />
      ) : null}
      <Item
        to="approvals"
        icon={Stamp}
        text={t("nav.approvals")}
        n={count(waiting)}
        on={pathname.startsWith("/approvals")}
      />
      <InboxItem
        view="open"
        icon={Inbox}
        text={t("nav.inbox")}
        n={count(open)}
        on={inInbox && label === undefined && saved === undefined && view !== "mine" && view !== "snoozed"}
      />
      <InboxItem
        view="mine"
        icon={UserRoundCheck}
        text={t("nav.mine")}
        n={mine ? String(mine) : undefined}
        on={inInbox && label === undefined && saved === undefined && view === "mine"}
        low
      />
      <InboxItem
        view="snoozed"
        icon={AlarmClock}
        text={t("nav.snoozed")}
        n={count(away)}
        on={inInbox && label === undefined && saved === undefined && view === "snoozed"}
        low
      />
      {views.length > 0 ? (
        <div className="labels">
          <h2>{t("nav.views")}</h2>
          {views.map((one) => (
            <Link
              key={one.id}
              to="/inbox/{-$id}"
              params={{ id: undefined }}
              search={{ ...one.filter, saved: one.id } as InboxSearch}
              className="low"
              activeOptions={EXACT}
              aria-current={inInbox && saved === one.id ? "page" : undefined}
              title={one.shared ? t("nav.shared", { name: one.name }) : one.name}
            >
              <span className="dot" style={hueStyle(one.id)} />
              <span className="t" dir="auto">
                {one.name}
              </span>
              <span className="n num">{countOf(one, open, me.id)}</span>
            </Link>
          ))}
        </div>
      ) : null}
      {labels.length > 0 ? (
        <div className="labels">
          <h2>{t("nav.labels")}</h2>
          {labels.map(([name, n]) => (
            <Link
              key={name}
              to="/inbox/{-$id}"
              params={{ id: undefined }}
              search={{ view: "open", label: name }}
              className="low"
              activeOptions={EXACT}
              aria-current={inInbox && saved === undefined && label === name ? "page" : undefined}
            >
              <span className="dot" style={hueStyle(name)} />
              <span className="t" dir="auto">
                {name}
              </span>
              <span className="n num">{n}</span>
            </Link>
          ))}
        </div>
      ) : null}
      <h2>{t("nav.workspace")}</h2>
      <Item
        to="contacts"
        icon={ContactRound}
        text={t("nav.contacts")}
        on={pathname.startsWith("/contacts")}
      />
      <Item
        to="knowledge"
        icon={BookOpenText}
        text={t("nav.knowledge")}
        on={pathname.startsWith("/knowledge")}
      />
      <Item
        to="settings"
        icon={Settings2}
        text={t("nav.settings")}
        on={pathname.startsWith("/settings") && !pathname.endsWith("/profile")}
      />
      <Link
        to="/settings/{-$section}"
        params={{ section: "profile" }}
        className="me"
        title={t("nav.account")}
      >
        <Avatar id={me.id} name={me.name} />
        <div className="min-w-0">
          <b dir="auto">{me.name}</b>
          <small dir="auto">{workspace.name}</small>
        </div>
      </Link>
    </nav>
  );
}

type ItemProps = { icon: LucideIcon; text: string; n?: string | undefined; on: boolean; low?: boolean };

function Inner({ icon, text, n }: ItemProps) {
  return (
    <>
      <Icon of={icon} />
      <span className="t">{text}</span>
      {n === undefined ? null : <span className="n num">{n}</span>}
    </>
  );
}

/** The router's own idea of "current" would hold for several links at once. */
const EXACT = { exact: true, explicitUndefined: true } as const;

const AREAS = {
  approvals: "/approvals/{-$id}",
  contacts: "/contacts/{-$id}",
  knowledge: "/knowledge/{-$id}",
  settings: "/settings/{-$section}",
  setup: "/setup/{-$step}",
} as const;

const SETUP_STEPS = 6;

function Item(props: ItemProps & { to: keyof typeof AREAS }) {
  return (
    <Link
      to={AREAS[props.to]}
      params={{ id: undefined, section: undefined, step: undefined }}
      activeOptions={EXACT}
      aria-current={props.on ? "page" : undefined}
      title={props.text}
    >
      <Inner {...props} />
    </Link>
  );
}

function InboxItem(props: ItemProps & { view: InboxView }) {
  return (
    <Link
      to="/inbox/{-$id}"
      params={{ id: undefined }}
      search={props.view === "open" ? {} : { view: props.view }}
      activeOptions={EXACT}
      aria-current={props.on ? "page" : undefined}
      title={props.text}
      className={props.low ? "low" : ""}
    >
      <Inner {...props} />
    </Link>
  );
}
