import { expect, test, vi } from "vitest";
import { entry, fakeLink, welcome } from "./fixtures.ts";
import { follow } from "./follow.ts";
import { Lost } from "./link.ts";
import type { Command, Entry, Outcome } from "./protocol.ts";

/** A hub with one conversation, of which a connection may miss events. */
function hub() {
  const entries: Entry[] = [];
  let page = 200;
  let epoch = "e1";
  const answer = async (command: Command): Promise<Outcome> => {
    if (command.cmd !== "join") return { is: "done" };
    const resync = command.epoch !== undefined && command.epoch !== epoch;
    const after = resync ? 0 : (command.after ?? 0);
    const rest = entries.filter((one) => one.seq > after);
    return {
      is: "joined",
      conversation: "cnv_1",
      epoch,
      resync,
      entries: rest.slice(0, page),
      more: rest.length > page,
    };
  };
  const link = fakeLink(answer);
  return {
    link,
    entries,
    write: (heard: boolean) => {
      const one = entry(entries.length + 1);
      entries.push(one);
      if (heard) link.tell({ on: "frame", frame: { type: "event", conversation: "cnv_1", entry: one } });
    },
    pages: (size: number) => {
      page = size;
    },
    restore: (to: string, keep: number) => {
      epoch = to;
      entries.length = keep;
    },
  };
}

const settle = () => vi.waitFor(() => {}, { interval: 1 });
const up = (link: ReturnType<typeof fakeLink>) => link.tell({ on: "welcome", welcome });
const down = (link: ReturnType<typeof fakeLink>) => link.tell({ on: "state", state: "waiting" });

async function until(check: () => void): Promise<void> {
  await vi.waitFor(check, { interval: 1, timeout: 500 });
}

test("joins on every welcome, from where it stands", async () => {
  const { link, write } = hub();
  write(false);
  const follower = follow({ link, conversation: "cnv_1", changed: () => {} });
  up(link);
  await until(() => expect(follower.state().last).toBe(1));
  down(link);
  expect(follower.state().live).toBe(false);
  write(false);
  write(false);
  up(link);
  await until(() => expect(follower.state().last).toBe(3));
  expect(link.asked.filter((one) => one.cmd === "join").at(-1)).toEqual({
    cmd: "join",
    conversation: "cnv_1",
    after: 1,
    epoch: "e1",
  });
});

test("a lost event is noticed with the next one and fetched", async () => {
  const { link, write } = hub();
  const follower = follow({ link, conversation: "cnv_1", changed: () => {} });
  up(link);
  await until(() => expect(follower.state().live).toBe(true));
  write(true);
  write(false);
  write(true);
  await until(() => expect(follower.state().last).toBe(3));
  expect(follower.state().entries.map((one) => one.seq)).toEqual([1, 2, 3]);
});

test("long histories come in pages, and what is written meanwhile is not lost", async () => {
  const { link, write, pages } = hub();
  pages(2);
  for (let i = 0; i < 5; i += 1) write(false);
  const follower = follow({ link, conversation: "cnv_1", changed: () => {} });
  up(link);
  write(true);
  await until(() => expect(follower.state().last).toBe(6));
  expect(follower.state().live).toBe(true);
});

test("a restored store is read anew", async () => {
  const { link, write, restore } = hub();
  for (let i = 0; i < 4; i += 1) write(false);
  const follower = follow({ link, conversation: "cnv_1", changed: () => {} });
  up(link);
  await until(() => expect(follower.state().last).toBe(4));
  down(link);
  restore("e2", 2);
  up(link);
  await until(() => expect(follower.state().last).toBe(2));
});

test("a line that drops during a join joins again", async () => {
  const { link, write } = hub();
  write(false);
  const works = link.answer;
  link.answer = () => Promise.reject(new Lost());
  const follower = follow({ link, conversation: "cnv_1", changed: () => {} });
  up(link);
  await settle();
  expect(follower.state().last).toBe(0);
  link.answer = works;
  up(link);
  await until(() => expect(follower.state().last).toBe(1));
});

test("two hundred random drops heal without loss or doubles", async () => {
  const { link, write, entries } = hub();
  let random = 7;
  const chance = (percent: number) => {
    random = (random * 1103515245 + 12345) % 2147483648;
    return random % 100 < percent;
  };
  const follower = follow({ link, conversation: "cnv_1", changed: () => {} });
  up(link);
  for (let i = 0; i < 200; i += 1) {
    if (chance(20)) (link.up ? down : up)(link);
    write(link.up && chance(70));
    if (chance(30)) await settle();
  }
  up(link);
  await until(() => expect(follower.state().last).toBe(entries.length));
  expect(follower.state().entries).toEqual(entries);
});
