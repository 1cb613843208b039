import { Pause, Play } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../parts/basics";

export const BARS = 40;
const SPEEDS: readonly number[] = [1, 1.25, 1.5, 2];

const minutes = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

type Props = {
  /** The same sound in other forms, best first. */
  readonly sources: readonly { readonly url: string; readonly type: string }[];
  /** How loud it is along its length, from 0 to 1. */
  readonly levels: readonly number[];
  /** In seconds, where it is known: recorders leave the length out of the file. */
  readonly seconds: number;
  /** What stands below and follows: where it is in milliseconds, and how to go elsewhere. */
  readonly below?: (at: number, seek: (ms: number) => void) => ReactNode;
};

export function Player({ sources, levels, seconds, below }: Props) {
  const { t } = useTranslation();
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [found, setFound] = useState(0);
  const [speed, setSpeed] = useState(1);

  const length = seconds || (Number.isFinite(found) ? found : 0);
  const known = length > 0;
  const done = known ? at / length : 0;
  const toggle = () => {
    if (playing) audio.current?.pause();
    else void audio.current?.play().catch(() => {});
  };
  const goTo = (to: number) => {
    if (!audio.current) return;
    audio.current.currentTime = Math.max(0, known ? Math.min(length, to) : to);
    setAt(audio.current.currentTime);
  };
  const handleSpeed = () => {
    const next = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? 1;
    setSpeed(next);
    if (audio.current) audio.current.playbackRate = next;
  };

  return (
    <>
      <div className="voice" data-voice>
        {/* biome-ignore lint/a11y/useMediaCaption: its transcript stands below it. */}
        <audio
          ref={audio}
          preload="metadata"
          onPlay={() => setPlaying(true)}
          onPause={() => setPlaying(false)}
          onEnded={() => setAt(0)}
          onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
          onDurationChange={(event) => setFound(event.currentTarget.duration)}
        >
          {sources.map(({ url, type }) => (
            <source key={url} src={url} type={type} />
          ))}
        </audio>
        <button
          type="button"
          className="pl"
          aria-label={playing ? t("conv.file.pause") : t("conv.file.play")}
          onClick={toggle}
        >
          <Icon of={playing ? Pause : Play} size="s" />
        </button>
        <div
          className="wv"
          role="slider"
          tabIndex={0}
          aria-label={t("conv.file.seek")}
          aria-valuemin={0}
          aria-valuemax={known ? Math.round(length) : 0}
          aria-valuenow={Math.round(at)}
          aria-valuetext={minutes(at)}
          onKeyDown={(event) => {
            const step = event.key === "ArrowRight" ? 2 : event.key === "ArrowLeft" ? -2 : 0;
            if (step === 0 || !known) return;
            event.stopPropagation();
            goTo(at + step);
          }}
          onPointerDown={(event) => {
            const rect = event.currentTarget.getBoundingClientRect();
            if (known) goTo(((event.clientX - rect.left) / rect.width) * length);
          }}
        >
          {levels.map((level, bar) => (
            <i
              // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity beyond their place.
              key={bar}
              className={bar / levels.length < done ? "d" : ""}
              style={{ height: `${4 + Math.round(level * 18)}px` }}
            />
          ))}
        </div>
        <span className="tm num">{minutes(playing || at > 0 ? at : length)}</span>
        <button
          type="button"
          className="sp num"
          aria-label={t("conv.file.speed", { n: speed })}
          onClick={handleSpeed}
        >
          {speed}×
        </button>
      </div>
      {below?.(at * 1_000, (ms) => goTo(ms / 1_000))}
    </>
  );
}
