import { useTranslation } from "react-i18next";
import { wordDiff } from "../../lib/diff";
import type { Difference } from "./model";

/** A text and what became of it, word by word. */
export function Words({ from, to }: { from: string; to: string }) {
  return (
    <div className="words" dir="auto">
      {wordDiff(from, to).map((piece) => {
        const key = `${piece.kind}${piece.at}`;
        if (piece.kind === "gone") return <del key={key}>{piece.text}</del>;
        if (piece.kind === "new") return <ins key={key}>{piece.text}</ins>;
        return <span key={key}>{piece.text}</span>;
      })}
    </div>
  );
}

/** What differs between two agents, part by part. */
export function Differences({ all, none }: { all: readonly Difference[]; none: string }) {
  const { t } = useTranslation("agent");
  if (all.length === 0) return <p className="text-ink3">{none}</p>;
  return (
    <dl className="diffs">
      {all.map((one) => (
        <div key={one.part} data-part={one.part}>
          <dt>{t(`part.${one.part}`)}</dt>
          <dd>
            <Words from={one.from} to={one.to} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
