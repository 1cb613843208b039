/** @jsxImportSource preact */
// Recording a voice message: sent while it is recorded, heard again before it is sent off.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Recorder, type Recording, record } from "../../kit/recorder.ts";
import type { Chat } from "../model.ts";
import { say } from "./hooks.ts";
import { Glyph, Icon } from "./icons.tsx";
import { Bars, clock, Player, type VoiceBoxProps } from "./media.tsx";

export { peaks } from "../../kit/recorder.ts";

const AGAIN = "M3 12a9 9 0 1 0 3-6.7L3 8M3 3v5h5";
const STOP = "M7 6h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1";
const LEVELS = 40;

/** Recording, then hearing it again; every step is a button, so no key has to be held. */
export function VoiceBox({ chat, onClose, onSend }: VoiceBoxProps): JSX.Element {
  const recorder = useRef<Recorder | undefined>(undefined);
  const stream = useRef<Promise<Awaited<ReturnType<Chat["stream"]>>> | undefined>(undefined);
  const main = useRef<HTMLButtonElement>(null);
  const [levels, setLevels] = useState<readonly number[]>(new Array<number>(LEVELS).fill(0));
  const [ms, setMs] = useState(0);
  const [take, setTake] = useState(0);
  const [done, setDone] = useState<Recording & { readonly url: string }>();

  useEffect(() => {
    let gone = false;
    record({
      level: (level, at) => {
        setLevels((known) => [...known.slice(1), level]);
        setMs(at);
      },
      piece: (piece) => withStream((one) => one.add(piece)),
      done: (recording) => !gone && setDone({ ...recording, url: URL.createObjectURL(recording.file) }),
    }).then(
      (started) => {
        if (gone) return started.cancel();
        recorder.current = started;
        stream.current = chat.stream(started.name);
      },
      (error: unknown) => {
        if (gone) return;
        onClose(
          error instanceof DOMException && error.name === "NotFoundError" ? "micMissing" : "micBlocked",
        );
      },
    );
    return () => {
      gone = true;
      recorder.current?.cancel();
      recorder.current = undefined;
      // Unless it was sent.
      void withStream((one) => one.cancel());
      stream.current = undefined;
    };
  }, [take]);

  useEffect(() => main.current?.focus(), [done]);
  useEffect(
    () => () => {
      if (done) URL.revokeObjectURL(done.url);
    },
    [done],
  );

  /** What was sent while it was recorded saves time; without it all is sent in the end. */
  async function withStream(act: (one: Awaited<ReturnType<Chat["stream"]>>) => void): Promise<void> {
    await stream.current?.then(act).catch(() => {});
  }

  async function handleSend({ file }: Recording): Promise<void> {
    await withStream((one) => one.of(file));
    stream.current = undefined;
    onSend(file);
  }

  function handleAgain(): void {
    setDone(undefined);
    setMs(0);
    setLevels(new Array<number>(LEVELS).fill(0));
    setTake(take + 1);
  }

  return (
    <div class={`box voicebox ${done ? "" : "live"}`}>
      <button type="button" class="tool" aria-label={say("discard")} onClick={() => onClose()}>
        <Icon name="x" />
      </button>
      {done ? (
        <>
          <span class="voice">
            <Player url={done.url} blob={done.file} ms={done.ms} />
          </span>
          <button type="button" class="tool" aria-label={say("again")} onClick={handleAgain}>
            <Glyph path={AGAIN} />
          </button>
          <button
            ref={main}
            type="button"
            class="round send"
            aria-label={say("sendVoice")}
            onClick={() => void handleSend(done)}
          >
            <Icon name="up" />
          </button>
        </>
      ) : (
        <>
          <span class="red" aria-hidden="true" />
          <span class="num" role="timer" aria-label={say("recording", { time: clock(ms) })}>
            {clock(ms)}
          </span>
          <Bars levels={levels} />
          <button
            ref={main}
            type="button"
            class="round stop"
            aria-label={say("stop")}
            onClick={() => recorder.current?.stop()}
          >
            <Glyph path={STOP} solid size={16} />
          </button>
        </>
      )}
    </div>
  );
}
