import { Mic, RotateCcw, Square, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { peaks, type Recorder, type Recording, record } from "@/kit/recorder";
import { newClientId, type OutFile } from "@/wire/outbox";
import { type Stream, send, stream } from "@/wire/pieces";
import "../../i18n/voice";
import { refusal } from "../../lib/refusal";
import { Icon, IconButton } from "../../parts/basics";
import { BARS, Player } from "./Player";
import "./voice-note.css";

const LEVELS = 60;
/** The session's cookie says who sends. */
const DOOR = { base: "" };

const clock = (ms: number): string =>
  `${Math.floor(ms / 60_000)}:${String(Math.floor((ms % 60_000) / 1_000)).padStart(2, "0")}`;

type Take = Recording & { readonly url: string; readonly levels: readonly number[] };

type Props = {
  readonly name: string;
  readonly onClose: () => void;
  readonly onSent: (file: OutFile) => void;
};

/** Recording, hearing it again, sending: every step is a button that has the focus when its time comes. */
export function VoiceNote({ name, onClose, onSent }: Props) {
  const { t } = useTranslation("voice");
  const [take, setTake] = useState(0);
  const [live, setLive] = useState(false);
  const [ms, setMs] = useState(0);
  const [levels, setLevels] = useState<readonly number[]>([]);
  const [done, setDone] = useState<Take>();
  const [sent, setSent] = useState<number>();
  const [wrong, setWrong] = useState("");
  const recorder = useRef<Recorder>(undefined);
  const upload = useRef<Stream>(undefined);
  const next = useRef<HTMLButtonElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each take opens the microphone once.
  useEffect(() => {
    let gone = false;
    const handleDone = async (recording: Recording) => {
      const wave = await peaks(recording.file, BARS).catch(() => undefined);
      if (gone) return;
      const url = URL.createObjectURL(recording.file);
      setDone({ ...recording, url, levels: wave?.levels ?? new Array<number>(BARS).fill(0.12) });
    };
    record({
      level: (level, at) => {
        setLevels((known) => [...known.slice(1 - LEVELS), level]);
        setMs(at);
      },
      piece: (piece) => upload.current?.add(piece),
      done: (recording) => void handleDone(recording),
    }).then(
      (started) => {
        if (gone) return started.cancel();
        recorder.current = started;
        upload.current = stream(DOOR, started.name);
        setLive(true);
      },
      (error: unknown) => {
        const missing = error instanceof DOMException && error.name === "NotFoundError";
        if (!gone) setWrong(t(missing ? "missing" : "blocked"));
      },
    );
    return () => {
      gone = true;
      recorder.current?.cancel();
      recorder.current = undefined;
      upload.current?.cancel();
      upload.current = undefined;
    };
  }, [take]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever comes next takes the focus.
  useEffect(() => next.current?.focus(), [live, done]);

  useEffect(
    () => () => {
      if (done) URL.revokeObjectURL(done.url);
    },
    [done],
  );

  function handleAgain() {
    setDone(undefined);
    setLive(false);
    setLevels([]);
    setMs(0);
    setWrong("");
    setTake(take + 1);
  }

  async function handleSend(file: File) {
    setSent(0);
    setWrong("");
    try {
      const begun = await upload.current?.end();
      const uploaded = await send(DOOR, file, file.name, (part) => setSent(part), begun);
      // It is a file now: nothing is left to be taken back.
      upload.current = undefined;
      onSent({ key: newClientId(), name: file.name, type: file.type, size: file.size, uploaded });
    } catch (error) {
      setSent(undefined);
      setWrong(t("failed", { why: refusal(error) }));
    }
  }

  const busy = sent !== undefined;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a border and a legend.
    <div
      className="vnote"
      role="group"
      aria-label={t("title")}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || busy) return;
        event.stopPropagation();
        onClose();
      }}
    >
      <IconButton says={t("discard")} icon={X} disabled={busy} onClick={onClose} />
      {done ? (
        <>
          <Player
            sources={[{ url: done.url, type: done.file.type }]}
            levels={done.levels}
            seconds={done.ms / 1_000}
          />
          <IconButton says={t("again")} icon={RotateCcw} disabled={busy} onClick={handleAgain} />
          <button
            ref={next}
            type="button"
            className="btn go h-8!"
            disabled={busy}
            onClick={() => void handleSend(done.file)}
          >
            {busy ? t("sending", { n: Math.round(sent * 100) }) : t("send")}
          </button>
        </>
      ) : live ? (
        <>
          <span className="dot" aria-hidden="true" />
          <span className="tm num" role="timer" aria-label={t("recording", { time: clock(ms) })}>
            {clock(ms)}
          </span>
          <span className="levels" aria-hidden="true">
            {levels.map((level, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity beyond their place.
              <i key={at} style={{ height: `${3 + Math.round(level * 25)}px` }} />
            ))}
          </span>
          <button ref={next} type="button" className="btn go h-8!" onClick={() => recorder.current?.stop()}>
            <Icon of={Square} size="s" />
            {t("stop")}
          </button>
        </>
      ) : wrong ? (
        <button ref={next} type="button" className="btn h-8!" onClick={handleAgain}>
          <Icon of={Mic} size="s" />
          {t("again")}
        </button>
      ) : null}
      <p className={`says ${wrong ? "bad" : ""}`} role={wrong ? "alert" : "status"} dir="auto">
        {wrong || (live || done ? t("heard", { name }) : t("opening"))}
      </p>
    </div>
  );
}
