/** @jsxImportSource preact */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Chat, ChatState } from "../model.ts";
import { plain } from "../text.ts";
import { Composer } from "./composer.tsx";
import { formats, language, say, useChat } from "./hooks.ts";
import { bell, Glyph, Icon } from "./icons.tsx";
import { loadMedia, useMedia } from "./lazy.ts";
import { Thread } from "./thread.tsx";

export type PanelProps = {
  readonly chat: Chat;
  readonly open: boolean;
  /** Absent where the chat is the whole page. */
  readonly onClose?: () => void;
  /** Text put into the box by the page. */
  readonly prefill?: { readonly text: string };
};

export function Panel({ chat, open, onClose, prefill }: PanelProps): JSX.Element {
  const state = useChat(chat);
  const box = useRef<HTMLTextAreaElement>(null);
  const panel = useRef<HTMLElement>(null);
  const [files, setFiles] = useState<readonly File[]>([]);
  const [notice, setNotice] = useState("");
  const [over, setOver] = useState(false);
  const media = useMedia(over);
  const name = state.workspace?.name ?? "";
  // Alone on a page the chat is what the page is about.
  const Title = onClose ? "h2" : "h1";
  const empty = state.timeline.last === 0 && state.outbox.length === 0;

  useEffect(() => {
    if (!open) return;
    void chat.load();
    // On a touch screen the keyboard would cover what the visitor came to read.
    if (onClose) (matchMedia("(pointer: coarse)").matches ? panel : box).current?.focus();
  }, [open, chat]);

  // Once somebody has written: what files and voice need is here before the line may go.
  useEffect(() => {
    if (state.link === "online") loadMedia().catch(() => {});
  }, [state.link]);

  useEffect(() => {
    const look = () => open && document.visibilityState === "visible" && chat.read();
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [open, chat, state.timeline.last, state.link]);

  useEffect(() => {
    const area = box.current;
    if (!prefill || !area) return;
    area.value = prefill.text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }, [prefill]);

  function addFiles(list: readonly File[]): void {
    if (list.length === 0) return;
    loadMedia().then(
      ({ admit }) => {
        const admitted = admit(list, state.files.max_bytes);
        setFiles((known) => [...known, ...admitted.files]);
        setNotice(admitted.notice);
      },
      () => setNotice(say("unreachable")),
    );
  }

  function handleDrop(event: DragEvent): void {
    event.preventDefault();
    setOver(false);
    addFiles([...(event.dataTransfer?.files ?? [])]);
  }

  return (
    <section
      ref={panel}
      class={`panel ${open ? "open" : ""} ${onClose ? "" : "page"} ${empty ? "empty" : ""}`}
      role={onClose ? "dialog" : undefined}
      aria-label={name ? say("chatWith", { name }) : say("open")}
      tabIndex={-1}
      hidden={!open}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => event.currentTarget === event.target && setOver(false)}
      onDrop={handleDrop}
    >
      <div class="head">
        <span class="emblem">
          <Glyph path={bell} solid size={20} />
        </span>
        <div class="title">
          {name && (
            <Title>
              <bdi>{name}</bdi>
            </Title>
          )}
          <Presence state={state} />
        </div>
        {onClose && (
          <button type="button" class="tool" aria-label={say("close")} onClick={onClose}>
            <Icon name="down" size={20} />
          </button>
        )}
      </div>
      <Line chat={chat} state={state} />
      <Thread chat={chat} state={state} />
      <Composer
        chat={chat}
        box={box}
        files={files}
        setFiles={setFiles}
        addFiles={addFiles}
        notice={notice}
        setNotice={setNotice}
      />
      <div class="under">
        <button
          type="button"
          class="person"
          aria-disabled={state.personAsked}
          onClick={() => chat.askForPerson(say("personMessage"))}
        >
          <Icon name={state.personAsked ? "check" : "person"} size={15} />
          {say(state.personAsked ? "personWaiting" : "person")}
        </button>
      </div>
      {over && media && <media.Drop />}
      <Announcer state={state} />
    </section>
  );
}

function Presence({ state }: { readonly state: ChatState }): JSX.Element | null {
  const { workspace } = state;
  if (!workspace) return null;
  return (
    <p class="presence">
      <i class={workspace.open ? "on" : ""} />
      <span>
        {workspace.open
          ? workspace.answers
            ? say("answers", {
                when: new Intl.RelativeTimeFormat(language.locale).format(...workspace.answers),
              })
            : say("openNow")
          : workspace.opens_at
            ? say("awayUntil", { when: formats.back.format(new Date(workspace.opens_at)) })
            : say("away")}
      </span>
    </p>
  );
}

/** One line that says what is wrong with the connection, if anything. */
function Line({ chat, state }: { readonly chat: Chat; readonly state: ChatState }): JSX.Element {
  const started = state.timeline.epoch !== undefined || state.outbox.length > 0;
  const text =
    state.trouble === "unreachable"
      ? say("unreachable")
      : state.link === "offline"
        ? say("offline")
        : state.link === "stopped" && started
          ? say("lost")
          : state.link === "waiting" && started
            ? say("connecting")
            : "";
  return (
    <div class="state" role="status">
      {text && (
        <p>
          {text}
          {state.trouble === "unreachable" && (
            <button type="button" onClick={() => void chat.load()}>
              {say("tryAgain")}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

/** Speaks each finished reply once; the log itself stays silent. */
function Announcer({ state }: { readonly state: ChatState }): JSX.Element {
  const spoken = useRef<number | undefined>(undefined);
  const [text, setText] = useState("");
  const { timeline } = state;
  useEffect(() => {
    if (!timeline.live) return;
    const last = timeline.entries.findLast((entry) => entry.content.kind === "message");
    const known = spoken.current;
    spoken.current = timeline.last;
    if (known === undefined || !last || last.seq <= known || last.actor.kind === "contact") return;
    setText(say("says", { name: last.author, text: plain(last.body ?? "") }));
  }, [timeline]);
  return (
    <div class="hidden" role="status">
      {text}
    </div>
  );
}
