import { expect, test } from "vitest";
import { counts, type Outcome, type Replayed, words } from "./replay";

const outcome = (more: Partial<Outcome> = {}): Outcome => ({
  text: "Yes.",
  sources: [],
  fields: [],
  rules: [],
  actions: [],
  blockers: [],
  proposals: [],
  ...more,
});

const one = (intent: string | undefined, differs: Replayed["differs"]): Replayed => ({
  conversation: "cnv_1",
  title: "",
  seq: 1,
  at: "",
  asked: "",
  before: outcome(intent === undefined ? {} : { intent }),
  differs,
});

test("what differs is counted by intent, the most first", () => {
  const all = [
    one("hours", []),
    one("price", ["text", "sources"]),
    one(undefined, []),
    one("price", ["text"]),
  ];
  expect(counts(all)).toEqual([
    {
      intent: "price",
      messages: 2,
      differ: 2,
      parts: [
        ["text", 2],
        ["sources", 1],
      ],
    },
    { intent: "hours", messages: 1, differ: 0, parts: [] },
    { intent: "", messages: 1, differ: 0, parts: [] },
  ]);
  expect(counts([])).toEqual([]);
});

test("each part has words", () => {
  const of = outcome({
    intent: "opening_hours",
    fields: [["plate", "AB12"]],
    rules: ["Label"],
    actions: ["{}"],
    blockers: ["missing_fact"],
    fallback: "down",
  });
  expect(words("intent", of)).toBe("opening hours");
  expect(words("fields", of)).toBe("plate: AB12");
  expect(words("rules", of)).toBe("Label\n{}");
  expect(words("blockers", of)).toBe("missing fact");
  expect(words("model", of)).toBe("down");
  expect(words("sources", of)).toBe("");
});
