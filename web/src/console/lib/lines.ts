/** What changed between two texts, line by line. */

export type Line = { readonly kind: "same" | "gone" | "new"; readonly text: string };

/** Lines that are compared at most, one by one; longer stretches count as replaced. */
const LIMIT = 4_000_000;

export function lineDiff(before: string, after: string): readonly Line[] {
  const a = before.split("\n");
  const b = after.split("\n");
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
  const same = (text: string): Line => ({ kind: "same", text });
  return [
    ...a.slice(0, head).map(same),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ];
}

/** Longest common subsequence. */
function middle(a: readonly string[], b: readonly string[]): Line[] {
  if (a.length * b.length > LIMIT) {
    return [
      ...a.map((text): Line => ({ kind: "gone", text })),
      ...b.map((text): Line => ({ kind: "new", text })),
    ];
  }
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        a[i] === b[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
    }
  }
  const out: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [one, other] = [a[i], b[j]];
    if (one !== undefined && one === other) {
      out.push({ kind: "same", text: one });
      i += 1;
      j += 1;
    } else if (
      one !== undefined &&
      (other === undefined || (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0))
    ) {
      out.push({ kind: "gone", text: one });
      i += 1;
    } else {
      out.push({ kind: "new", text: other ?? "" });
      j += 1;
    }
  }
  return out;
}

/** Stretches of unchanged lines longer than this are folded. */
const AROUND = 3;

export type Stretch = { readonly folded: number } | Line;

/** Leaves a few lines around each change and says how many are left out between them. */
export function folded(lines: readonly Line[]): readonly Stretch[] {
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some((line) => line.kind !== "same"),
  );
  const out: Stretch[] = [];
  let hidden = 0;
  lines.forEach((line, at) => {
    if (near[at]) {
      if (hidden > 0) out.push({ folded: hidden });
      hidden = 0;
      out.push(line);
    } else hidden += 1;
  });
  if (hidden > 0) out.push({ folded: hidden });
  return out;
}
