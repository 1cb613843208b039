import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouter, useSearch } from "@tanstack/react-router";
import { AlarmClock, Hand, PencilLine, Search } from "lucide-react";
import { memo, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, type InboxFilter, type InboxView } from "../../api";
import { shortTime, useNow, weekdayTime } from "../../lib/format";
import { useIsHere } from "../../lib/here";
import { useKeys } from "../../lib/keys";
import { late } from "../../lib/late";
import { NARROW, useMedia } from "../../lib/media";
import { lastAt } from "../../live/inbox";
import { Avatar, Empty, Icon } from "../../parts/basics";
import { stateColour, useMe, useViews, useWorkflow } from "../../parts/data";
import { VirtualList } from "../../parts/VirtualList";
import type { InboxSearch } from "../../router";
import type { ConversationSummary } from "../../types";
import { Conversation } from "../conversation/Conversation";

const ViewMenu = late(() => import("./ViewMenu"), "ViewMenu");

/** "Mine" and "Snoozed" stand in the navigation, where there is room for it. */
const VIEWS: readonly InboxView[] = ["open", "unassigned", "waiting", "resolved", "all"];
const ALL_VIEWS: readonly InboxView[] = [
  "open",
  "mine",
  "unassigned",
  "waiting",
  "snoozed",
  "resolved",
  "all",
];

export function Inbox() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id } = useParams({ from: "/inbox/{-$id}" });
  const search = useSearch({ from: "/inbox/{-$id}" });
  const narrow = useMedia(NARROW);
  const filter: InboxFilter = {
    view: search.view ?? "open",
    label: search.label,
    status: search.status,
    assignee: search.assignee,
    q: search.q,
    when: search.when,
  };
  const views = useViews();
  const saved = views.find((view) => view.id === search.saved);
  const { data, isPending } = useQuery({
    ...ask.inbox(filter),
    placeholderData: keepPreviousData,
    refetchInterval: filter.when ? 10_000 : false,
  });
  const older = useOlder(filter, data?.next);
  const items = useMemo(() => {
    const first = data?.items ?? [];
    const known = new Set(first.map((row) => row.id));
    return [...first, ...older.items.filter((row) => !known.has(row.id))];
  }, [data, older.items]);
  const at = items.findIndex((row) => row.id === id);

  const open = (conversation: string | undefined, replace = false) =>
    void navigate({
      to: "/inbox/{-$id}",
      params: { id: conversation },
      search: withoutSeq(search),
      replace,
    });
  const isHere = useIsHere("/inbox/{-$id}", id);

  const first = items[0]?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only an empty place is filled by itself.
  useEffect(() => {
    if (id === undefined && first !== undefined && !narrow && isHere()) open(first, true);
  }, [id, first, narrow]);

  const step = (by: 1 | -1) => {
    const target = items[at < 0 ? 0 : at + by];
    if (target) open(target.id);
    return target !== undefined;
  };
  useKeys({ next: () => step(1), previous: () => step(-1) });

  return (
    <main className={`desk ${id ? "open" : "wide"}`}>
      <section className="queue" aria-label={t("inbox.list")}>
        <div className="qh">
          <h1 className="truncate" dir="auto">
            {saved?.name ??
              search.label ??
              (search.view && search.view !== "open" ? t(`inbox.view.${search.view}`) : t("inbox.title"))}
          </h1>
          <span className="c num">{items.length > 0 ? `${items.length}${data?.next ? "+" : ""}` : ""}</span>
          <Suspense>
            <ViewMenu search={search} saved={saved} />
          </Suspense>
        </div>
        <SearchBox q={search.q ?? ""} isHere={isHere} />
        <div className="tabs">
          {(narrow ? ALL_VIEWS : VIEWS).map((view) => (
            <Link
              key={view}
              to="/inbox/{-$id}"
              params={{ id: undefined }}
              search={{
                ...narrowed(search),
                ...(view === "open" ? {} : { view }),
              }}
              activeOptions={{ exact: true }}
              aria-current={filter.view === view ? "page" : undefined}
            >
              {t(`inbox.view.${view}`)}
            </Link>
          ))}
        </div>
        <List items={items} current={id} search={search} pending={isPending} more={older.more} />
      </section>
      {id ? (
        <Conversation
          key={id}
          id={id}
          from="inbox"
          known={items[at]}
          onDone={() => {
            const target = items[at + 1] ?? items[at - 1];
            if (filter.view !== "snoozed" && filter.view !== "all" && isHere()) open(target?.id);
          }}
        />
      ) : (
        <section className="conv">{isPending ? null : <Empty title={t("inbox.pick")} />}</section>
      )}
    </main>
  );
}

/** The filters beside the view, which stay when another view is chosen. */
const narrowed = ({ label, status, assignee, q, when }: InboxSearch): InboxSearch => ({
  ...(label ? { label } : {}),
  ...(status ? { status } : {}),
  ...(assignee ? { assignee } : {}),
  ...(q ? { q } : {}),
  ...(when ? { when } : {}),
});

/** Pages beyond the first; the first is the one that signals keep up to date. */
function useOlder(filter: InboxFilter, next: string | null | undefined) {
  const { data, fetchNextPage, hasNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["older", filter, next],
    queryFn: ({ pageParam }) => api.conversations(filter, pageParam),
    initialPageParam: next ?? "",
    getNextPageParam: (page) => page.next ?? undefined,
    enabled: false,
  });
  const started = data !== undefined;
  return {
    items: data?.pages.flatMap((page) => page.items) ?? [],
    more: next && !isFetching && (!started || hasNextPage) ? () => void fetchNextPage() : undefined,
  };
}

function SearchBox({ q, isHere }: { q: string; isHere: () => boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const router = useRouter();
  const [text, setText] = useState(q);
  // What the address says already, or will once the page is there.
  const asked = useRef(q);
  useEffect(() => {
    if (q === asked.current) return;
    // Somebody chose another view: its own search stands there, not what was typed before.
    asked.current = q;
    setText(q);
  }, [q]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing asks.
  useEffect(() => {
    const wanted = text.trim();
    if (wanted === asked.current) return;
    const timer = window.setTimeout(() => {
      if (!router.latestLocation.pathname.startsWith("/inbox")) return;
      asked.current = wanted;
      void navigate({
        to: "/inbox/{-$id}",
        // Who opened a conversation while typing keeps it.
        params: isHere() ? { id: undefined } : true,
        search: ({ q: _, seq: __, saved: ___, ...others }) => ({
          ...others,
          ...(wanted === "" ? {} : { q: wanted }),
        }),
        replace: true,
      });
    }, 250);
    return () => window.clearTimeout(timer);
  }, [text]);
  return (
    <div className="qsearch">
      <Icon of={Search} size="s" />
      <input
        type="search"
        value={text}
        aria-label={t("inbox.search")}
        placeholder={t("inbox.search")}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            setText("");
            event.currentTarget.blur();
          }
        }}
      />
    </div>
  );
}

type ListProps = {
  items: readonly ConversationSummary[];
  current: string | undefined;
  search: InboxSearch;
  pending: boolean;
  more: (() => void) | undefined;
};

function List({ items, current, search, pending, more }: ListProps) {
  const { t } = useTranslation();
  const now = useNow(30_000);
  return (
    <VirtualList
      label={t("inbox.rows")}
      items={items}
      keyOf={(row) => row.id}
      current={items.findIndex((row) => row.id === current)}
      row={(row) => <Row row={row} on={row.id === current} search={search} now={now} />}
    >
      {items.length === 0 && !pending ? <Empty title={t("inbox.none")} text={t("inbox.noneText")} /> : null}
      {more ? (
        <button type="button" className="btn mx-auto my-2 flex!" onClick={more}>
          {t("app.loadMore")}
        </button>
      ) : null}
    </VirtualList>
  );
}

const withoutSeq = ({ seq: _, ...search }: InboxSearch): InboxSearch => search;

const Row = memo(function Row({
  row,
  on,
  search,
  now,
}: {
  row: ConversationSummary;
  on: boolean;
  search: ListProps["search"];
  now: number;
}) {
  const { t } = useTranslation();
  const { me } = useMe();
  const { states, label } = useWorkflow();
  const state = states.find((one) => one.key === row.status);
  const last = row.last_message;
  const mine = last?.by === "staff" && row.assignee === me.id;
  return (
    <Link
      to="/inbox/{-$id}"
      params={{ id: row.id }}
      search={withoutSeq(search)}
      preload={false}
      className="row"
      aria-current={on ? "true" : undefined}
      draggable={false}
    >
      <Avatar id={row.contact.id} name={row.contact.name} title={row.contact.name} />
      <div className="min-w-0">
        <div className="r1">
          <b dir="auto" className={row.unread > 0 ? "font-[680]!" : ""}>
            {row.contact.name}
          </b>
          <span className="wait num">{shortTime(lastAt(row), now)}</span>
        </div>
        <p className={`gist ${row.unread > 0 ? "text-ink!" : ""}`} dir="auto">
          {last
            ? mine
              ? t("inbox.you", { text: last.text })
              : last.text || row.title
            : t("inbox.noMessage")}
        </p>
        <div className="r3">
          <span className="why">
            <span
              className="mx-[3px] size-[7px] flex-none rounded-full"
              style={{ background: stateColour(state) }}
            />
            <span>{label(row.status)}</span>
          </span>
          {row.snoozed_until ? (
            <span className="why pencil">
              <Icon of={AlarmClock} />
              <span className="num">{weekdayTime(new Date(row.snoozed_until))}</span>
            </span>
          ) : row.draft?.status === "pending" || row.draft?.status === "writing" ? (
            <span className="why pencil">
              <Icon of={PencilLine} />
              <span>{t("inbox.draftWaits")}</span>
            </span>
          ) : row.owner === "person" ? (
            <span className="why">
              <Icon of={Hand} />
              <span>{t("inbox.person")}</span>
            </span>
          ) : null}
          <span className="ms-auto flex min-w-0 items-center gap-1.5">
            {row.labels.slice(0, row.draft || row.owner === "person" ? 0 : 1).map((each) => (
              <span key={each} className="tag2 h-[18px]! max-w-[90px] truncate text-[11px]!" dir="auto">
                {each}
              </span>
            ))}
            {row.unread > 0 ? (
              <span className="count num" role="img" aria-label={t("inbox.unread", { count: row.unread })}>
                {row.unread}
              </span>
            ) : null}
          </span>
        </div>
      </div>
    </Link>
  );
});
