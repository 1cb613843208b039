// One socket for all tabs of a page's origin: the tabs elect a leader over a BroadcastChannel, the
// leader owns the socket, the others speak through it.
//
// A leader answers "who" at once, also when its timers are throttled; a follower that gets no answer
// leads. If two lead for a moment, the one with the lower name stays: the hub takes a client id once,
// so nothing is sent twice.

import { type Link, type LinkEvent, type LinkState, Lost, listeners, Refused } from "./link.ts";
import type { Command, FrameError, Outcome, Welcome } from "./protocol.ts";

/** The part of a BroadcastChannel that is used. */
export type Channel = {
  postMessage: (message: unknown) => void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
};

type Message =
  | { readonly is: "who" }
  | { readonly is: "bye" }
  | { readonly is: "here"; readonly state: LinkState; readonly welcome: Welcome | undefined }
  | { readonly is: "event"; readonly event: LinkEvent }
  | { readonly is: "ask"; readonly id: number; readonly command: Command }
  | { readonly is: "answer"; readonly to: string; readonly id: number; readonly outcome: Outcome }
  | {
      readonly is: "answer";
      readonly to: string;
      readonly id: number;
      readonly error: FrameError | undefined;
    };

type Sent = Message & { readonly from: string };

type Pending = {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
};

const ANSWER_WITHIN = 150;
const LOOK_EVERY = 3_000;
const REPLY_WITHIN = 20_000;

/** `name` is unique per tab; `open` makes the socket, should this tab lead. */
export function sharedLink(channel: Channel, name: string, open: () => Link): Link {
  const { add, tell } = listeners<LinkEvent>();
  const pending = new Map<number, Pending>();
  let own: Link | undefined;
  let deafen: (() => void) | undefined;
  let leader: string | undefined;
  let running = false;
  let state: LinkState = "idle";
  let welcome: Welcome | undefined;
  let next = 0;
  let doubt: ReturnType<typeof setTimeout> | undefined;
  let look: ReturnType<typeof setInterval> | undefined;

  const post = (message: Message): void => channel.postMessage({ ...message, from: name });

  function hearLink(event: LinkEvent): void {
    if (event.on === "state") state = event.state;
    if (event.on === "welcome") welcome = event.welcome;
    else if (event.on === "state" && event.state !== "online") welcome = undefined;
    tell(event);
  }

  function lead(): void {
    clearTimeout(doubt);
    if (own || !running) return;
    follow(undefined);
    own = open();
    deafen = own.listen((event) => {
      hearLink(event);
      post({ is: "event", event });
    });
    own.start();
    post({ is: "here", state: own.state(), welcome: own.welcome() });
  }

  function resign(): void {
    deafen?.();
    own?.stop();
    own = undefined;
    deafen = undefined;
  }

  function follow(to: string | undefined): void {
    if (leader === to) return;
    leader = to;
    for (const [id, waiting] of pending) {
      pending.delete(id);
      clearTimeout(waiting.timer);
      waiting.reject(new Lost());
    }
  }

  function seek(): void {
    if (own || !running) return;
    post({ is: "who" });
    clearTimeout(doubt);
    doubt = setTimeout(lead, ANSWER_WITHIN + Math.random() * ANSWER_WITHIN);
  }

  function hear(message: Sent): void {
    switch (message.is) {
      case "who":
        if (own) post({ is: "here", state: own.state(), welcome: own.welcome() });
        return;
      case "here":
        if (own) {
          if (message.from > name) {
            post({ is: "here", state: own.state(), welcome: own.welcome() });
            return;
          }
          resign();
        }
        clearTimeout(doubt);
        adopt(message.from, message.state, message.welcome);
        return;
      case "bye":
        if (message.from !== leader) return;
        follow(undefined);
        hearLink({ on: "state", state: "connecting" });
        seek();
        return;
      case "event":
        if (!own && message.from === leader) hearLink(message.event);
        return;
      case "ask":
        if (own) answer(own, message.from, message.id, message.command);
        return;
      case "answer":
        if (message.to === name) settle(message);
    }
  }

  /** Takes a leader's word for how the line is, telling only what is new. */
  function adopt(from: string, now: LinkState, greeting: Welcome | undefined): void {
    const known = leader === from && welcome !== undefined;
    follow(from);
    if (now !== state) hearLink({ on: "state", state: now });
    if (greeting && !known) hearLink({ on: "welcome", welcome: greeting });
  }

  function answer(link: Link, to: string, id: number, command: Command): void {
    link.request(command).then(
      (outcome) => post({ is: "answer", to, id, outcome }),
      (error) =>
        post({
          is: "answer",
          to,
          id,
          error:
            error instanceof Refused
              ? {
                  code: error.code,
                  message: error.message,
                  ...(error.retryAfter === undefined ? {} : { retry_after_ms: error.retryAfter }),
                }
              : undefined,
        }),
    );
  }

  function settle(message: Extract<Sent, { is: "answer" }>): void {
    const waiting = pending.get(message.id);
    if (!waiting) return;
    pending.delete(message.id);
    clearTimeout(waiting.timer);
    if ("outcome" in message) waiting.resolve(message.outcome);
    else waiting.reject(message.error ? new Refused(message.error) : new Lost());
  }

  function ask(command: Command): Promise<Outcome> {
    if (!leader || !welcome) return Promise.reject(new Lost());
    next += 1;
    const id = next;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        pending.delete(id);
        reject(new Lost());
      }, REPLY_WITHIN);
      pending.set(id, { resolve, reject, timer });
      post({ is: "ask", id, command });
    });
  }

  return {
    state: () => state,
    welcome: () => welcome,
    request: (command) => (own ? own.request(command) : ask(command)),
    listen: add,
    start: () => {
      if (running) return;
      running = true;
      channel.onmessage = ({ data }) => {
        if (running) hear(data as Sent);
      };
      hearLink({ on: "state", state: "connecting" });
      seek();
      look = setInterval(seek, LOOK_EVERY);
    },
    stop: () => {
      if (!running) return;
      running = false;
      clearInterval(look);
      clearTimeout(doubt);
      const led = own !== undefined;
      resign();
      follow(undefined);
      if (led) post({ is: "bye" });
      hearLink({ on: "state", state: "stopped" });
    },
  };
}
