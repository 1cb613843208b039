import { expect, test } from "vitest";
import { entry } from "./fixtures.ts";
import type { DraftView, Entry, Joined } from "./protocol.ts";
import { applyEvent, emptyTimeline, hasHole, type Timeline } from "./timeline.ts";

const joined = (entries: readonly Entry[], more: Partial<Joined> = {}): Joined => ({
  conversation: "cnv_1",
  epoch: "e1",
  resync: false,
  entries,
  more: false,
  ...more,
});
const join = (state: Timeline, entries: readonly Entry[], more: Partial<Joined> = {}) =>
  applyEvent(state, { is: "joined", joined: joined(entries, more) });
const hear = (state: Timeline, one: Entry) => applyEvent(state, { is: "entry", entry: one });
const seqs = (state: Timeline) => state.entries.map((one) => one.seq);

const draft = (text: string, more: Partial<DraftView> = {}): DraftView => ({
  id: "drf_1",
  conversation: "cnv_1",
  turn: "trn_1",
  revision: 1,
  status: "writing",
  for_seq: 1,
  text,
  hash: "h",
  citations: [],
  sentences: [],
  blockers: [],
  confidence: 0.5,
  created_at: "2026-11-21T09:00:00.000000Z",
  ...more,
});

test("entries follow each other, doubles change nothing", () => {
  let state = join(emptyTimeline, [entry(1), entry(2)]);
  state = hear(state, entry(3));
  const same = hear(state, entry(3));
  expect(same).toBe(state);
  expect(seqs(state)).toEqual([1, 2, 3]);
  expect(hasHole(state)).toBe(false);
});

test("an entry that skips one is not taken but remembered as a hole", () => {
  let state = join(emptyTimeline, [entry(1)]);
  state = hear(state, entry(3));
  expect(seqs(state)).toEqual([1]);
  expect(hasHole(state)).toBe(true);
  state = hear(state, entry(2));
  expect(hasHole(state)).toBe(true);
  state = join(state, [entry(2), entry(3)]);
  expect(seqs(state)).toEqual([1, 2, 3]);
  expect(hasHole(state)).toBe(false);
});

test("a reader who may not see everything has no hole where only staff wrote", () => {
  let state = join(emptyTimeline, [entry(1, 0), entry(4, 1)]);
  state = hear(state, entry(9, 4));
  expect(seqs(state)).toEqual([1, 4, 9]);
  expect(hasHole(state)).toBe(false);
});

test("another epoch or a resync begins anew", () => {
  const state = join(emptyTimeline, [entry(1), entry(2), entry(3)]);
  expect(seqs(join(state, [entry(1)], { epoch: "e2" }))).toEqual([1]);
  expect(seqs(join(state, [entry(1), entry(2)], { resync: true }))).toEqual([1, 2]);
});

test("pages of a long timeline add up", () => {
  let state = join(emptyTimeline, [entry(1), entry(2)], { more: true });
  expect(state.live).toBe(false);
  state = join(state, [entry(2), entry(3)]);
  expect(seqs(state)).toEqual([1, 2, 3]);
  expect(state.live).toBe(true);
});

test("any order of any entries, with doubles, never makes a gap or a double", () => {
  let random = 42;
  const next = (n: number) => {
    random = (random * 1103515245 + 12345) % 2147483648;
    return random % n;
  };
  for (let round = 0; round < 200; round += 1) {
    let state = join(emptyTimeline, []);
    for (let step = 0; step < 40; step += 1) {
      const seq = 1 + next(12);
      state = hear(state, entry(seq));
      expect(seqs(state)).toEqual(Array.from({ length: state.last }, (_, at) => at + 1));
    }
    if (hasHole(state)) {
      const rest = Array.from({ length: 12 - state.last }, (_, at) => entry(state.last + at + 1));
      state = join(state, rest);
    }
    expect(hasHole(state)).toBe(false);
  }
});

test("a draft grows by pieces; a piece from elsewhere waits for the whole", () => {
  const delta = (offset: number, text: string) => ({
    is: "signal" as const,
    signal: { signal: "draft_delta" as const, conversation: "cnv_1", draft: "drf_1", offset, text },
    now: 0,
  });
  let state = join(emptyTimeline, [], { draft: draft("He") });
  state = applyEvent(state, delta(2, "llo"));
  expect(state.draft?.text).toBe("Hello");
  state = applyEvent(state, delta(2, "llo"));
  state = applyEvent(state, delta(9, "?"));
  expect(state.draft?.text).toBe("Hello");
  state = applyEvent(state, { is: "signal", signal: { signal: "draft", draft: draft("Hello you") }, now: 0 });
  expect(state.draft?.text).toBe("Hello you");
});

test("a late signal does not bring an old draft back", () => {
  const signal = (one: DraftView) => ({
    is: "signal" as const,
    signal: { signal: "draft" as const, draft: one },
    now: 0,
  });
  let state = applyEvent(emptyTimeline, signal(draft("two", { revision: 2 })));
  state = applyEvent(state, signal(draft("one", { revision: 1 })));
  expect(state.draft?.text).toBe("two");
  const newer = draft("new", { id: "drf_2", created_at: "2026-11-21T09:05:00.000000Z" });
  state = applyEvent(applyEvent(state, signal(newer)), signal(draft("two", { revision: 3 })));
  expect(state.draft?.id).toBe("drf_2");
});

test("typing ends with a word, a message, or by itself", () => {
  const actor = { kind: "staff" as const, id: "stf_1" };
  const typing = (on: boolean) => ({
    is: "signal" as const,
    signal: { signal: "typing" as const, conversation: "cnv_1", actor, name: "Marta", on },
    now: 1_000,
  });
  const busy = applyEvent(emptyTimeline, typing(true));
  expect(busy.typing).toHaveLength(1);
  expect(applyEvent(busy, typing(true)).typing).toHaveLength(1);
  expect(applyEvent(busy, typing(false)).typing).toHaveLength(0);
  expect(hear(busy, entry(1, 0, { actor })).typing).toHaveLength(0);
  expect(applyEvent(busy, { is: "lapse", now: 6_999 }).typing).toHaveLength(1);
  expect(applyEvent(busy, { is: "lapse", now: 7_000 }).typing).toHaveLength(0);
});

test("what somebody has read never shrinks", () => {
  const read = (seq: number) => ({
    is: "signal" as const,
    signal: {
      signal: "read" as const,
      conversation: "cnv_1",
      actor: { kind: "staff" as const, id: "stf_1" },
      seq,
    },
    now: 0,
  });
  const state = applyEvent(applyEvent(emptyTimeline, read(5)), read(3));
  expect(state.reads).toEqual({ stf_1: 5 });
});
