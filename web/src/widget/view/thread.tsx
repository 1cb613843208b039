/** @jsxImportSource preact */
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { OutMessage } from "../../wire/outbox.ts";
import type { Attachment, Entry } from "../../wire/protocol.ts";
import { attachmentOf, type Chat, type ChatState } from "../model.ts";
import { type Block, blocks } from "../text.ts";
import type { Language } from "../words.ts";
import { formats, language, say } from "./hooks.ts";
import { Icon, type IconName } from "./icons.tsx";
import { useMedia, useRating } from "./lazy.ts";

const GROUP_WITHIN = 5 * 60_000;
const NEAR = 80;

export function Thread({ chat, state }: { readonly chat: Chat; readonly state: ChatState }): JSX.Element {
  const log = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const [away, setAway] = useState(false);
  const { timeline, outbox, workspace } = state;

  const known = useMemo(() => new Set(timeline.entries.map((entry) => entry.client_id)), [timeline.entries]);
  const waiting = outbox.filter((message) => !known.has(message.client_id));
  const rows = useMemo(() => entryRows(chat, timeline.entries), [chat, timeline.entries, language]);
  const typing = timeline.typing.filter((one) => one.actor.kind !== "contact");
  const unread = chat.unread();
  const empty = timeline.entries.length === 0 && waiting.length === 0;

  useLayoutEffect(() => {
    if (stuck.current && log.current) log.current.scrollTop = log.current.scrollHeight;
  });

  // The box shrinks when the one below it grows; what is in it grows when a picture comes.
  useLayoutEffect(() => {
    const box = log.current;
    if (!box) return;
    const sizes = new ResizeObserver(() => {
      if (stuck.current) box.scrollTop = box.scrollHeight;
    });
    sizes.observe(box);
    sizes.observe(box.firstElementChild as Element);
    return () => sizes.disconnect();
  }, []);

  function handleScroll(): void {
    const box = log.current;
    if (!box) return;
    stuck.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    setAway(!stuck.current);
    if (stuck.current) chat.read();
  }

  function handleNewest(): void {
    stuck.current = true;
    log.current?.scrollTo({ top: log.current.scrollHeight, behavior: "smooth" });
  }

  return (
    <div class="thread">
      <div
        ref={log}
        class="log"
        role="log"
        aria-live="off"
        aria-label={say("conversation")}
        tabIndex={0}
        onScroll={handleScroll}
      >
        <div class="rows">
          {workspace && (
            <div class={empty ? "hello first" : "hello"}>
              <p dir="auto">{workspace.greeting}</p>
            </div>
          )}
          {workspace && empty && (
            <div class="starters">
              {workspace.starters.map((starter) => (
                <button key={starter} type="button" dir="auto" onClick={() => chat.send(starter, [])}>
                  {starter}
                </button>
              ))}
            </div>
          )}
          {rows.concat(waiting.map((message) => waitingRow(chat, message, state)))}
          <Seen state={state} waiting={waiting.length > 0} />
          {waiting.length === 0 && <Closing chat={chat} state={state} />}
          {typing.length > 0 && (
            <div class="row theirs">
              <span
                class="dots bubble"
                role="img"
                aria-label={say("typing", { name: typing[0]?.name || say("someone") })}
              >
                <i />
                <i />
                <i />
              </span>
            </div>
          )}
        </div>
      </div>
      {away && (
        <button type="button" class="newest" aria-label={say("newest")} onClick={handleNewest}>
          <Icon name="down" />
          {unread > 0 && <b>{unread}</b>}
        </button>
      )}
    </div>
  );
}

/** One row per entry that concerns a customer; a row is built once and then only shown again. */
function entryRows(chat: Chat, entries: readonly Entry[]): JSX.Element[] {
  const cache = rowsOf(chat);
  const rows: JSX.Element[] = [];
  let before: Entry | undefined;
  for (const entry of entries) {
    const line = systemLine(entry, chat);
    if (entry.content.kind !== "message" && line === undefined) continue;
    const day = dayOf(entry) === (before && dayOf(before)) ? undefined : entry.at;
    const grouped =
      day === undefined &&
      line === undefined &&
      before?.content.kind === "message" &&
      before.author === entry.author &&
      before.actor.kind === entry.actor.kind &&
      Date.parse(entry.at) - Date.parse(before.at) < GROUP_WITHIN;
    let row = cache.get(entry);
    if (!row) {
      row = (
        <div key={entry.client_id ?? entry.seq} class={entry === entries.at(-1) ? "entry new" : "entry"}>
          {day !== undefined && <Day at={day} />}
          {line === undefined ? messageRow(chat, entry, grouped) : <p class="line">{line}</p>}
        </div>
      );
      cache.set(entry, row);
    }
    rows.push(row);
    before = entry;
  }
  return rows;
}

const caches = new WeakMap<Chat, { language: Language; rows: WeakMap<Entry, JSX.Element> }>();

function rowsOf(chat: Chat): WeakMap<Entry, JSX.Element> {
  let known = caches.get(chat);
  if (known?.language !== language) {
    known = { language, rows: new WeakMap() };
    caches.set(chat, known);
  }
  return known.rows;
}

function dayOf(entry: Entry): string {
  return new Date(entry.at).toDateString();
}

function systemLine(entry: Entry, chat: Chat): string | undefined {
  const { content } = entry;
  switch (content.kind) {
    case "person_requested":
      return say("personAsked");
    case "owner_changed":
      return content.owner === "person"
        ? say("personHere")
        : say("agentHere", { name: chat.state().workspace?.assistant_name ?? "" });
    case "resolved_changed":
      return content.resolved ? say("closed") : undefined;
    default:
      return undefined;
  }
}

function Day({ at }: { readonly at: string }): JSX.Element {
  const date = new Date(at);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
  const text = days === 0 ? say("today") : days === 1 ? say("yesterday") : formats.day.format(date);
  return <p class="day">{text}</p>;
}

function messageRow(chat: Chat, entry: Entry, grouped: boolean): JSX.Element {
  const mine = entry.actor.kind === "contact";
  const files = entry.content.kind === "message" ? (entry.content.files ?? []) : [];
  return (
    <div class={`row ${mine ? "mine" : "theirs"} ${grouped ? "grouped" : ""}`}>
      {!grouped && (
        <p class="who">
          {!mine && (
            <b>
              <bdi>{entry.author}</bdi>
            </b>
          )}
          {mine && <span class="hidden">{say("you")}</span>}
          <time dateTime={entry.at}>{formats.time.format(new Date(entry.at))}</time>
        </p>
      )}
      {files.map((file, at) => (
        <File key={at} chat={chat} file={file} />
      ))}
      {entry.body && <Body text={entry.body} />}
    </div>
  );
}

/** Built as `messageRow` builds it, under the same key: what plays in it goes on when the message has its place. */
function waitingRow(chat: Chat, message: OutMessage, state: ChatState): JSX.Element {
  const online = state.link === "online" || state.link === "connecting";
  const done = message.posted !== undefined;
  return (
    <div key={message.client_id} class="entry">
      {false}
      <div class={`row mine ${done ? "" : "pending"}`}>
        {false}
        {message.files.map((file, at) => (
          <File
            key={at}
            chat={chat}
            file={attachmentOf(file)}
            progress={done ? undefined : state.progress[file.key]}
          />
        ))}
        {message.body && <Body text={message.body} />}
        {message.refused === undefined ? (
          <Mark icon={done ? "check" : "clock"} text={say(done ? "sent" : online ? "sending" : "waiting")} />
        ) : (
          <p class="mark bad">
            <span dir="auto">
              <Icon name="alert" size={13} />
              {say("failed")}
              {message.says ? `: ${message.says}` : ""}
            </span>
            <button type="button" onClick={() => chat.retry(message.client_id)}>
              {say("retry")}
            </button>
            <button type="button" onClick={() => chat.remove(message.client_id)}>
              {say("remove")}
            </button>
          </p>
        )}
      </div>
    </div>
  );
}

type FileProps = { readonly chat: Chat; readonly file: Attachment; readonly progress?: number | undefined };

function File(props: FileProps): JSX.Element {
  const media = useMedia(true);
  return media ? <media.FileView {...props} /> : <span class="bubble">…</span>;
}

function Mark({ icon, text }: { readonly icon: IconName; readonly text: string }): JSX.Element {
  return (
    <p class="mark">
      <Icon name={icon} size={13} />
      {text}
    </p>
  );
}

/** Under the visitor's last message, as long as it is the last word. */
function Seen({
  state,
  waiting,
}: {
  readonly state: ChatState;
  readonly waiting: boolean;
}): JSX.Element | null {
  const last = state.timeline.entries.at(-1);
  if (waiting || last?.content.kind !== "message" || last.actor.kind !== "contact") return null;
  const seen = state.seenByThem >= last.seq;
  return (
    <div class="row mine grouped">
      <Mark icon={seen ? "checks" : "check"} text={say(seen ? "seen" : "sent")} />
    </div>
  );
}

/** After the business closed the conversation, and until somebody writes again: how was it? */
function Closing({ chat, state }: { readonly chat: Chat; readonly state: ChatState }): JSX.Element | null {
  const { entries } = state.timeline;
  const last = entries.findLast(
    ({ content }) => content.kind === "message" || content.kind === "resolved_changed",
  );
  const asked =
    last?.content.kind === "resolved_changed" && last.content.resolved && last.seq > chat.unrated();
  const rating = useRating(!!asked);
  return asked && rating ? (
    <rating.Rating key={last.seq} chat={chat} online={state.link === "online"} entries={entries} />
  ) : null;
}

function Body({ text }: { readonly text: string }): JSX.Element {
  return (
    <div class="bubble">
      {blocks(text).map((block, at) => (
        <TextBlock key={at} block={block} />
      ))}
    </div>
  );
}

function TextBlock({ block }: { readonly block: Block }): JSX.Element {
  const lines = block.lines.map((line) =>
    line.map((run, at) => {
      if (run.href !== undefined)
        return (
          <a key={at} href={run.href} target="_blank" rel="noopener nofollow">
            {run.text}
          </a>
        );
      return run.strong ? <b key={at}>{run.text}</b> : run.text;
    }),
  );
  if (block.list)
    return (
      <ul dir="auto">
        {lines.map((line, at) => (
          <li key={at}>{line}</li>
        ))}
      </ul>
    );
  return <p dir="auto">{lines.flatMap((line, at) => (at === 0 ? line : ["\n", ...line]))}</p>;
}
