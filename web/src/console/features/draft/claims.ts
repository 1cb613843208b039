import { type Piece, rangeState } from "../../lib/diff";
import type { DraftView, Sentence } from "../../types";

/** The sentences that nothing supports and that nobody has changed or taken out. */
export function openClaims(
  draft: DraftView,
  pieces: readonly Piece[],
  kept: ReadonlySet<number>,
): readonly Sentence[] {
  return draft.sentences.filter(
    (sentence) =>
      sentence.support === "unsupported" &&
      !kept.has(sentence.start) &&
      rangeState(pieces, sentence.start, sentence.end) === "untouched",
  );
}

/** What to say about a claim: the hub's words when sources disagree, else the plain fact. */
export function contradiction(draft: DraftView): readonly [string, string | undefined] | undefined {
  const says = draft.blockers.find((blocker) => blocker.kind === "contradiction")?.says;
  if (says === undefined) return undefined;
  const [, first = says, rest] = /^(.{8,}?)(?:; |(?<=[.!?]) )(.+)$/su.exec(says) ?? [];
  return rest
    ? [/[.!?]$/.test(first) ? first : `${first}.`, rest.charAt(0).toLocaleUpperCase() + rest.slice(1)]
    : [says, undefined];
}
