import { expect, test } from "vitest";
import {
  type Condition,
  conditionOf,
  type Fact,
  firstValue,
  isGroup,
  isSequence,
  keyOf,
  treeOf,
  unitOf,
} from "./model";

const leaf = { fact: "intent", op: "is", value: "quote" } as const;

test("a tree gives the condition it was made from", () => {
  const conditions: readonly Condition[] = [
    { all: [] },
    { all: [leaf, { any: [leaf, { fact: "contact.known", op: "unknown" }] }] },
    { not: { any: [leaf, leaf] } },
    { all: [{ not: { all: [leaf] } }] },
  ];
  for (const condition of conditions) expect(conditionOf(treeOf(condition))).toEqual(condition);
});

test("a single comparison stands in a group, and so does what is turned around", () => {
  expect(conditionOf(treeOf(leaf))).toEqual({ all: [leaf] });
  expect(conditionOf(treeOf({ not: leaf }))).toEqual({ not: { all: [leaf] } });
  const twice = treeOf({ not: { not: { all: [leaf] } } });
  expect(twice.not && twice.items.every(isGroup)).toBe(true);
});

test("an empty group inside says nothing", () => {
  const tree = treeOf({ all: [leaf] });
  expect(conditionOf({ ...tree, items: [...tree.items, treeOf({ any: [] })] })).toEqual({ all: [leaf] });
});

test("the first value fits the fact and the way it is compared", () => {
  const fact = (kind: Fact["kind"], options?: Fact["options"]): Fact => ({
    fact: "x",
    label: "x",
    kind,
    ops: ["is"],
    ...(options ? { options } : {}),
  });
  expect(firstValue(fact("flag"), "is")).toBe(true);
  expect(firstValue(fact("number"), "between")).toEqual([0, 0]);
  expect(firstValue(fact("text"), "in")).toEqual([]);
  expect(firstValue(fact("text", [{ value: "new", label: "New" }]), "in")).toEqual(["new"]);
  expect(firstValue(fact("text"), "known")).toBeUndefined();
});

test("a name gives a key", () => {
  expect(keyOf("Refunds over £200: two people!")).toBe("refunds-over-200-two-people");
  expect(keyOf("2 Änderungen")).toBe("anderungen");
  expect(keyOf("استرداد")).toMatch(/^rule-[a-z0-9]+$/);
  expect(keyOf("  ")).toBe("");
});

test("a wait is shown in the largest unit that divides it, and working time never in days", () => {
  expect([0, 1, 60, 90, 1440, 4320].map((minutes) => unitOf(minutes, false))).toEqual([
    "minutes",
    "minutes",
    "hours",
    "minutes",
    "days",
    "days",
  ]);
  expect([0, 90, 1440].map((minutes) => unitOf(minutes, true))).toEqual(["minutes", "minutes", "hours"]);
  expect(["new", "rul_01", "new-sequence", "sqn_01"].map(isSequence)).toEqual([false, false, true, true]);
});
