// Stand-ins for tests: a line that the test holds in its hand.

import type { Link, LinkEvent } from "./link.ts";
import { listeners } from "./link.ts";
import type { Command, CommandFrame, Entry, Outcome, ServerFrame, Welcome } from "./protocol.ts";
import type { Wire } from "./socket.ts";

export const welcome: Welcome = {
  you: { as: "contact", id: "ctc_1" },
  workspace: "wsp_1",
  epoch: "e1",
  ping_ms: 25_000,
};

export function entry(seq: number, prev = seq - 1, more: Partial<Entry> = {}): Entry {
  return {
    seq,
    prev,
    audience: "everyone",
    actor: { kind: "contact", id: "ctc_1" },
    author: "Ines",
    body: `message ${seq}`,
    content: { kind: "message" },
    at: "2026-11-21T09:00:00.000000Z",
    ...more,
  };
}

export type FakeWire = Wire & {
  readonly sent: CommandFrame[];
  closed: boolean;
  readonly give: (frame: ServerFrame) => void;
  readonly reply: (cmd: Command["cmd"], ok: Outcome) => void;
};

export function fakeWire(): FakeWire {
  const wire: FakeWire = {
    sent: [],
    closed: false,
    onopen: null,
    onmessage: null,
    onclose: null,
    send: (text) => void wire.sent.push(JSON.parse(text) as CommandFrame),
    close: () => {
      wire.closed = true;
    },
    give: (frame) => wire.onmessage?.({ data: JSON.stringify(frame) }),
    reply: (cmd, ok) => {
      const asked = wire.sent.findLast((frame) => frame.cmd === cmd);
      wire.give({ type: "reply", ref: asked?.ref ?? "", ok });
    },
  };
  return wire;
}

export type FakeLink = Link & {
  readonly asked: Command[];
  readonly tell: (event: LinkEvent) => void;
  /** Answers commands; a promise that never ends stands for a dead line. */
  answer: (command: Command) => Promise<Outcome>;
  up: boolean;
  stopped: boolean;
};

export function fakeLink(answer: (command: Command) => Promise<Outcome>): FakeLink {
  const { add, tell } = listeners<LinkEvent>();
  const link: FakeLink = {
    asked: [],
    up: false,
    stopped: false,
    answer,
    tell: (event) => {
      if (event.on === "welcome") link.up = true;
      if (event.on === "state") link.up = event.state === "online";
      tell(event);
    },
    state: () => (link.up ? "online" : "waiting"),
    welcome: () => (link.up ? welcome : undefined),
    request: (command) => {
      link.asked.push(command);
      return link.answer(command);
    },
    listen: add,
    start: () => {},
    stop: () => {
      link.stopped = true;
    },
  };
  return link;
}
