import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FakeWire, fakeWire, welcome } from "./fixtures.ts";
import { type LinkState, Lost, Refused } from "./link.ts";
import { createSocket, type SocketOptions } from "./socket.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setup(options: Partial<SocketOptions> = {}) {
  const wires: FakeWire[] = [];
  const states: LinkState[] = [];
  const socket = createSocket({
    open: () => {
      const wire = fakeWire();
      wires.push(wire);
      return wire;
    },
    random: () => 1,
    ...options,
  });
  socket.listen((event) => {
    if (event.on === "state") states.push(event.state);
  });
  const wire = () => wires.at(-1) ?? fakeWire();
  const greet = async () => {
    await vi.advanceTimersByTimeAsync(0);
    wire().onopen?.();
    wire().reply("hello", { is: "welcome", ...welcome });
    await vi.advanceTimersByTimeAsync(0);
  };
  return { socket, wires, states, wire, greet };
}

test("greets before anything else and says when it is online", async () => {
  const { socket, states, wire, greet } = setup({ token: async () => "secret" });
  socket.start();
  await expect(socket.request({ cmd: "ping" })).rejects.toBeInstanceOf(Lost);
  await greet();
  expect(wire().sent).toEqual([{ ref: "1", cmd: "hello", token: "secret" }]);
  expect(states).toEqual(["connecting", "online"]);
});

test("a reply finds its command, a refusal carries its code", async () => {
  const { socket, wire, greet } = setup();
  socket.start();
  await greet();
  const first = socket.request({ cmd: "inbox", on: true });
  const second = socket.request({ cmd: "undo", draft: "drf_1" });
  wire().give({
    type: "reply",
    ref: "3",
    error: { code: "already_sent", message: "it was sent", retry_after_ms: 5 },
  });
  wire().reply("inbox", { is: "done" });
  await expect(first).resolves.toEqual({ is: "done" });
  await expect(second).rejects.toMatchObject({ code: "already_sent", retryAfter: 5 });
  await expect(second).rejects.toBeInstanceOf(Refused);
});

test("a dropped line loses what was under way and comes back, later each time", async () => {
  const { socket, wires, wire, greet } = setup();
  socket.start();
  await greet();
  const asked = socket.request({ cmd: "ping" });
  wire().onclose?.({ code: 1006 });
  await expect(asked).rejects.toBeInstanceOf(Lost);
  await vi.advanceTimersByTimeAsync(499);
  expect(wires).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(wires).toHaveLength(2);
  wire().onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(999);
  expect(wires).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(wires).toHaveLength(3);
  await greet();
  expect(socket.state()).toBe("online");
  wire().onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(500);
  expect(wires).toHaveLength(4);
});

test.each([4000, 4001, 4002, 4008, 4011])("close code %i comes back", async (code) => {
  const { socket, wires, wire, greet } = setup();
  socket.start();
  await greet();
  wire().onclose?.({ code });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(wires.length).toBeGreaterThan(1);
});

test.each([4500, 4501, 4502, 4503, 4509])("close code %i stays away", async (code) => {
  const { socket, wires, wire, greet } = setup();
  socket.start();
  await greet();
  wire().onclose?.({ code });
  await vi.advanceTimersByTimeAsync(120_000);
  expect(wires).toHaveLength(1);
  expect(socket.state()).toBe("stopped");
});

test("a token that ran out is fetched afresh, at once", async () => {
  const asked: boolean[] = [];
  const { socket, wires, wire, greet } = setup({
    token: async (refused) => {
      asked.push(refused);
      return "t";
    },
  });
  socket.start();
  await greet();
  wire().onclose?.({ code: 4001 });
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toEqual([false, true]);
  expect(wires).toHaveLength(2);
});

test("a token that is never taken is not tried for ever", async () => {
  const { socket, wires, wire } = setup({ token: async () => "t" });
  socket.start();
  for (let i = 0; i < 5; i += 1) {
    await vi.advanceTimersByTimeAsync(20_000);
    wire().onopen?.();
    wire().onclose?.({ code: 4502 });
  }
  expect(socket.state()).toBe("stopped");
  expect(wires).toHaveLength(3);
});

test("a hub that restarts says when to come back", async () => {
  const { socket, wires, wire, greet } = setup();
  socket.start();
  await greet();
  wire().give({ type: "signal", signal: "draining", retry_after_ms: 7_000 });
  wire().onclose?.({ code: 4000 });
  await vi.advanceTimersByTimeAsync(6_999);
  expect(wires).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(wires).toHaveLength(2);
});

test("a silent line must prove that it lives", async () => {
  const { socket, wires, wire, greet } = setup();
  socket.start();
  await greet();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(wire().sent.at(-1)).toMatchObject({ cmd: "ping" });
  wire().reply("ping", { is: "done" });
  await vi.advanceTimersByTimeAsync(29_999);
  expect(socket.state()).toBe("online");
  await vi.advanceTimersByTimeAsync(1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(socket.state()).toBe("waiting");
  await vi.advanceTimersByTimeAsync(500);
  expect(wires).toHaveLength(2);
});

test("without a network it waits for one instead of trying", async () => {
  let network = true;
  const { socket, wires, wire, greet } = setup({ online: () => network });
  socket.start();
  await greet();
  network = false;
  socket.nudge();
  expect(socket.state()).toBe("offline");
  expect(wire().closed).toBe(true);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(wires).toHaveLength(1);
  network = true;
  socket.nudge();
  await vi.advanceTimersByTimeAsync(0);
  expect(wires).toHaveLength(2);
});

test("broken frames and replies to nobody are passed over", async () => {
  const { socket, wire, greet } = setup();
  socket.start();
  await greet();
  wire().onmessage?.({ data: "{" });
  wire().give({ type: "reply", ref: "99", ok: { is: "done" } });
  expect(socket.state()).toBe("online");
});
