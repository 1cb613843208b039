import { describe, expect, it } from "vitest";
import { mapRange, rangeState, withoutRange, wordDiff } from "./diff";

const shown = (base: string, now: string) =>
  wordDiff(base, now)
    .map((piece) =>
      piece.kind === "same" ? piece.text : piece.kind === "gone" ? `[-${piece.text}]` : `[+${piece.text}]`,
    )
    .join("");

describe("the word diff", () => {
  it("marks a changed price as one word with its currency", () => {
    expect(shown("It costs €79, all in.", "It costs €89, all in.")).toBe("It costs [-€79][+€89], all in.");
  });
  it("joins changes that only a blank keeps apart", () => {
    expect(shown("We call you back soon.", "We ring him back soon.")).toBe(
      "We [-call you][+ring him] back soon.",
    );
  });
  it("gives both texts back", () => {
    const base = "Thanks, Inês.\n\nThe pads are worn. Shall I book it?";
    const now = "Thank you, Inês. The pads are nearly through.\n\nShall we book it today?";
    const pieces = wordDiff(base, now);
    expect(
      pieces
        .filter((piece) => piece.kind !== "new")
        .map((piece) => piece.text)
        .join(""),
    ).toBe(base);
    expect(
      pieces
        .filter((piece) => piece.kind !== "gone")
        .map((piece) => piece.text)
        .join(""),
    ).toBe(now);
  });
  it("takes a sentence out from its first word to its full stop", () => {
    expect(shown("It costs €79. The plan covers it. Shall I book?", "It costs €89. Shall I book?")).toBe(
      "It costs [-€79][+€89]. [-The plan covers it. ]Shall I book?",
    );
  });
  it("keeps a sentence that stays, whatever is added after it", () => {
    expect(shown("The pads are covered. Shall I book it?", "Shall I book it? We look forward to it.")).toBe(
      "[-The pads are covered. ]Shall I book it?[+ We look forward to it.]",
    );
  });
  it("works for Arabic", () => {
    expect(shown("الموعد يوم الخميس", "الموعد يوم الجمعة")).toBe("الموعد يوم [-الخميس][+الجمعة]");
  });
});

describe("a sentence in an edited draft", () => {
  const base = "It is safe. The plan covers it. Shall I book?";
  const start = 12;
  const end = 31;
  it("is found after the words before it changed", () => {
    const now = "It is quite safe to drive. The plan covers it. Shall I book?";
    const range = mapRange(wordDiff(base, now), start, end);
    expect(now.slice(range.start, range.end)).toBe("The plan covers it.");
  });
  it("can be taken out, and the blanks close up", () => {
    expect(withoutRange(base, base, start, end)).toBe("It is safe. Shall I book?");
    expect(withoutRange(base, base, 0, 11)).toBe("The plan covers it. Shall I book?");
    expect(withoutRange(base, base, 32, base.length)).toBe("It is safe. The plan covers it.");
  });
  it("knows whether somebody touched it", () => {
    const state = (now: string) => rangeState(wordDiff(base, now), start, end);
    expect(state("It was safe. The plan covers it. Shall I book?")).toBe("untouched");
    expect(state("It is safe. The plan covers half of it. Shall I book?")).toBe("changed");
    expect(state("It is safe. Shall I book?")).toBe("gone");
  });
});
