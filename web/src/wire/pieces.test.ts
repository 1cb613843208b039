import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Lost } from "./link.ts";
import { bring, create, send, stream } from "./pieces.ts";

/** A hub that keeps one upload, and a line that can be cut before or after the hub has heard. */
function hub() {
  let stored = "";
  let file: { id: string } | undefined;
  const seen: string[] = [];
  const cuts: ("before" | "after")[] = [];
  const answer = (status: number, body?: unknown) =>
    new Response(status === 204 ? null : JSON.stringify(body), { status });

  async function fetchIt(url: string, { method, headers, body }: RequestInit): Promise<Response> {
    const said = new Headers(headers);
    if (cuts[0] === "before" && method === "PATCH") {
      cuts.shift();
      throw new TypeError("no line");
    }
    if (method === "POST") {
      seen.push("begins");
      return answer(201, { id: "upl_1", offset: 0 });
    }
    expect(url).toBe("/v1/uploads/upl_1");
    if (method === "DELETE") {
      seen.push("gives up");
      return answer(204);
    }
    if (method === "GET") return answer(200, { id: "upl_1", offset: stored.length, file });
    if (said.get("upload-offset") !== String(stored.length))
      return answer(409, { title: "Conflict", status: 409, code: "conflict" });
    const piece = await (body as Blob).text();
    stored += piece;
    seen.push(`${piece.length}`);
    if (said.get("upload-length") === String(stored.length)) file = { id: "fil_1" };
    if (cuts[0] === "after") {
      cuts.shift();
      throw new TypeError("no line");
    }
    return answer(204);
  }
  vi.stubGlobal("fetch", fetchIt);
  return { seen, cuts, stored: () => stored };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const door = { base: "" };
const none = () => {};

test("a file goes in pieces, and each is told", async () => {
  const { seen, stored } = hub();
  const told: number[] = [];
  const text = "x".repeat(600 * 1024);
  const file = await send(door, new Blob([text]), "x.txt", (part) => told.push(Math.round(part * 100)));
  expect(file).toEqual({ id: "fil_1" });
  expect(seen).toEqual(["begins", String(512 * 1024), String(88 * 1024)]);
  expect(told).toEqual([85, 100]);
  expect(stored()).toBe(text);
});

test("a cut line is gone on with where it ended, whether or not the hub had heard", async () => {
  for (const cut of ["before", "after"] as const) {
    const { cuts, stored } = hub();
    cuts.push(cut, cut);
    const text = "0123456789".repeat(90_000);
    const sent = send(door, new Blob([text]), "x.txt", none);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await sent).toEqual({ id: "fil_1" });
    expect(stored()).toBe(text);
  }
});

test("a line that stays cut is told in the end", async () => {
  const { cuts } = hub();
  cuts.push(...new Array<"before">(20).fill("before"));
  const sent = send(door, new Blob(["x"]), "x.txt", none);
  const failed = expect(sent).rejects.toBeInstanceOf(Lost);
  await vi.advanceTimersByTimeAsync(200_000);
  await failed;
});

test("what is recorded is sent meanwhile, and only the rest in the end", async () => {
  const { seen, cuts, stored } = hub();
  const sending = stream(door, "voice.webm");
  let spoken = "";
  const speak = (words: string) => {
    spoken += words;
    sending.add(new Blob([words]));
  };
  speak("first ");
  await vi.waitFor(() => expect(seen).toEqual(["begins", "6"]));
  cuts.push("after");
  speak("second ");
  await vi.waitFor(() => expect(seen).toEqual(["begins", "6", "7"]));
  // The answer was lost: the next piece asks where the hub is.
  await vi.waitFor(() => {
    speak("more ");
    expect(stored()).toContain("second more ");
  });
  const way = await sending.end();
  if (!way) throw new Error("it was begun");
  const whole = new Blob([`${spoken}and the end`]);
  expect(await bring(door, way, whole, none)).toEqual({ id: "fil_1" });
  expect(stored()).toBe(`${spoken}and the end`);
  expect(seen.filter((one) => one === "begins")).toHaveLength(1);
});

test("a recording that is discarded is given up", async () => {
  const { seen } = hub();
  const sending = stream(door, "voice.webm");
  sending.add(new Blob(["first"]));
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  sending.cancel();
  await vi.waitFor(() => expect(seen.at(-1)).toBe("gives up"));
  const never = stream(door, "voice.webm");
  never.cancel();
  expect(await never.end()).toBeUndefined();
  expect(seen.filter((one) => one === "gives up")).toHaveLength(1);
});

test("a name of any script goes along", async () => {
  let metadata = "";
  vi.stubGlobal("fetch", async (_: string, { headers }: RequestInit) => {
    metadata = new Headers(headers).get("upload-metadata") ?? "";
    return new Response(JSON.stringify({ id: "upl_1", offset: 0 }), { status: 201 });
  });
  expect(await create(door, "صوت.m4a", 5)).toEqual({ path: "/upl_1", at: 0 });
  const encoded = metadata.replace("filename ", "");
  expect(new TextDecoder().decode(Uint8Array.from(atob(encoded), (one) => one.charCodeAt(0)))).toBe(
    "صوت.m4a",
  );
});
