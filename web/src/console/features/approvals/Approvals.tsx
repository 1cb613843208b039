import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Suspense, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { useIsHere } from "../../lib/here";
import { useKeys } from "../../lib/keys";
import { late } from "../../lib/late";
import { NARROW, useMedia } from "../../lib/media";
import { usePrefs } from "../../lib/prefs";
import { useTally } from "../../live/held";
import { inQueue, waitingSince } from "../../live/inbox";
import { prefetch } from "../../live/live";
import { Empty } from "../../parts/basics";
import type { QueueItem } from "../../types";
import { Conversation } from "../conversation/Conversation";
import { Queue } from "./Queue";

const FirstRun = late(() => import("./FirstRun"), "FirstRun");

/** Ready drafts by how long the customer waits; what is still written comes last, but the open one stays. */
function ordered(
  items: readonly QueueItem[],
  sort: "longest" | "newest",
  open: string | undefined,
): readonly QueueItem[] {
  const ready = ({ conversation }: QueueItem) =>
    conversation.draft?.status === "writing" && conversation.id !== open ? 1 : 0;
  const turn = sort === "longest" ? 1 : -1;
  return items
    .filter((item) => inQueue(item.conversation))
    .toSorted(
      (a, b) =>
        ready(a) - ready(b) || (waitingSince(a.conversation) < waitingSince(b.conversation) ? -turn : turn),
    );
}

export function Approvals() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id } = useParams({ from: "/approvals/{-$id}" });
  const narrow = useMedia(NARROW);
  const sort = usePrefs((prefs) => prefs.sort);
  const { data, isPending } = useQuery(ask.drafts);
  const { data: everything } = useQuery(ask.inbox({ view: "all" }));
  const done = useTally((state) => state.done);
  const { data: inbox } = useQuery(ask.inbox({ view: "open" }));
  const items = useMemo(() => {
    const ready = data?.items ?? [];
    const known = new Set(ready.map((one) => one.conversation.id));
    const written = (inbox?.items ?? []).filter(
      (row) => row.draft?.status === "writing" && !known.has(row.id),
    );
    return ordered([...ready, ...written.map((conversation) => ({ conversation }))], sort, id);
  }, [data, inbox, sort, id]);
  const at = items.findIndex((item) => item.conversation.id === id);
  const item = items[at];

  const open = (conversation: string | undefined, replace = false) =>
    void navigate({ to: "/approvals/{-$id}", params: { id: conversation }, replace });
  const isHere = useIsHere("/approvals/{-$id}", id);

  // Where the open one stood tells which one is next after it left the queue.
  const place = useRef(0);
  if (at >= 0) place.current = at;
  const nextItem = at >= 0 ? (items[at + 1] ?? items[at - 1]) : (items[place.current] ?? items.at(-1));
  const next = nextItem?.conversation.draft?.status === "writing" ? undefined : nextItem;

  const first = items[0]?.conversation.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only an empty place is filled by itself.
  useEffect(() => {
    if (id === undefined && first !== undefined && !narrow && isHere()) open(first, true);
  }, [id, first, narrow]);

  const following = next?.conversation.id;
  useEffect(() => {
    if (following !== undefined) void prefetch(following);
  }, [following]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: registered once for the page's life.
  useEffect(() => {
    const handleUndone = (event: Event) => open((event as CustomEvent<string>).detail);
    window.addEventListener("concierge:undone", handleUndone);
    return () => window.removeEventListener("concierge:undone", handleUndone);
  }, []);

  const step = (by: 1 | -1) => {
    const target = items[at < 0 ? 0 : at + by];
    if (target) open(target.conversation.id);
    return target !== undefined;
  };
  useKeys({ next: () => step(1), previous: () => step(-1) });

  const nothing = everything !== undefined && everything.items.length === 0;

  return (
    <main className={`desk ${id ? "open" : ""} ${id ? "" : "wide"}`}>
      <Queue items={items} current={id} loading={isPending} />
      {id ? (
        <Conversation
          key={id}
          id={id}
          from="approvals"
          known={item?.conversation}
          knownDraft={item?.draft}
          next={{ name: next && next !== item ? next.conversation.contact.name : undefined }}
          onDone={(stay) => {
            if (!stay && isHere()) open(following === id ? undefined : following);
          }}
        />
      ) : (
        <section className="conv">
          {nothing ? (
            <Suspense>
              <FirstRun />
            </Suspense>
          ) : isPending ? null : items.length === 0 ? (
            <Empty
              title={t("approvals.empty")}
              {...(done > 0 ? { text: t("approvals.emptyDone", { count: done }) } : {})}
            >
              <button
                type="button"
                className="btn line"
                onClick={() => void navigate({ to: "/inbox/{-$id}" })}
              >
                {t("approvals.toInbox")}
              </button>
            </Empty>
          ) : (
            <Empty title={t("approvals.pick")} />
          )}
        </section>
      )}
    </main>
  );
}
