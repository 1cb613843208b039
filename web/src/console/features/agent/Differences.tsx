import { useTranslation } from "react-i18next";
import { wordDiff } from "../../lib/diff";
import type { Difference } from "./model";

/** Shorter texts are compared word by word, however much differs. */
const LONG = 120;

/** A text and what became of it, word by word. */
export function Words({ from, to }: { from: string; to: string }) {
  const pieces = wordDiff(from, to);
  const kept = pieces.reduce((sum, one) => sum + (one.kind === "same" ? one.text.length : 0), 0);
  // Two texts that share little are easier to read one after the other than word by word.
  if (from.length > LONG && to.length > LONG && kept < Math.max(from.length, to.length) / 2)
    return (
      <div className="words grid gap-2" dir="auto">
        <del>{from}</del>
        <ins>{to}</ins>
      </div>
    );
  return (
    <div className="words" dir="auto">
      {pieces.map((piece) => {
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
