import type { TFunction } from "i18next";
import { CornerDownRight, FileText, StickyNote } from "lucide-react";
import { memo, type ReactNode, Suspense, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { OutMessage } from "@/wire/outbox";
import type { Timeline } from "@/wire/timeline";
import { fileUrl } from "../../api";
import { bytes, clock, dayName, fullTime, sameDay, useNow, weekdayTime } from "../../lib/format";
import { late } from "../../lib/late";
import { undo } from "../../live/decide";
import { useHeld } from "../../live/held";
import { forget, sayAgain, useLive } from "../../live/live";
import { Avatar, Icon, Key } from "../../parts/basics";
import { useMe, useWorkflow } from "../../parts/data";
import type { Attachment, DraftView, Entry } from "../../types";
import { sequenceLine } from "./sequence-lines";

const Voice = late(() => import("./Voice"), "Voice");

const SHOWN = 80;

/** Words of the customer that a field of the record was read from, by entry. */
export type Evidence = ReadonlyMap<number, readonly string[]>;

type Props = {
  timeline: Timeline;
  name: string;
  evidence: Evidence;
  onWhy: (turn?: string) => void;
  /** The message to bring into view. */
  seek?: number | undefined;
};

export const Thread = memo(function Thread({ timeline, name, evidence, onWhy, seek }: Props) {
  const { t } = useTranslation();
  const { workspace } = useMe();
  const [all, setAll] = useState(false);
  const [below, setBelow] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const now = useNow(60_000);
  const outbox = useLive((state) => state.outbox);
  const { entries, draft } = timeline;
  const conversation = draft?.conversation ?? timeline.summary?.id;
  const mine = outbox.filter(
    (one) => one.conversation === conversation && !entries.some((entry) => entry.client_id === one.client_id),
  );

  const shown = all ? entries : entries.slice(-SHOWN);
  const approvals = useMemo(() => decisions(entries), [entries]);
  const told = useMemo(() => transcripts(entries), [entries]);
  const contactRead = Object.entries(timeline.reads).reduce(
    (most, [key, seq]) => (key.startsWith("ctc_") ? Math.max(most, seq) : most),
    0,
  );
  const lastIn = entries.findLast((entry) => entry.actor.kind === "contact")?.seq ?? 0;
  const seenSeq = Math.max(contactRead, lastIn);
  const lastSeen = entries.findLast(
    (entry) => entry.content.kind === "message" && entry.actor.kind !== "contact",
  )?.seq;

  // The end stays in view while it is in view, whatever grows: a message, a picture, the draft below.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it scrolls when something was added.
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    if (atEnd.current) box.scrollTop = box.scrollHeight;
    else setBelow(true);
  }, [entries.length, mine.length, draft?.status === "approved"]);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const observer = new ResizeObserver(() => {
      if (atEnd.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(box);
    if (box.firstElementChild) observer.observe(box.firstElementChild);
    return () => observer.disconnect();
  }, []);

  const found = seek !== undefined && entries.some((entry) => entry.seq === seek);
  useEffect(() => {
    if (!found) return;
    setAll(true);
    atEnd.current = false;
    // After all entries are drawn.
    const frame = requestAnimationFrame(() =>
      scroller.current?.querySelector(`[data-seq="${seek}"]`)?.scrollIntoView({ block: "center" }),
    );
    return () => cancelAnimationFrame(frame);
  }, [found, seek]);

  const toEnd = () => {
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  };

  const rows: ReactNode[] = [];
  let before: Entry | undefined;
  let system: Entry[] = [];
  const flushSystem = () => {
    if (system.length > 0)
      rows.push(<SystemLine key={`s${system[0]?.seq}`} entries={system} onWhy={onWhy} />);
    system = [];
  };
  shown.forEach((entry, at) => {
    const spoken = entry.content.kind === "message" || entry.content.kind === "note";
    if (!spoken) {
      if (isTold(entry)) system.push(entry);
      return;
    }
    flushSystem();
    if (!before || !sameDay(before.at, entry.at)) {
      rows.push(
        <div key={`d${entry.seq}`} className="day">
          {dayName(entry.at, now)}
        </div>,
      );
    }
    const after = shown
      .slice(at + 1)
      .find((one) => one.content.kind === "message" || one.content.kind === "note");
    rows.push(
      <Spoken
        key={entry.seq}
        entry={entry}
        last={after === undefined || !sameVoice(entry, after)}
        approval={
          entry.content.kind === "message" && entry.content.draft
            ? approvals.get(entry.content.draft)
            : undefined
        }
        seen={entry.seq === lastSeen && entry.seq <= seenSeq}
        found={entry.seq === seek}
        marks={evidence.get(entry.seq)}
        told={
          entry.content.kind === "message" && entry.content.files?.some((file) => told.has(file.id))
            ? told
            : undefined
        }
        assistant={workspace.assistant_name}
        contact={name}
      />,
    );
    before = entry;
  });
  flushSystem();

  return (
    <>
      <div
        className="thread"
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={t("conv.log", { name })}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard.
        tabIndex={0}
        onScroll={(event) => {
          const box = event.currentTarget;
          atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
          if (atEnd.current) setBelow(false);
        }}
      >
        <div className="rows">
          {!all && entries.length > SHOWN ? (
            <button type="button" className="btn line self-center" onClick={() => setAll(true)}>
              {t("conv.earlier")}
            </button>
          ) : null}
          {rows}
          {draft?.status === "approved" ? <HeldMessage draft={draft} name={name} /> : null}
          {mine.map((one) => (
            <Unsent key={one.client_id} message={one} />
          ))}
          <Typing timeline={timeline} />
        </div>
      </div>
      {below ? (
        <button type="button" className="jump" onClick={toEnd}>
          {t("conv.jump")}
        </button>
      ) : null}
    </>
  );
});

const voice = (entry: Entry): string =>
  ("id" in entry.actor ? entry.actor.id : entry.actor.kind) + entry.content.kind;

const sameVoice = (a: Entry, b: Entry): boolean =>
  voice(a) === voice(b) && Date.parse(b.at) - Date.parse(a.at) < 5 * 60_000;

type Approval = { readonly name: string; readonly edited: boolean };

/** Who approved which draft. */
function decisions(entries: readonly Entry[]): ReadonlyMap<string, Approval> {
  const all = new Map<string, Approval>();
  for (const { content, author } of entries) {
    if (content.kind !== "draft_decided") continue;
    if (content.decision === "approved") all.set(content.draft, { name: author, edited: false });
    if (content.decision === "approved_edited") all.set(content.draft, { name: author, edited: true });
  }
  return all;
}

/** Marks the words that became a field of the record. */
function marked(text: string, marks: readonly string[] | undefined): ReactNode {
  if (!marks || marks.length === 0) return text;
  let parts: ReactNode[] = [text];
  for (const mark of marks) {
    parts = parts.flatMap((part, at) => {
      if (typeof part !== "string" || mark.length < 2) return [part];
      const from = part.toLocaleLowerCase().indexOf(mark.toLocaleLowerCase());
      if (from < 0) return [part];
      return [
        part.slice(0, from),
        // biome-ignore lint/suspicious/noArrayIndexKey: the same words may be marked twice.
        <mark key={`${mark}${at}`}>{part.slice(from, from + mark.length)}</mark>,
        part.slice(from + mark.length),
      ];
    });
  }
  return parts;
}

const Spoken = memo(function Spoken(props: {
  entry: Entry;
  last: boolean;
  approval: Approval | undefined;
  seen: boolean;
  found: boolean;
  marks: readonly string[] | undefined;
  told: ReadonlyMap<string, Entry> | undefined;
  assistant: string;
  contact: string;
}) {
  const { entry, last, approval } = props;
  const { t } = useTranslation();
  const at = clock(entry.at);
  const when = <time dateTime={entry.at} title={fullTime(entry.at)} />;
  if (entry.content.kind === "note") {
    return (
      <article className={`msg out ${props.found ? "found" : ""}`} data-seq={entry.seq}>
        <div className="stack">
          <div className="bub note" dir="auto">
            {entry.body}
          </div>
          <span className="meta">
            <Icon of={StickyNote} size="xs" />
            {t("conv.note", { name: entry.author, at })}
            {when}
          </span>
        </div>
      </article>
    );
  }
  const files = entry.content.kind === "message" ? (entry.content.files ?? []) : [];
  const incoming = entry.actor.kind === "contact";
  const by = approval
    ? t(approval.edited ? "conv.editedBy" : "conv.writtenBy", {
        agent: props.assistant,
        name: approval.name,
        at,
      })
    : t(entry.actor.kind === "staff" ? "conv.sentAt" : "conv.sentBy", { name: entry.author, at });
  return (
    <article
      className={`msg ${incoming ? "" : "out"} ${props.found ? "found" : ""}`}
      data-seq={entry.seq}
      title={last ? undefined : at}
    >
      {incoming ? (
        last ? (
          <Avatar
            id={"id" in entry.actor ? entry.actor.id : entry.author}
            name={entry.author || props.contact}
          />
        ) : (
          <span className="w-[26px] flex-none" />
        )
      ) : null}
      <div className="stack">
        <span className="sr-only">{entry.author || props.contact}: </span>
        {files.map((file) => (
          <FileView
            key={file.id}
            file={file}
            told={props.told?.get(file.id)}
            translated={props.told?.get(`t${file.id}`)}
          />
        ))}
        {entry.body ? (
          <div className="bub" dir="auto">
            {marked(entry.body, props.marks)}
          </div>
        ) : null}
        {last || approval ? (
          <span className="meta">
            {incoming ? at : by}
            {when}
            {props.seen ? <span>· {t("conv.seen")}</span> : null}
          </span>
        ) : null}
      </div>
    </article>
  );
});

const SAFE_IMAGE = /^image\/(png|jpe?g|gif|webp|avif)$/;

function FileView({
  file,
  told,
  translated,
}: {
  file: Attachment;
  told: Entry | undefined;
  translated: Entry | undefined;
}) {
  const { t } = useTranslation();
  if (SAFE_IMAGE.test(file.media_type)) {
    return (
      <a
        className="photo"
        href={fileUrl(file.id)}
        target="_blank"
        rel="noreferrer"
        aria-label={t("conv.file.open", { name: file.name })}
      >
        <img src={fileUrl(file.id)} alt={file.name} loading="lazy" />
      </a>
    );
  }
  if (file.media_type.startsWith("audio/"))
    return (
      <Suspense fallback={<div className="h-10" />}>
        <Voice file={file} told={told} translated={translated} />
      </Suspense>
    );
  return (
    <a
      className="file"
      href={fileUrl(file.id)}
      download={file.name}
      aria-label={t("conv.file.open", { name: file.name })}
    >
      <Icon of={FileText} />
      <span className="min-w-0">
        <b dir="auto">{file.name}</b>
        <small>{bytes(file.size)}</small>
      </span>
    </a>
  );
}

/** An approved draft before it is sent: already ink, not yet gone. */
function HeldMessage({ draft, name }: { draft: DraftView; name: string }) {
  const { t } = useTranslation();
  const now = useNow(200);
  const held = useHeld((state) => state.held.find((one) => one.draft === draft.id));
  const sendAt = draft.send_at === undefined ? now : Date.parse(draft.send_at);
  const left = Math.max(0, sendAt - now);
  return (
    <article className="msg out" aria-busy="true">
      <div className="stack">
        <div className="bub held" dir="auto">
          {draft.edited_text ?? draft.text}
        </div>
        <span className="meta num">
          {left > 0 ? t("draft.sends", { n: Math.ceil(left / 1000) }) : t("draft.sending")}
          {left > 0 ? (
            <button
              type="button"
              className="ask"
              onClick={() =>
                void undo(
                  held ?? { draft: draft.id, conversation: draft.conversation, name, from: now, sendAt },
                )
              }
            >
              {t("draft.undo")}
              <Key name="undo" />
            </button>
          ) : null}
        </span>
      </div>
    </article>
  );
}

function Unsent({ message }: { message: OutMessage }) {
  const { t } = useTranslation();
  return (
    <article className="msg out">
      <div className="stack">
        <div className="bub opacity-70" dir="auto">
          {message.body || message.files.map((file) => file.name).join(", ")}
        </div>
        <span className="meta">
          {message.refused ? (
            <>
              <span className="text-brick">{message.says ?? t("conv.notSent")}</span>
              <button type="button" className="ask" onClick={() => sayAgain(message.client_id)}>
                {t("app.retry")}
              </button>
              <button type="button" className="ask" onClick={() => forget(message.client_id)}>
                {t("app.delete")}
              </button>
            </>
          ) : (
            t("conv.sending")
          )}
        </span>
      </div>
    </article>
  );
}

function Typing({ timeline }: { timeline: Timeline }) {
  const { t } = useTranslation();
  const { me } = useMe();
  const others = timeline.typing.filter((one) => !("id" in one.actor) || one.actor.id !== me.id);
  return others.map((one) => {
    const staff = one.actor.kind !== "contact";
    const says = t(staff ? "conv.typingColleague" : "conv.typing", { name: one.name });
    return (
      <div key={one.name} className={`msg ${staff ? "out" : ""}`}>
        {staff ? null : <Avatar id={"id" in one.actor ? one.actor.id : one.name} name={one.name} />}
        <div className="stack">
          <div className="bub">
            <span className="dots" role="img" aria-label={says}>
              <i />
              <i />
              <i />
            </span>
          </div>
          {staff ? <span className="meta">{says}</span> : null}
        </div>
      </div>
    );
  });
}

/** Which events a reader needs to see between the messages. */
function isTold({ content }: Entry): boolean {
  switch (content.kind) {
    case "message":
    case "note":
    case "draft_proposed":
    case "title_changed":
    case "transcribed":
    case "translated":
      return false;
    case "draft_decided":
      return ["rejected", "undone", "approved_in_part", "auto_approved"].includes(content.decision);
    default:
      return true;
  }
}

function SystemLine({ entries, onWhy }: { entries: readonly Entry[]; onWhy: (turn?: string) => void }) {
  const { t } = useTranslation();
  const { label } = useWorkflow();
  const facts = entries.flatMap(({ content }) => (content.kind === "field_changed" ? [content] : []));
  // What a rule did stands in the rule's own line.
  const fired = entries.some(({ content }) => content.kind === "rule_fired");
  const others = entries.filter(
    ({ content, actor }) =>
      content.kind !== "field_changed" && !(fired && actor.kind === "rule" && content.kind !== "rule_fired"),
  );
  const failed = entries.find(({ content }) => content.kind === "turn_failed");
  const parts: string[] = [];
  if (facts.length > 0)
    parts.push(t("conv.sys.noted", { what: [...new Set(facts.map((one) => one.label))].join(", ") }));
  for (const entry of others) parts.push(told(entry, label, t));
  return (
    <div className={`sys ${failed ? "bad" : ""}`}>
      <span dir="auto">
        <Icon of={CornerDownRight} size="xs" />
        {parts.join(" · ")}
      </span>
      {failed?.content.kind === "turn_failed" ? (
        <button
          type="button"
          onClick={() => onWhy(failed.content.kind === "turn_failed" ? failed.content.turn : undefined)}
        >
          {t("conv.sys.why")}
        </button>
      ) : null}
    </div>
  );
}

/** What an event says, in one line. */
export function told(entry: Entry, status: (key: string) => string, t: TFunction): string {
  const { content, author: name } = entry;
  switch (content.kind) {
    case "draft_decided":
      if (content.decision === "rejected") {
        const reason = content.reason ? t(`draft.reason.${content.reason}`) : "";
        return t("conv.sys.rejected", {
          name,
          reason: content.note ? `${reason}, “${content.note}”` : reason,
        });
      }
      if (content.decision === "undone" && content.note) return content.note;
      if (content.decision === "auto_approved") return t("conv.sys.approved", { name });
      return t(`conv.sys.${content.decision}`, { name });
    case "status_moved":
      return t("conv.sys.status", { from: status(content.from), to: status(content.to) });
    case "assigned":
      return content.to
        ? t("conv.sys.assigned", { name, to: content.name ?? "" })
        : t("conv.sys.unassigned", { name });
    case "owner_changed":
      return t(content.owner === "person" ? "conv.sys.owner_person" : "conv.sys.owner_agent", { name });
    case "labels_changed": {
      const added = content.added ?? [];
      return added.length > 0
        ? t("conv.sys.labelAdded", { name, labels: added.join(", ") })
        : t("conv.sys.labelRemoved", { name, labels: (content.removed ?? []).join(", ") });
    }
    case "rule_fired": {
      const did = content.receipts
        .filter((receipt) => receipt.state === "done")
        .map((receipt) => receipt.action);
      return did.length > 0
        ? t("conv.sys.ruleDid", { name: content.name, what: did.join(", ") })
        : t("conv.sys.rule", { name: content.name });
    }
    case "proposals_done": {
      const what = content.receipts.map((one) => `${one.action} (${one.because})`);
      return t("conv.sys.did", { what: what.join(", ") });
    }
    case "person_requested":
      return t("conv.sys.person", { name });
    case "snoozed":
      if (content.until) return t("conv.sys.snoozed", { name, at: weekdayTime(new Date(content.until)) });
      return t(`conv.sys.woken.${content.woken_by ?? "time"}`, { name });
    case "resolved_changed":
      return t(content.resolved ? "conv.sys.resolved" : "conv.sys.reopened", { name });
    case "sequence_moved":
      return sequenceLine(content, name);
    case "hook_received":
      return t("conv.sys.hook", {
        name: content.name,
        what: Object.entries(content.values)
          .map(([key, value]) => `${key} ${value}`)
          .join(", "),
      });
    case "rated":
      return t(entry.body ? "conv.sys.ratedWith" : "conv.sys.rated", {
        name: name || t("conv.sys.customer"),
        stars: "★".repeat(content.score) + "☆".repeat(5 - content.score),
        score: content.score,
        words: entry.body ?? "",
      });
    case "turn_failed":
      return t("conv.sys.turnFailed", { why: content.why });
    default:
      return "";
  }
}

/** The newest outcome of each recording, and its translation unless the words are newer. */
function transcripts(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const all = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.content.kind === "transcribed") {
      all.set(entry.content.file, entry);
      all.delete(`t${entry.content.file}`);
    } else if (entry.content.kind === "translated") all.set(`t${entry.content.file}`, entry);
  }
  return all;
}
