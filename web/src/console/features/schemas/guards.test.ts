import { expect, test } from "vitest";
import type { Condition, Doc } from "./document";
import { actionFrom, conditionFrom, countOf, factsOf, treeFrom } from "./guards";

const doc = {
  properties: {
    boat: { title: "Boat", type: "string", "x-type": "choice", enum: ["canoe", "fast_yacht"] },
    crew: { title: "Crew", type: "number", "x-type": "number" },
  },
} as unknown as Doc;

test("a condition of a document stays the same through the tree that edits it", () => {
  const conditions: readonly Condition[] = [
    { field: "crew", gte: 2 },
    { field: "boat", known: true },
    {
      all: [
        { field: "boat", is: "canoe" },
        { any: [{ field: "crew", gt: 8 }, { not: { field: "crew", known: true } }] },
      ],
    },
  ];
  for (const condition of conditions) expect(conditionFrom(treeFrom(condition))).toEqual(condition);
  expect(conditionFrom(treeFrom(undefined))).toBeUndefined();
  expect(conditionFrom({ all: [{ any: [] }] })).toBeUndefined();
  expect(conditions.map(countOf)).toEqual([1, 1, 3]);
});

test("fields are facts with the comparisons of their types, and a field does not ask for itself", () => {
  const [boat, crew] = factsOf(doc);
  expect(boat?.options?.[1]).toEqual({ value: "fast_yacht", label: "fast yacht" });
  expect(boat?.ops).not.toContain("gt");
  expect([crew?.fact, crew?.kind, crew?.ops.includes("gte")]).toEqual(["context.crew", "number", true]);
  expect(factsOf(doc, "crew").length).toEqual(1);
});

test("a label that is written short is an action like any other", () => {
  expect(actionFrom({ label: "vip" })).toEqual({ do: "label", add: ["vip"] });
  expect(actionFrom({ unlabel: "vip" })).toEqual({ do: "label", remove: ["vip"] });
});
