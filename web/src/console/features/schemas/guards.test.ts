import assert from "node:assert/strict";
import { test } from "node:test";
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
    { all: [{ field: "boat", is: "canoe" }, { any: [{ field: "crew", gt: 8 }, { not: { field: "crew", known: true } }] }] },
  ];
  for (const condition of conditions) assert.deepEqual(conditionFrom(treeFrom(condition)), condition);
  assert.equal(conditionFrom(treeFrom(undefined)), undefined);
  assert.equal(conditionFrom({ all: [{ any: [] }] }), undefined);
  assert.deepEqual(conditions.map(countOf), [1, 1, 3]);
});

test("fields are facts with the comparisons of their types, and a field does not ask for itself", () => {
  const [boat, crew] = factsOf(doc);
  assert.deepEqual(boat?.options?.[1], { value: "fast_yacht", label: "fast yacht" });
  assert.ok(!boat?.ops.includes("gt"));
  assert.deepEqual([crew?.fact, crew?.kind, crew?.ops.includes("gte")], ["context.crew", "number", true]);
  assert.deepEqual(factsOf(doc, "crew").length, 1);
});

test("a label that is written short is an action like any other", () => {
  assert.deepEqual(actionFrom({ label: "vip" }), { do: "label", add: ["vip"] });
  assert.deepEqual(actionFrom({ unlabel: "vip" }), { do: "label", remove: ["vip"] });
});
