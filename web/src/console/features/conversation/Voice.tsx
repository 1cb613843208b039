import { Pause, Play } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { fileUrl } from "../../api";
import { Icon } from "../../parts/basics";
import type { Attachment, Entry } from "../../types";
import { Transcript } from "./Transcript";

const BARS = 40;
const SPEEDS: readonly number[] = [1, 1.25, 1.5, 2];

/** The hub's peaks in fewer bars, each from 0 to 1; a flat line where it could not look. */
function levelsOf(file: Attachment): readonly number[] {
  const peaks = file.wave?.peaks ?? [];
  return Array.from({ length: BARS }, (_, bar) => {
    const from = Math.floor((bar * peaks.length) / BARS);
    const part = peaks.slice(from, Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / BARS)));
    return part.length > 0 ? Math.max(...part) / 100 : 0.12;
  });
}

const minutes = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

type Props = { readonly file: Attachment; readonly told: Entry | undefined };

export function Voice({ file, told }: Props) {
  const { t } = useTranslation();
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [found, setFound] = useState(0);
  const [speed, setSpeed] = useState(1);
  const [levels] = useState(() => levelsOf(file));

  // Recorders leave the length out of the file; the hub counted the samples.
  const counted = file.wave && !file.wave.cut ? file.wave.millis / 1_000 : 0;
  const length = counted || (Number.isFinite(found) ? found : 0);
  const known = length > 0;
  const done = known ? at / length : 0;
  const toggle = () => {
    if (playing) audio.current?.pause();
    else void audio.current?.play().catch(() => {});
  };
  const goTo = (seconds: number) => {
    if (!audio.current) return;
    audio.current.currentTime = Math.max(0, known ? Math.min(length, seconds) : seconds);
    setAt(audio.current.currentTime);
  };
  const handleSpeed = () => {
    const next = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? 1;
    setSpeed(next);
    if (audio.current) audio.current.playbackRate = next;
  };

  return (
    <div className="spoken">
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
          <source src={fileUrl(file.id)} type={file.media_type} />
          <source src={`${fileUrl(file.id)}/wav`} type="audio/wav" />
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
              className={bar / BARS < done ? "d" : ""}
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
      <Transcript file={file} told={told} at={at * 1_000} onSeek={(ms) => goTo(ms / 1_000)} />
    </div>
  );
}
