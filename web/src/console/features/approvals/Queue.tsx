import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronDown } from "lucide-react";
import { memo, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { span, useNow } from "../../lib/format";
import { NARROW, useMedia } from "../../lib/media";
import { setPrefs, usePrefs } from "../../lib/prefs";
import { waitingSince } from "../../live/inbox";
import { useHolder } from "../../live/lease";
import { Avatar, Chosen, Empty, Icon, Stitch } from "../../parts/basics";
import { firstName, stitchStates } from "../../parts/data";
import { Menu, MenuItem } from "../../parts/Menu";
import { VirtualList } from "../../parts/VirtualList";
import type { BlockerKind, QueueItem } from "../../types";
import { heaviest, KIND_ICON, kindLabel, kindTone, UNKNOWN_KIND } from "./kinds";

type Props = { items: readonly QueueItem[]; current: string | undefined; loading: boolean };

export function Queue({ items, current, loading }: Props) {
  const { t } = useTranslation();
  const sort = usePrefs((prefs) => prefs.sort);
  const [kind, setKind] = useState<BlockerKind>();
  const kinds = useMemo(() => frequentKinds(items), [items]);
  const filtered =
    kind === undefined ? items : items.filter((item) => heaviest(item.draft?.blockers ?? [])?.kind === kind);
  const held = useSteady(filtered);

  useEffect(() => {
    if (kind !== undefined && !kinds.includes(kind)) setKind(undefined);
  }, [kind, kinds]);

  return (
    <section className="queue" aria-label={t("approvals.queue")} {...held.handlers}>
      <div className="qh">
        <h1>{t("approvals.title")}</h1>
        <span className="c num">{items.length > 0 ? items.length : ""}</span>
        <Menu
          trigger={
            <button
              type="button"
              className="sort"
              aria-label={`${t("approvals.sort")}: ${t(`approvals.${sort}`)}`}
            >
              {t(`approvals.${sort}`)}
              <Icon of={ChevronDown} size="s" />
            </button>
          }
        >
          {(["longest", "newest"] as const).map((order) => (
            <MenuItem key={order} onSelect={() => setPrefs({ sort: order })}>
              {t(`approvals.${order}`)}
              <Chosen on={order === sort} />
            </MenuItem>
          ))}
        </Menu>
      </div>
      <fieldset className="tabs" aria-label={t("approvals.reasons")}>
        <button type="button" aria-pressed={kind === undefined} onClick={() => setKind(undefined)}>
          {t("approvals.all")}
        </button>
        {kinds.map((one) => (
          <button key={one} type="button" aria-pressed={kind === one} onClick={() => setKind(one)}>
            {kindLabel(one)}
          </button>
        ))}
      </fieldset>
      {held.fresh > 0 ? (
        <button type="button" className="fresh num" onClick={held.release}>
          {t("approvals.fresh", { count: held.fresh })}
        </button>
      ) : null}
      {loading ? <Loading /> : <List items={held.items} current={current} />}
    </section>
  );
}

function frequentKinds(items: readonly QueueItem[]): readonly BlockerKind[] {
  const counts = new Map<BlockerKind, number>();
  for (const item of items) {
    const kind = heaviest(item.draft?.blockers ?? [])?.kind;
    if (kind) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 2)
    .map(([kind]) => kind);
}

/** While the pointer or the focus is in the list, what arrives waits: nothing jumps under the cursor. */
function useSteady(items: readonly QueueItem[]) {
  const [steady, setSteady] = useState(false);
  const known = useRef<ReadonlySet<string>>(new Set());
  const ids = items.map((item) => item.conversation.id);
  const isNew = (id: string) => steady && known.current.size > 0 && !known.current.has(id);
  if (!steady) known.current = new Set(ids);
  const [, redraw] = useState(0);
  return {
    items: items.filter((item) => !isNew(item.conversation.id)),
    fresh: ids.filter(isNew).length,
    release: () => {
      known.current = new Set(ids);
      redraw((n) => n + 1);
    },
    handlers: {
      onPointerEnter: () => setSteady(true),
      onPointerLeave: () => setSteady(false),
      onFocus: () => setSteady(true),
      onBlur: () => setSteady(false),
    },
  };
}

function Loading() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(true), 150);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <div className="list" aria-busy="true">
      {late
        ? ["a", "b", "c", "d", "e", "f"].map((key) => (
            <div key={key} className="row">
              <span className="sk size-[34px] rounded-full!" />
              <div className="grid content-start gap-2 pt-0.5">
                <span className="sk h-3.5 w-2/5" />
                <span className="sk h-3.5 w-4/5" />
              </div>
            </div>
          ))
        : null}
    </div>
  );
}

function List({ items, current }: { items: readonly QueueItem[]; current: string | undefined }) {
  const { t } = useTranslation();
  const now = useNow(10_000);
  const narrow = useMedia(NARROW);
  return (
    <VirtualList
      label={t("approvals.list")}
      items={items}
      keyOf={(item) => item.conversation.id}
      current={items.findIndex((item) => item.conversation.id === current)}
      row={(item) => <Row item={item} on={item.conversation.id === current} now={now} />}
    >
      {items.length > 0 ? null : narrow ? (
        <Empty title={t("approvals.empty")} text={t("approvals.emptyText")} />
      ) : (
        <p className="px-6 py-8 text-center text-balance text-ink3">{t("approvals.emptyText")}</p>
      )}
    </VirtualList>
  );
}

const Row = memo(function Row({ item, on, now }: { item: QueueItem; on: boolean; now: number }) {
  const { t } = useTranslation();
  const { conversation } = item;
  const hint = conversation.draft;
  const { data: fetched } = useQuery({
    ...ask.draft(hint?.id ?? ""),
    enabled: !item.draft && hint?.status === "pending",
  });
  const draft = item.draft ?? fetched;
  const holder = useHolder(conversation.id);
  const writing = hint?.status === "writing";
  const waited = now - Date.parse(waitingSince(conversation));
  const heat = waited > 5 * 60_000 ? "hot" : waited > 4 * 60_000 ? "warm" : "";
  const reason = heaviest(draft?.blockers ?? []);
  const words = shortReason(reason?.says ?? hint?.waits_because[0] ?? "");
  const says = reason && words.length > ROOM ? kindLabel(reason.kind) : words;
  return (
    <Link
      to="/approvals/{-$id}"
      params={{ id: conversation.id }}
      preload={false}
      className="row"
      aria-current={on ? "true" : undefined}
      draggable={false}
    >
      <Avatar
        id={conversation.contact.id}
        name={conversation.contact.name}
        title={conversation.contact.name}
      />
      <div className="min-w-0">
        <div className="r1">
          <b dir="auto">{conversation.contact.name}</b>
          {writing ? (
            <span className="wait pencil">{t("approvals.writing")}</span>
          ) : (
            <span className={`wait num ${heat}`}>{span(waited)}</span>
          )}
        </div>
        <p className="gist" dir="auto">
          {writing ? t("approvals.writingGist") : hint?.gist}
        </p>
        <div className="r3">
          {holder ? (
            <span className="why pencil">
              <Avatar id={holder.id} name={holder.name} className="tiny" />
              <span dir="auto">{t("approvals.on", { name: firstName(holder.name) })}</span>
            </span>
          ) : says && !writing ? (
            <span
              className={`why ${reason ? kindTone(reason.kind) : "pencil"}`}
              title={draft?.blockers.map((one) => one.says).join("\n") ?? says}
            >
              <Icon of={reason ? KIND_ICON[reason.kind] : UNKNOWN_KIND} />
              <span dir="auto">{says}</span>
            </span>
          ) : null}
          {writing ? null : <RowStitch stitch={conversation.stitch} />}
        </div>
      </div>
    </Link>
  );
});

/** So many letters fit beside the stitch. */
const ROOM = 21;

/** The first sentence, which is all a row has room for. */
const shortReason = (says: string): string => says.replace(/([.!?])\s[\s\S]*$/, "$1").replace(/[.]$/, "");

function RowStitch({ stitch }: { stitch: string | undefined }) {
  const { t } = useTranslation();
  const states = stitchStates(stitch);
  if (states.length === 0) return null;
  const count = (state: string) => states.filter((one) => one === state).length;
  return (
    <Stitch
      states={states.slice(0, 10)}
      label={t("ctx.stitch", {
        known: count("known"),
        inferred: count("inferred"),
        missing: count("missing"),
        of: states.length,
      })}
    />
  );
}
