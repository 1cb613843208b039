import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FakeLink, fakeLink, welcome } from "./fixtures.ts";
import { Lost, Refused } from "./link.ts";
import { type Channel, sharedLink } from "./tabs.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function browser() {
  const channels = new Set<Channel>();
  const sockets: FakeLink[] = [];
  const tab = (name: string) => {
    const channel: Channel = {
      onmessage: null,
      postMessage: (message) => {
        const copy = structuredClone(message);
        for (const other of channels)
          if (other !== channel) queueMicrotask(() => other.onmessage?.({ data: copy }));
      },
    };
    channels.add(channel);
    const link = sharedLink(channel, name, () => {
      const socket = fakeLink(async () => ({ is: "done" }));
      sockets.push(socket);
      return socket;
    });
    return {
      link,
      crash: () => {
        channels.delete(channel);
        channel.postMessage = () => {};
        channel.onmessage = null;
      },
    };
  };
  return { tab, sockets };
}

const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

test("several tabs open one socket and all hear it", async () => {
  const { tab, sockets } = browser();
  const [a, b, c] = [tab("a"), tab("b"), tab("c")];
  a.link.start();
  await tick(400);
  b.link.start();
  c.link.start();
  await tick(400);
  expect(sockets).toHaveLength(1);
  const heard: string[] = [];
  b.link.listen((event) => heard.push(event.on));
  sockets[0]?.tell({ on: "state", state: "online" });
  sockets[0]?.tell({ on: "welcome", welcome });
  await tick();
  expect(heard).toEqual(["state", "welcome"]);
  expect(c.link.state()).toBe("online");
  expect(c.link.welcome()).toEqual(welcome);
});

test("a follower speaks through the leader and gets its own answers", async () => {
  const { tab, sockets } = browser();
  const [a, b] = [tab("a"), tab("b")];
  a.link.start();
  await tick(400);
  b.link.start();
  await tick(400);
  await expect(b.link.request({ cmd: "ping" })).rejects.toBeInstanceOf(Lost);
  sockets[0]?.tell({ on: "welcome", welcome });
  await tick();
  await expect(b.link.request({ cmd: "ping" })).resolves.toEqual({ is: "done" });
  if (sockets[0]) sockets[0].answer = () => Promise.reject(new Refused({ code: "forbidden", message: "no" }));
  await expect(b.link.request({ cmd: "ping" })).rejects.toMatchObject({ code: "forbidden" });
});

test("when the leader goes, another tab leads and greets anew", async () => {
  const { tab, sockets } = browser();
  const [a, b] = [tab("a"), tab("b")];
  a.link.start();
  await tick(400);
  b.link.start();
  await tick(400);
  a.link.stop();
  await tick(400);
  expect(sockets).toHaveLength(2);
  let greeted = 0;
  b.link.listen((event) => {
    if (event.on === "welcome") greeted += 1;
  });
  sockets[1]?.tell({ on: "welcome", welcome });
  expect(greeted).toBe(1);
});

test("a leader that dies without a word is missed, and what was asked of it is lost", async () => {
  const { tab, sockets } = browser();
  const [a, b] = [tab("a"), tab("b")];
  a.link.start();
  await tick(400);
  b.link.start();
  await tick(400);
  sockets[0]?.tell({ on: "welcome", welcome });
  await tick();
  if (sockets[0]) sockets[0].answer = () => new Promise(() => {});
  const asked = b.link.request({ cmd: "ping" });
  const lost = expect(asked).rejects.toBeInstanceOf(Lost);
  a.crash();
  await tick(4_000);
  await lost;
  expect(sockets).toHaveLength(2);
});

test("tabs that start together end with one socket", async () => {
  const { tab, sockets } = browser();
  const tabs = ["x", "m", "b"].map(tab);
  for (const one of tabs) one.link.start();
  await tick(10_000);
  const open = sockets.filter((socket) => !socket.stopped);
  expect(open).toHaveLength(1);
  open[0]?.tell({ on: "welcome", welcome });
  await tick();
  expect(tabs.every((one) => one.link.welcome() !== undefined)).toBe(true);
});
