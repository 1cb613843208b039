import { expect, test } from "vitest";
import { blocks, plain, runs } from "./text.ts";

test("bold and links are marked, the rest stays as it is", () => {
  expect(runs("It costs **£89**, see https://northgate.example/a?b=1.")).toEqual([
    { text: "It costs " },
    { text: "£89", strong: true },
    { text: ", see " },
    { text: "https://northgate.example/a?b=1", href: "https://northgate.example/a?b=1" },
    { text: "." },
  ]);
});

test.each([
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  '<img src=x onerror="alert(1)">',
  "[click](javascript:alert(1))",
  "https://[broken",
  "JaVaScRiPt://%0aalert(1)",
])("%s never becomes a link", (text) => {
  expect(runs(text).some((run) => run.href !== undefined)).toBe(false);
  expect(
    runs(text)
      .map((run) => run.text)
      .join(""),
  ).toBe(text);
});

test("lists, paragraphs and single line breaks are told apart", () => {
  const [first, list, last] = blocks("I can offer:\n- Tuesday\n- Wednesday\n\nOne\nTwo");
  expect(first).toEqual({ list: false, lines: [[{ text: "I can offer:" }]] });
  expect(list).toEqual({ list: true, lines: [[{ text: "Tuesday" }], [{ text: "Wednesday" }]] });
  expect(last?.lines).toHaveLength(2);
});

test("an announcement has no marks and no line breaks", () => {
  expect(plain("**Booked.**\n\nSee you")).toBe("Booked. See you");
});

test("a hostile line takes no time", () => {
  const began = performance.now();
  runs("**".repeat(20_000));
  runs("https://".repeat(5_000));
  blocks(`${"- ".repeat(5_000)}\n`.repeat(10));
  expect(performance.now() - began).toBeLessThan(500);
});
