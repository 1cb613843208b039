import { expect, test } from "vitest";
import { type Evidence, missing, percent } from "./model";

const evidence = (good: number, eligible: number): Evidence => ({
  decided: eligible,
  edited: 0,
  rejected: 0,
  replaced: 0,
  reopened: 0,
  complained: 0,
  edit_distance: 0,
  sent: 0,
  eligible,
  good,
  share: 0,
  lower: 0,
});

test("what is missing is what the hub asks for", () => {
  const asked = { bar: 0.9, least: 30, sample: 0.1 };
  expect(missing(evidence(0, 0), asked)).toBe(61);
  expect(missing(evidence(60, 60), asked)).toBe(1);
  expect(missing(evidence(61, 61), asked)).toBe(0);
  expect(missing(evidence(0, 400), asked)).toBeUndefined();
  expect(missing(evidence(10, 10), { ...asked, bar: 0.5 })).toBe(20);
});

test("a share is never said to be more than it is", () => {
  expect([percent(0.9), percent(0.8999), percent(1)]).toEqual([90, 89, 100]);
});
