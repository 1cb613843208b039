import { expect, test } from "vitest";
import { folded, lineDiff } from "./lines";

const marks = { same: " ", gone: "-", new: "+" } as const;
const shown = (before: string, after: string) =>
  lineDiff(before, after).map((line) => `${marks[line.kind]}${line.text}`);

test("lines that stay are found between those that change", () => {
  expect(shown("a\nb\nc\nd", "a\nx\nc\nd\ne")).toEqual([" a", "-b", "+x", " c", " d", "+e"]);
  expect(shown("a", "a")).toEqual([" a"]);
  expect(shown("", "a")).toEqual(["-", "+a"]);
});

test("both texts can be put together again", () => {
  const before = "one\ntwo\nthree\nfour\ntwo";
  const after = "two\nthree\n\nfive\ntwo\none";
  const lines = lineDiff(before, after);
  const only = (kind: "gone" | "new") =>
    lines
      .filter((line) => line.kind === "same" || line.kind === kind)
      .map((line) => line.text)
      .join("\n");
  expect(only("gone")).toBe(before);
  expect(only("new")).toBe(after);
});

test("long stretches without a change are folded", () => {
  const many = Array.from({ length: 30 }, (_, at) => `line ${at}`);
  const changed = many.map((line, at) => (at === 15 ? "other" : line));
  const kept = folded(lineDiff(many.join("\n"), changed.join("\n")));
  expect(kept[0]).toEqual({ folded: 12 });
  expect(kept.at(-1)).toEqual({ folded: 11 });
  expect(kept).toHaveLength(2 + 3 + 2 + 3);
});
