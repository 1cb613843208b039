import { Pause, Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { fileUrl } from "../../api";
import { Icon } from "../../parts/basics";
import type { Attachment } from "../../types";

const BARS = 44;
const DECODE_UP_TO = 3_000_000;
const peaksOf = new Map<string, readonly number[]>();

/** The loudness of a recording in `BARS` steps, each from 0 to 1. */
async function peaks(id: string): Promise<readonly number[]> {
  const known = peaksOf.get(id);
  if (known) return known;
  const data = await (await fetch(fileUrl(id), { credentials: "same-origin" })).arrayBuffer();
  const audio = await new OfflineAudioContext(1, 1, 8000).decodeAudioData(data);
  const samples = audio.getChannelData(0);
  const size = Math.max(1, Math.floor(samples.length / BARS));
  const levels = Array.from({ length: BARS }, (_, bar) => {
    let loudest = 0;
    for (let at = bar * size; at < (bar + 1) * size; at += 16)
      loudest = Math.max(loudest, Math.abs(samples[at] ?? 0));
    return loudest;
  });
  const top = Math.max(0.05, ...levels);
  const scaled = levels.map((level) => level / top);
  peaksOf.set(id, scaled);
  return scaled;
}

const minutes = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export function Voice({ file }: { file: Attachment }) {
  const { t } = useTranslation();
  const audio = useRef<HTMLAudioElement>(null);
  const [levels, setLevels] = useState<readonly number[]>();
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);

  useEffect(() => {
    if (file.size > DECODE_UP_TO) return;
    let gone = false;
    peaks(file.id).then(
      (found) => !gone && setLevels(found),
      () => {},
    );
    return () => {
      gone = true;
    };
  }, [file.id, file.size]);

  const known = Number.isFinite(length) && length > 0;
  const done = known ? at / length : 0;
  const toggle = () => {
    if (playing) audio.current?.pause();
    else void audio.current?.play().catch(() => {});
  };
  const seek = (share: number) => {
    if (audio.current && known) audio.current.currentTime = Math.min(1, Math.max(0, share)) * length;
  };

  return (
    <div className="voice" data-voice>
      {/* biome-ignore lint/a11y/useMediaCaption: a customer's voice message comes without captions. */}
      <audio
        ref={audio}
        src={fileUrl(file.id)}
        preload="metadata"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setAt(0)}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
        onDurationChange={(event) => setLength(event.currentTarget.duration)}
      />
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
          seek((at + step) / length);
        }}
        onPointerDown={(event) => {
          const rect = event.currentTarget.getBoundingClientRect();
          seek((event.clientX - rect.left) / rect.width);
        }}
      >
        {(levels ?? Array.from({ length: BARS }, () => 0.12)).map((level, bar) => (
          <i
            // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity beyond their place.
            key={bar}
            className={bar / BARS < done ? "d" : ""}
            style={{ height: `${4 + Math.round(level * 18)}px` }}
          />
        ))}
      </div>
      <span className="tm num">{minutes(playing || at > 0 ? at : known ? length : 0)}</span>
      {file.transcript ? (
        <span className="no text-small whitespace-nowrap text-ink3">
          {t(`conv.file.transcript.${file.transcript}`)}
        </span>
      ) : null}
    </div>
  );
}
