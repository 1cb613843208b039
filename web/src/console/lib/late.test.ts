import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { again, isMissing } from "./late.ts";

const CHUNK = "https://shop.example/app/assets/Why-1a2b.js";
const missing = () => new TypeError(`Failed to fetch dynamically imported module: ${CHUNK}`);

/** A hub that answers a question for a chunk with each of these in turn, and with the last from then on. */
function hub(...answers: (number | "no line")[]) {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(url);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === "no line") throw new TypeError("no line");
    return new Response(null, { status: answer ?? 200 });
  });
  return asked;
}

const fails = (error: unknown) => () => Promise.reject(error);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what comes at once is not asked for twice", async () => {
  const asked = hub(200);
  expect(await again(async () => "part")).toBe("part");
  expect(asked).toEqual([]);
});

test("while the hub is out of reach a chunk waits, then comes by another address", async () => {
  hub("no line", 503, 429, "no line", 200);
  const from = vi.fn(async () => "part");
  const part = again(fails(missing()), from);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await part).toBe("part");
  expect(from).toHaveBeenCalledTimes(1);
  expect(from.mock.lastCall).toEqual([expect.stringMatching(`^${CHUNK}\\?again=\\d$`)]);
});

test("each try has an address that has not failed yet", async () => {
  hub(200);
  const seen: string[] = [];
  const part = again(fails(missing()), async (address) => {
    seen.push(address);
    if (seen.length < 3) throw missing();
    return "part";
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await part).toBe("part");
  expect(new Set(seen).size).toBe(3);
});

test("a browser that keeps the address to itself is asked in its own way", async () => {
  hub(200);
  const load = vi
    .fn<() => Promise<string>>()
    .mockRejectedValueOnce(new TypeError("Importing a module script failed."))
    .mockResolvedValueOnce("part");
  const part = again(load);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await part).toBe("part");
});

const ends: [string, (number | "no line")[], unknown][] = [
  ["a hub with another console has not that chunk", ["no line", 404], missing()],
  ["a chunk that is there and does not load is broken after a few tries", [200], missing()],
  ["a chunk that throws is broken", [200], new ReferenceError("x is not defined")],
];
for (const [what, answers, error] of ends)
  test(what, async () => {
    hub(...answers);
    const told = again(fails(error), fails(missing())).catch((reason: unknown) => reason);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await told).toBe(error);
    expect(isMissing(error)).toBe(error instanceof TypeError);
  });
