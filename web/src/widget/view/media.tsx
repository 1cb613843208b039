/** @jsxImportSource preact */
// Pictures, documents and voices: loaded with the first file or the first press on the microphone.
import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Attachment, Entry } from "../../wire/protocol.ts";
import css from "../media.css?inline";
import type { Chat } from "../model.ts";
import { enMedia } from "../words/en-media.ts";
import { learn } from "../words.ts";
import { language, say, useChat } from "./hooks.ts";
import { Glyph, Icon } from "./icons.tsx";

learn(enMedia);

const PICTURES = /^image\/(png|jpeg|gif|webp|avif)$/;
const drawn = {
  file: "M14 2v5h5M6 2h9l5 5v13a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2",
  load: "M12 15V3M7 10l5 5 5-5M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4",
  play: "M7 4.5v15a1 1 0 0 0 1.5.86l12-7.5a1 1 0 0 0 0-1.72l-12-7.5A1 1 0 0 0 7 4.5",
  pause: "M7 4h3.5v16H7zM13.5 4H17v16h-3.5z",
} as const;

const BARS = 36;

export { css };

/** Recording is code of its own, fetched right after this: the line may be gone when it is wanted. */
const voice = () => import("./voice.tsx");
voice().catch(() => {});

const DEFAULT_MAX = 20_000_000;

export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function bytesText(bytes: number): string {
  const [value, unit] =
    bytes < 1_000_000 ? [Math.max(1, bytes / 1_000), "kilobyte"] : [bytes / 1_000_000, "megabyte"];
  return new Intl.NumberFormat(language.locale, {
    style: "unit",
    unit,
    unitDisplay: "short",
    maximumFractionDigits: value < 10 && unit === "megabyte" ? 1 : 0,
  }).format(value);
}

/** The files that may be sent, and a word on the first that may not. */
export function admit(
  files: readonly File[],
  max = DEFAULT_MAX,
): { readonly files: readonly File[]; readonly notice: string } {
  const refused = files.find((file) => file.size > max);
  return {
    files: files.filter((file) => file.size <= max),
    notice: refused ? say("tooBig", { name: refused.name, size: bytesText(max) }) : "",
  };
}

type FileProps = { readonly chat: Chat; readonly file: Attachment; readonly progress?: number | undefined };

export function FileView(props: FileProps): JSX.Element {
  const { media_type } = props.file;
  if (PICTURES.test(media_type)) return <Picture {...props} />;
  if (/^(audio|video)\/(mp4|webm|ogg|mpeg|wav|x-wav|m4a|x-m4a|aac)/.test(media_type))
    return <Voice {...props} />;
  return <Document {...props} />;
}

/** An address for bytes that only the signed-in visitor may fetch. It stays when the file gets its place at the hub. */
function useBlob(chat: Chat, id: string, copy = ""): { url?: string; blob?: Blob; failed?: true } {
  const [state, setState] = useState<{ url?: string; blob?: Blob; failed?: true }>({});
  const from = useRef(id);
  if (state.failed) from.current = id;
  useEffect(() => {
    let url: string | undefined;
    let gone = false;
    chat.bytes(from.current + copy).then(
      (blob) => {
        if (gone) return;
        url = URL.createObjectURL(blob);
        setState({ url, blob });
      },
      () => !gone && setState({ failed: true }),
    );
    return () => {
      gone = true;
      if (url) URL.revokeObjectURL(url);
    };
  }, [chat, from.current, copy]);
  return state;
}

function Progress({ file, progress }: FileProps): JSX.Element | null {
  if (progress === undefined || progress >= 1) return null;
  const percent = `${Math.round(progress * 100)}%`;
  return (
    <span
      class="progress"
      role="progressbar"
      aria-valuenow={Math.round(progress * 100)}
      aria-label={say("uploading", { name: file.name, percent })}
    >
      <i style={{ inlineSize: percent }} />
    </span>
  );
}

function Picture(props: FileProps): JSX.Element {
  const { url, failed } = useBlob(props.chat, props.file.id);
  if (failed) return <p class="small">{say("fileFailed", { name: props.file.name })}</p>;
  return (
    <a class="picture" href={url} target="_blank" rel="noopener">
      {url ? <img src={url} alt={say("photo", { name: props.file.name })} /> : <span class="blank" />}
      <Progress {...props} />
    </a>
  );
}

function Document(props: FileProps): JSX.Element {
  const { name, size, id } = props.file;
  const [failed, setFailed] = useState(false);

  async function handleDownload(): Promise<void> {
    try {
      const url = URL.createObjectURL(await props.chat.bytes(id));
      const link = document.createElement("a");
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      setFailed(false);
    } catch {
      setFailed(true);
    }
  }

  return (
    <button type="button" class="doc" onClick={handleDownload}>
      <Glyph path={drawn.file} size={20} />
      <span class="hidden">{say("download", { name: "" }).trim()}</span>
      <span class="named">
        <bdi>{name}</bdi>
        <small>{failed ? say("fileFailed", { name }) : bytesText(size)}</small>
      </span>
      <Glyph path={drawn.load} size={16} />
      <Progress {...props} />
    </button>
  );
}

/** A browser that does not play the original gets a copy that every browser plays. */
function Voice(props: FileProps): JSX.Element {
  const { file } = props;
  const [copy, setCopy] = useState("");
  const { url, blob, failed } = useBlob(props.chat, file.id, copy);
  const player = useRef<HTMLAudioElement>(null);
  if (failed) return <p class="small">{say("fileFailed", { name: say("voice") })}</p>;

  function handleWord(ms: number): void {
    if (player.current) player.current.currentTime = ms / 1_000;
  }

  return (
    <>
      <span class="voice">
        <Player
          url={url}
          blob={file.wave ? undefined : blob}
          ms={file.wave?.millis}
          wave={file.wave?.peaks}
          audio={player}
          onFail={() => setCopy("/wav")}
        />
        <Progress {...props} />
      </span>
      <Said {...props} onWord={handleWord} />
    </>
  );
}

/** A machine that is less sure of a word than this may have misheard it. */
const UNSURE = 0.55;

/** What was said: the newest outcome of the recording. */
function Said({
  chat,
  file,
  onWord,
}: FileProps & { readonly onWord: (ms: number) => void }): JSX.Element | null {
  const { entries } = useChat(chat).timeline;
  const told = entries.findLast(
    ({ content }: Entry) => content.kind === "transcribed" && content.file === file.id,
  );
  const content = told?.content.kind === "transcribed" ? told.content : undefined;
  const state = content?.state ?? file.transcript;
  if (told?.body && content)
    return (
      <p class="said" dir="auto" data-transcript={state}>
        <span class="hidden">{say("transcript")} </span>
        {content.words?.map((word, at) => (
          // The keyboard has the slider of the player; a stop at every word would be in its way.
          // biome-ignore lint/a11y/useKeyWithClickEvents: see above.
          // biome-ignore lint/a11y/noStaticElementInteractions: see above.
          <span
            key={at}
            class={(word.confidence ?? 1) < UNSURE ? "unsure" : undefined}
            title={(word.confidence ?? 1) < UNSURE ? say("unsure") : undefined}
            onClick={() => onWord(word.start_ms)}
          >
            {word.text}{" "}
          </span>
        )) ?? told.body}
      </p>
    );
  const says = state === "waiting" ? "listening" : state === "failed" ? "notHeard" : undefined;
  return says ? (
    <p class="said" role="status" data-transcript={state}>
      {say(says)}
    </p>
  ) : null;
}

export function Bars({
  levels,
  upTo = 1,
}: {
  readonly levels: readonly number[];
  readonly upTo?: number;
}): JSX.Element {
  return (
    <span class="bars" aria-hidden="true">
      {levels.map((level, at) => (
        <i
          key={at}
          class={at / levels.length < upTo ? "on" : ""}
          style={{ blockSize: `${12 + level * 88}%` }}
        />
      ))}
    </span>
  );
}

type PlayerProps = {
  readonly url: string | undefined;
  readonly blob: Blob | undefined;
  readonly ms?: number | undefined;
  readonly wave?: readonly number[] | undefined;
  readonly audio?: RefObject<HTMLAudioElement | null>;
  readonly onFail?: () => void;
};

const SPEEDS = [1, 1.5, 2];

/** Recorders leave the length out of the file, so it is taken from the decoded sound. */
export function Player({ url, blob, ms, wave, audio: given, onFail }: PlayerProps): JSX.Element {
  const own = useRef<HTMLAudioElement>(null);
  const audio = given ?? own;
  const [speed, setSpeed] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [sound, setSound] = useState<{ levels: number[]; seconds: number }>({
    levels: Array.from(
      { length: BARS },
      (_, at) => (wave?.[Math.floor((at * wave.length) / BARS)] ?? 5) / 100,
    ),
    seconds: (ms ?? 0) / 1_000,
  });

  useEffect(() => {
    let gone = false;
    if (blob)
      voice()
        .then(({ peaks }) => peaks(blob, BARS))
        .then(
          (found) => !gone && setSound(found),
          () => {},
        );
    return () => {
      gone = true;
    };
  }, [blob]);

  function handleToggle(): void {
    if (playing) audio.current?.pause();
    else audio.current?.play().catch(() => {});
  }

  function handleSpeed(): void {
    const next = (speed + 1) % SPEEDS.length;
    setSpeed(next);
    if (audio.current) audio.current.playbackRate = SPEEDS[next] ?? 1;
  }

  const total = sound.seconds;
  return (
    <>
      <button
        type="button"
        class="round play"
        aria-label={say(playing ? "pause" : "play")}
        disabled={!url}
        onClick={handleToggle}
      >
        <Glyph path={playing ? drawn.pause : drawn.play} solid size={14} />
      </button>
      <span class="wave">
        <Bars levels={sound.levels} upTo={total > 0 ? at / total : 0} />
        <input
          type="range"
          aria-label={say("position")}
          min="0"
          max={total || 1}
          step="0.1"
          value={at}
          aria-valuetext={clock(at * 1_000)}
          onInput={(event) => {
            if (audio.current) audio.current.currentTime = Number(event.currentTarget.value);
          }}
        />
      </span>
      <span class="num">{clock((playing || at > 0 ? at : total) * 1_000)}</span>
      {given && (
        <button
          type="button"
          class="speed num"
          aria-label={say("speed", { n: SPEEDS[speed] ?? 1 })}
          onClick={handleSpeed}
        >
          {SPEEDS[speed]}×
        </button>
      )}
      {/* biome-ignore lint/a11y/useMediaCaption: a customer's own voice has no captions */}
      <audio
        ref={audio}
        src={url}
        preload="metadata"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setAt(0)}
        onError={onFail}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
      />
    </>
  );
}

export function Drop(): JSX.Element {
  return (
    <div class="over" aria-hidden="true">
      <Icon name="clip" size={26} />
      {say("drop")}
    </div>
  );
}

export function Chosen({
  file,
  onRemove,
}: {
  readonly file: File;
  readonly onRemove: () => void;
}): JSX.Element {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!/^image\/(png|jpeg|gif|webp|avif)$/.test(file.type)) return;
    const address = URL.createObjectURL(file);
    setUrl(address);
    return () => URL.revokeObjectURL(address);
  }, [file]);
  return (
    <li>
      {url ? <img src={url} alt="" /> : <Glyph path={drawn.file} size={18} />}
      <span>
        <bdi>{file.name}</bdi>
        <small>{bytesText(file.size)}</small>
      </span>
      <button
        type="button"
        class="tool"
        aria-label={say("removeFile", { name: file.name })}
        onClick={onRemove}
      >
        <Icon name="x" size={14} />
      </button>
    </li>
  );
}

export type VoiceBoxProps = {
  readonly chat: Chat;
  readonly onClose: (why?: "micBlocked" | "micMissing") => void;
  readonly onSend: (recording: File) => void;
};

export function VoiceBox(props: VoiceBoxProps): JSX.Element | null {
  const [code, setCode] = useState<Awaited<ReturnType<typeof voice>>>();
  useEffect(() => void voice().then(setCode, () => props.onClose()), []);
  return code ? <code.VoiceBox {...props} /> : null;
}
