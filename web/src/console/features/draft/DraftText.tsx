import { Fragment, memo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { mapRange, type Piece } from "../../lib/diff";
import type { Citation, Sentence } from "../../types";

type Run = { readonly kind: Piece["kind"]; readonly text: string; readonly sentence: number };

/** Cuts the pieces of the diff at the ends of sentences. */
function cut(pieces: readonly Piece[], sentences: readonly Sentence[]): Run[] {
  const runs: Run[] = [];
  for (const piece of pieces) {
    if (piece.kind === "new") {
      const sentence = sentences.findIndex((one) => one.start < piece.at && piece.at < one.end);
      runs.push({ kind: "new", text: piece.text, sentence });
      continue;
    }
    let from = piece.at;
    const end = piece.at + piece.text.length;
    while (from < end) {
      const at = from;
      const inside = sentences.findIndex((one) => one.start <= at && at < one.end);
      const next = Math.min(
        end,
        ...(inside >= 0
          ? [sentences[inside]?.end ?? end]
          : sentences.filter((one) => one.start > at).map((one) => one.start)),
      );
      runs.push({
        kind: piece.kind,
        text: piece.text.slice(from - piece.at, next - piece.at),
        sentence: inside,
      });
      from = next;
    }
  }
  return runs;
}

/** Empty lines become a small gap: a draft is read, not laid out. */
function spaced(text: string): ReactNode {
  if (!text.includes("\n\n")) return text;
  return text.split(/\n{2,}/).map((part, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: paragraphs have no identity beyond their place.
    <Fragment key={at}>
      {at > 0 ? <span className="gap" /> : null}
      {part}
    </Fragment>
  ));
}

function words(run: Run, key: number): ReactNode {
  if (run.kind === "gone") return <del key={key}>{run.text}</del>;
  if (run.kind === "new") {
    // Blanks round a change stay outside its green field.
    const [, before = "", text = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(run.text) ?? [];
    return (
      <Fragment key={key}>
        {spaced(before)}
        {text === "" ? null : <ins>{text}</ins>}
        {spaced(after)}
      </Fragment>
    );
  }
  return <Fragment key={key}>{spaced(run.text)}</Fragment>;
}

export const DraftText = memo(function DraftText(props: {
  pieces: readonly Piece[];
  sentences: readonly Sentence[];
  citations: readonly Citation[];
  /** Starts of the sentences to check. */
  flagged: ReadonlySet<number>;
  current: number | undefined;
  onSource: (number: number, anchor: HTMLElement, how: "hover" | "press") => void;
  onLeaveSource: () => void;
}) {
  const { t } = useTranslation();
  const runs = cut(props.pieces, props.sentences);
  const out: ReactNode[] = [];
  let at = 0;
  while (at < runs.length) {
    const sentence = runs[at]?.sentence ?? -1;
    const group: Run[] = [];
    while (at < runs.length && runs[at]?.sentence === sentence) {
      const run = runs[at];
      if (run) group.push(run);
      at += 1;
    }
    const of = props.sentences[sentence];
    const inner = group.map(words);
    if (!of) {
      out.push(<Fragment key={`t${at}`}>{inner}</Fragment>);
      continue;
    }
    const standing = group.some((run) => run.kind === "same" && run.text.trim() !== "");
    const flag = props.flagged.has(of.start);
    out.push(
      <span
        key={`s${of.start}`}
        data-sentence={of.start}
        className={flag ? `flag ${props.current === of.start ? "now" : ""}` : undefined}
      >
        {inner}
        {standing
          ? of.citations?.map((number) => {
              const citation = props.citations.find((one) => one.number === number);
              if (!citation) return null;
              return (
                <sup key={number}>
                  <button
                    type="button"
                    aria-label={t("draft.source", { n: number, title: citation.title })}
                    onMouseEnter={(event) => props.onSource(number, event.currentTarget, "hover")}
                    onFocus={(event) => props.onSource(number, event.currentTarget, "hover")}
                    onMouseLeave={props.onLeaveSource}
                    onBlur={props.onLeaveSource}
                    onClick={(event) => props.onSource(number, event.currentTarget, "press")}
                  >
                    {number}
                  </button>
                </sup>
              );
            })
          : null}
      </span>,
    );
  }
  return <>{out}</>;
});

/** The layer under the editor: the same letters, of which only the marks are seen. */
export function EditorMarks(props: { pieces: readonly Piece[]; flagged: readonly Sentence[]; text: string }) {
  const marks: { start: number; end: number; kind: "ins" | "flag" }[] = [];
  let now = 0;
  for (const piece of props.pieces) {
    if (piece.kind === "gone") continue;
    if (piece.kind === "new") marks.push({ start: now, end: now + piece.text.length, kind: "ins" });
    now += piece.text.length;
  }
  for (const sentence of props.flagged)
    marks.push({ ...mapRange(props.pieces, sentence.start, sentence.end), kind: "flag" });
  marks.sort((a, b) => a.start - b.start);
  const out: ReactNode[] = [];
  let from = 0;
  for (const mark of marks) {
    if (mark.start < from || mark.end <= mark.start) continue;
    out.push(props.text.slice(from, mark.start));
    const text = props.text.slice(mark.start, mark.end);
    out.push(
      mark.kind === "ins" ? (
        <ins key={mark.start}>{text}</ins>
      ) : (
        <span key={mark.start} className="flag">
          {text}
        </span>
      ),
    );
    from = mark.end;
  }
  out.push(`${props.text.slice(from)}\u200b`);
  return <>{out}</>;
}
