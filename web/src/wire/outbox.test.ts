import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeLink, welcome } from "./fixtures.ts";
import { Lost, Refused } from "./link.ts";
import { createOutbox, memoryStore, newClientId, type OutMessage } from "./outbox.ts";
import type { Command, Outcome } from "./protocol.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const message = (id: string, more: Partial<OutMessage> = {}): OutMessage => ({
  client_id: id,
  body: `text ${id}`,
  files: [],
  at: Number(id),
  ...more,
});

/** Stores each client id once, like the hub. */
function hub() {
  const stored = new Map<string, Command>();
  const answer = async (command: Command): Promise<Outcome> => {
    if (command.cmd !== "send") return { is: "done" };
    const duplicate = stored.has(command.client_id);
    if (!duplicate) stored.set(command.client_id, command);
    const seq = [...stored.keys()].indexOf(command.client_id) + 1;
    return { is: "posted", conversation: "cnv_1", seq, duplicate };
  };
  return { stored, link: fakeLink(answer) };
}

const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

test("keeps what is written offline and sends it in order", async () => {
  const { link, stored } = hub();
  const store = memoryStore();
  const outbox = createOutbox({ link, store, prefix: "o:", changed: () => {} });
  outbox.add(message("1"));
  outbox.add(message("2"));
  await tick();
  expect(stored.size).toBe(0);
  link.tell({ on: "welcome", welcome });
  await tick();
  expect([...stored.keys()]).toEqual(["1", "2"]);
  expect(store.keys()).toEqual([]);
  expect(outbox.messages().map((one) => one.posted)).toEqual([1, 2]);
  outbox.arrived("1");
  expect(outbox.messages().map((one) => one.client_id)).toEqual(["2"]);
});

test("survives a reload", async () => {
  const { link, stored } = hub();
  const store = memoryStore();
  createOutbox({ link, store, prefix: "o:", changed: () => {} }).add(message("1"));
  const reloaded = createOutbox({ link, store, prefix: "o:", changed: () => {} });
  expect(reloaded.messages()).toHaveLength(1);
  link.tell({ on: "welcome", welcome });
  await tick();
  expect([...stored.keys()]).toEqual(["1"]);
});

test("an answer that got lost is asked for again and stored once", async () => {
  const { link, stored } = hub();
  const works = link.answer;
  link.answer = async (command) => {
    await works(command);
    throw new Lost();
  };
  const outbox = createOutbox({ link, store: memoryStore(), prefix: "o:", changed: () => {} });
  link.tell({ on: "welcome", welcome });
  outbox.add(message("1"));
  await tick();
  expect(outbox.messages()[0]?.posted).toBeUndefined();
  link.answer = works;
  link.tell({ on: "welcome", welcome });
  await tick();
  expect(outbox.messages()[0]?.posted).toBe(1);
  expect(stored.size).toBe(1);
});

test("a refusal marks its message and lets the next one through", async () => {
  const { link, stored } = hub();
  const works = link.answer;
  link.answer = (command) =>
    command.cmd === "send" && command.client_id === "1"
      ? Promise.reject(new Refused({ code: "text_too_long", message: "too long" }))
      : works(command);
  const store = memoryStore();
  const outbox = createOutbox({ link, store, prefix: "o:", changed: () => {} });
  link.tell({ on: "welcome", welcome });
  outbox.add(message("1"));
  outbox.add(message("2"));
  await tick(1);
  expect(outbox.messages()[0]).toMatchObject({ refused: "text_too_long", says: "too long" });
  expect([...stored.keys()]).toEqual(["2"]);
  link.answer = works;
  outbox.retry("1");
  await tick();
  expect([...stored.keys()]).toEqual(["2", "1"]);
});

test("too many at once waits as long as the hub says", async () => {
  const { link, stored } = hub();
  const works = link.answer;
  let refusals = 1;
  link.answer = (command) => {
    refusals -= 1;
    return refusals >= 0
      ? Promise.reject(new Refused({ code: "rate_limited", message: "slow", retry_after_ms: 3_000 }))
      : works(command);
  };
  const outbox = createOutbox({ link, store: memoryStore(), prefix: "o:", changed: () => {} });
  link.tell({ on: "welcome", welcome });
  outbox.add(message("1"));
  await tick(2_999);
  expect(stored.size).toBe(0);
  await tick(1);
  expect(stored.size).toBe(1);
});

test("files go first, once, and their ids travel with the message", async () => {
  const { link, stored } = hub();
  const uploads: string[] = [];
  let fails = true;
  const store = memoryStore();
  const outbox = createOutbox({
    link,
    store,
    prefix: "o:",
    changed: () => {},
    upload: async (file) => {
      uploads.push(file.key);
      if (file.key === "b" && fails) throw new Lost();
      return { id: `fil_${file.key}`, name: file.name, media_type: file.type, size: file.size };
    },
  });
  link.tell({ on: "welcome", welcome });
  const file = (key: string) => ({ key, name: key, type: "image/png", size: 1 });
  outbox.add(message("1", { files: [file("a"), file("b")] }));
  await tick();
  expect(stored.size).toBe(0);
  fails = false;
  await tick(20_000);
  expect(uploads).toEqual(["a", "b", "b"]);
  expect(stored.get("1")).toMatchObject({ files: ["fil_a", "fil_b"] });
});

test("what another tab wrote is taken over", async () => {
  const { link, stored } = hub();
  const store = memoryStore();
  const outbox = createOutbox({ link, store, prefix: "o:", changed: () => {} });
  link.tell({ on: "welcome", welcome });
  store.set("o:9", JSON.stringify(message("9")));
  store.set("o:8", "broken");
  outbox.flush();
  await tick();
  expect([...stored.keys()]).toEqual(["9"]);
});

test("client ids are short enough and differ", () => {
  const ids = new Set(Array.from({ length: 1_000 }, newClientId));
  expect(ids.size).toBe(1_000);
  for (const id of ids) expect(id.length).toBeLessThanOrEqual(64);
});
