/** Word diff between what the agent wrote and what a person made of it, and positions across it. */

export type PieceKind = "same" | "gone" | "new";

/** A run of text and where it begins in the base text; a new piece sits between two base positions. */
export type Piece = { readonly kind: PieceKind; readonly text: string; readonly at: number };

const TOKENS = /\s+|[\p{L}\p{M}\p{N}\p{Sc}%’'_@/-]+(?:[.,:]\p{N}+)*|[^\s]/gu;

function tokens(text: string): string[] {
  return text.match(TOKENS) ?? [];
}

/** Words that stay are worth more than the blanks between them. */
const weight = (token: string): number =>
  /^\s/.test(token) ? 1 : /[\p{L}\p{N}]/u.test(token) ? 4 + Math.min(8, token.length) : 2;

/** Heaviest common subsequence over the tokens between the equal ends. */
function align(a: readonly string[], b: readonly string[]): PieceKind[] {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const below = lengths[(i + 1) * width + j] ?? 0;
      const beside = lengths[i * width + j + 1] ?? 0;
      lengths[i * width + j] =
        a[i] === b[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + weight(a[i] ?? "")
          : Math.max(below, beside);
    }
  }
  const steps: PieceKind[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      steps.push("same");
      i += 1;
      j += 1;
    } else if (
      j >= b.length ||
      (i < a.length && (lengths[(i + 1) * width + j] ?? 0) > (lengths[i * width + j + 1] ?? 0))
    ) {
      steps.push("gone");
      i += 1;
    } else {
      steps.push("new");
      j += 1;
    }
  }
  return steps;
}

type Change = { gone: string; added: string };

/** Cuts both texts into equal stretches and changes; changes parted by a single blank become one. */
function changes(base: string, now: string): (string | Change)[] {
  const a = tokens(base);
  const b = tokens(now);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  ) {
    tail += 1;
  }
  // The equal end begins with a word, so that a full stop goes with its own sentence.
  while (tail > 0 && !/[\p{L}\p{N}]/u.test(a[a.length - tail] ?? "")) tail -= 1;
  const middleA = a.slice(head, a.length - tail);
  const middleB = b.slice(head, b.length - tail);
  const out: (string | Change)[] = head > 0 ? [a.slice(0, head).join("")] : [];
  const keep = (text: string) => {
    const last = out.length - 1;
    if (typeof out[last] === "string") out[last] = out[last] + text;
    else out.push(text);
  };
  const change = (gone: string, added: string) => {
    const last = out[out.length - 1];
    const before = out[out.length - 2];
    if (typeof last === "object") {
      last.gone += gone;
      last.added += added;
    } else if (typeof last === "string" && /^[^\S\n]+$/.test(last) && typeof before === "object") {
      before.gone += last + gone;
      before.added += last + added;
      out.pop();
    } else {
      out.push({ gone, added });
    }
  };
  if (middleA.length * middleB.length > 4_000_000) {
    change(middleA.join(""), middleB.join(""));
  } else {
    let i = 0;
    let j = 0;
    for (const step of align(middleA, middleB)) {
      if (step === "same") {
        keep(middleA[i] ?? "");
        i += 1;
        j += 1;
      } else if (step === "gone") {
        change(middleA[i] ?? "", "");
        i += 1;
      } else {
        change("", middleB[j] ?? "");
        j += 1;
      }
    }
  }
  if (tail > 0) keep(a.slice(a.length - tail).join(""));
  return slide(out);
}

/** A sentence taken out begins with its first word, not with the full stop of the one before. */
function slide(parts: readonly (string | Change)[]): (string | Change)[] {
  const out: (string | Change)[] = [];
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at];
    const after = parts[at + 1];
    if (part === undefined) continue;
    if (typeof part === "string" || typeof after !== "string" || (part.gone !== "" && part.added !== "")) {
      out.push(part);
      continue;
    }
    const block = tokens(part.gone + part.added);
    const next = tokens(after);
    let moved = "";
    while (block.length > 1 && block[0] === next[0] && !/[\p{L}\p{N}]/u.test(block[0] ?? "")) {
      const token = block.shift() ?? "";
      moved += token;
      block.push(token);
      next.shift();
    }
    const last = out.length - 1;
    if (moved !== "" && typeof out[last] === "string") out[last] = out[last] + moved;
    else if (moved !== "") out.push(moved);
    const text = block.join("");
    out.push(part.gone === "" ? { gone: "", added: text } : { gone: text, added: "" });
    out.push(next.join(""));
    at += 1;
  }
  return out.filter((part) => part !== "");
}

export function wordDiff(base: string, now: string): readonly Piece[] {
  if (base === now) return base === "" ? [] : [{ kind: "same", text: base, at: 0 }];
  const pieces: Piece[] = [];
  let at = 0;
  for (const part of changes(base, now)) {
    if (typeof part === "string") {
      pieces.push({ kind: "same", text: part, at });
      at += part.length;
      continue;
    }
    if (part.gone !== "") pieces.push({ kind: "gone", text: part.gone, at });
    at += part.gone.length;
    if (part.added !== "") pieces.push({ kind: "new", text: part.added, at });
  }
  return pieces;
}

/** Where the base range `[start, end)` lies in the new text; words put in at its edges stay outside. */
export function mapRange(
  pieces: readonly Piece[],
  start: number,
  end: number,
): { start: number; end: number } {
  let now = 0;
  let from = -1;
  let to = -1;
  for (const piece of pieces) {
    const after = piece.at + piece.text.length;
    if (piece.kind === "new") {
      if (from >= 0 && piece.at < end) to = now + piece.text.length;
      now += piece.text.length;
      continue;
    }
    const grows = piece.kind === "same";
    if (after > start && piece.at < end) {
      const low = Math.max(start, piece.at) - piece.at;
      const high = Math.min(end, after) - piece.at;
      if (from < 0) from = now + (grows ? low : 0);
      to = now + (grows ? high : 0);
    }
    if (grows) now += piece.text.length;
  }
  return from < 0 ? { start: now, end: now } : { start: from, end: Math.max(from, to) };
}

/** The text without the given base range, with the blanks round it closed up. */
export function withoutRange(base: string, now: string, start: number, end: number): string {
  const range = mapRange(wordDiff(base, now), start, end);
  const before = now.slice(0, range.start);
  const after = now.slice(range.end);
  if (/\n\s*$/.test(before) || before.trim() === "")
    return `${before}${after.replace(/^[^\S\n]+/, "")}`.trim();
  if (after.trim() === "" || /^\s*\n/.test(after))
    return `${before.replace(/[^\S\n]+$/, "")}${after}`.trimEnd();
  return `${before.replace(/\s+$/, "")} ${after.replace(/^\s+/, "")}`;
}

/** How much of a base range a person has touched: nothing, some words, or all of it taken out. */
export function rangeState(
  pieces: readonly Piece[],
  start: number,
  end: number,
): "untouched" | "changed" | "gone" {
  let kept = 0;
  let touched = false;
  for (const piece of pieces) {
    const after = piece.at + piece.text.length;
    if (piece.kind === "new") {
      if (piece.at > start && piece.at < end) touched = true;
    } else if (after > start && piece.at < end) {
      const length = Math.min(end, after) - Math.max(start, piece.at);
      if (piece.kind === "same")
        kept += piece.text
          .slice(Math.max(0, start - piece.at), Math.max(0, start - piece.at) + length)
          .trim().length;
      else touched = true;
    }
  }
  if (kept === 0) return "gone";
  return touched ? "changed" : "untouched";
}
