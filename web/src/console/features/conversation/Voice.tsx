import { useMemo } from "react";
import { fileUrl } from "../../api";
import type { Attachment, Entry } from "../../types";
import { BARS, Player } from "./Player";
import { Transcript } from "./Transcript";

/** The hub's peaks in fewer bars, each from 0 to 1; a flat line where it could not look. */
function levelsOf(file: Attachment): readonly number[] {
  const peaks = file.wave?.peaks ?? [];
  return Array.from({ length: BARS }, (_, bar) => {
    const from = Math.floor((bar * peaks.length) / BARS);
    const part = peaks.slice(from, Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / BARS)));
    return part.length > 0 ? Math.max(...part) / 100 : 0.12;
  });
}

type Props = {
  readonly file: Attachment;
  readonly told: Entry | undefined;
  readonly translated: Entry | undefined;
};

export function Voice({ file, told, translated }: Props) {
  const levels = useMemo(() => levelsOf(file), [file]);
  return (
    <div className="spoken">
      <Player
        sources={[
          { url: fileUrl(file.id), type: file.media_type },
          { url: `${fileUrl(file.id)}/wav`, type: "audio/wav" },
        ]}
        levels={levels}
        // The hub counted the samples, unless there were more than it reads.
        seconds={file.wave && !file.wave.cut ? file.wave.millis / 1_000 : 0}
        below={(at, seek) => (
          <Transcript file={file} told={told} translated={translated} at={at} onSeek={seek} />
        )}
      />
    </div>
  );
}
