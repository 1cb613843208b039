// One WebSocket to the hub that greets, pings, and comes back by itself. It knows nothing of
// conversations: follow.ts resumes them, outbox.ts resends what was not acknowledged.

import { backoff } from "./backoff.ts";
import { type Link, type LinkEvent, type LinkState, Lost, listeners, Refused } from "./link.ts";
import type { Command, Outcome, ServerFrame, Welcome } from "./protocol.ts";

/** The part of a WebSocket that is used. */
export type Wire = {
  readonly readyState?: number;
  send: (text: string) => void;
  close: (code?: number, reason?: string) => void;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number }) => void) | null;
};

export type SocketOptions = {
  /** Opens a connection; called anew for every try. */
  readonly open: () => Wire;
  /** A visitor's token; `refused` asks for a fresh one. Staff have a cookie and leave it out. */
  readonly token?: (refused: boolean) => Promise<string>;
  readonly random?: () => number;
  /** Whether the browser says that there is a network. */
  readonly online?: () => boolean;
};

export type Socket = Link & {
  /** The browser lost or found its network, or the page was shown again. */
  readonly nudge: () => void;
};

const REPLY_WITHIN = 15_000;
const PONG_WITHIN = 5_000;
const TOKEN_EXPIRED = 4001;
const UNAUTHENTICATED = 4502;

type Pending = {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
};

export function createSocket(options: SocketOptions): Socket {
  const random = options.random ?? Math.random;
  const online = options.online ?? (() => true);
  const { add, tell } = listeners<LinkEvent>();
  const pending = new Map<string, Pending>();
  let state: LinkState = "idle";
  let wire: Wire | undefined;
  let welcome: Welcome | undefined;
  let attempt = 0;
  let next = 0;
  let delay: number | undefined;
  let refused = false;
  let refusals = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;

  function become(to: LinkState, code?: number): void {
    if (state === to) return;
    state = to;
    tell(code === undefined ? { on: "state", state } : { on: "state", state, code });
  }

  function drop(): void {
    clearTimeout(silence);
    clearTimeout(retry);
    const old = wire;
    wire = undefined;
    welcome = undefined;
    if (old) {
      old.onopen = old.onmessage = old.onclose = null;
      old.close();
    }
    for (const [reference, waiting] of pending) {
      pending.delete(reference);
      clearTimeout(waiting.timer);
      waiting.reject(new Lost());
    }
  }

  function comeBack(code?: number): void {
    drop();
    if (!online()) {
      become("offline", code);
      return;
    }
    become("waiting", code);
    const wait = delay ?? backoff(attempt, random);
    delay = undefined;
    attempt += 1;
    retry = setTimeout(dial, wait);
  }

  function ended(code: number): void {
    if (code === UNAUTHENTICATED && options.token && refusals < 2) {
      refused = true;
      refusals += 1;
      comeBack(code);
    } else if (code >= 4500 && code < 5000) {
      drop();
      become("stopped", code);
    } else {
      if (code === TOKEN_EXPIRED) {
        refused = true;
        delay = 0;
      }
      comeBack(code);
    }
  }

  async function dial(): Promise<void> {
    drop();
    become("connecting");
    let token: string | undefined;
    if (options.token) {
      try {
        token = await options.token(refused);
      } catch {
        if (state === "connecting") comeBack();
        return;
      }
      // Somebody stopped or restarted the link while the token was fetched.
      if (state !== "connecting" || wire) return;
    }
    refused = false;
    const mine = options.open();
    wire = mine;
    mine.onclose = ({ code }) => ended(code);
    mine.onmessage = ({ data }) => {
      if (typeof data === "string") receive(data);
    };
    mine.onopen = () => {
      request(token === undefined ? { cmd: "hello" } : { cmd: "hello", token }).then(
        (outcome) => {
          if (outcome.is !== "welcome" || wire !== mine) return;
          attempt = 0;
          refusals = 0;
          welcome = outcome;
          become("online");
          tell({ on: "welcome", welcome: outcome });
        },
        (error) => {
          if (wire !== mine) return;
          if (error instanceof Refused) {
            if (error.retryAfter !== undefined) delay = error.retryAfter;
            ended(error.code === "unauthenticated" ? UNAUTHENTICATED : 4000);
          } else {
            comeBack();
          }
        },
      );
    };
  }

  function receive(text: string): void {
    const frame = parse(text);
    if (!frame) return;
    listenForSilence();
    if (frame.type === "reply") {
      const waiting = pending.get(frame.ref);
      if (!waiting) return;
      pending.delete(frame.ref);
      clearTimeout(waiting.timer);
      if (frame.error) waiting.reject(new Refused(frame.error));
      else waiting.resolve(frame.ok ?? { is: "done" });
      return;
    }
    if (frame.type === "signal" && frame.signal === "draining") delay = frame.retry_after_ms;
    tell({ on: "frame", frame });
  }

  /** A line can die without a word: after a silence it must prove that it lives. */
  function listenForSilence(): void {
    clearTimeout(silence);
    silence = setTimeout(prove, (welcome?.ping_ms ?? 25_000) + PONG_WITHIN);
  }

  function prove(): void {
    clearTimeout(silence);
    silence = setTimeout(() => comeBack(), PONG_WITHIN);
    request({ cmd: "ping" }).catch(() => {});
  }

  function request(command: Command): Promise<Outcome> {
    const through = wire;
    if (!through || (through.readyState ?? 1) !== 1 || (!welcome && command.cmd !== "hello"))
      return Promise.reject(new Lost());
    next += 1;
    const ref = String(next);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        pending.delete(ref);
        reject(new Lost());
      }, REPLY_WITHIN);
      pending.set(ref, { resolve, reject, timer });
      try {
        through.send(JSON.stringify({ ref, ...command }));
      } catch {
        pending.delete(ref);
        clearTimeout(timer);
        reject(new Lost());
      }
    });
  }

  return {
    state: () => state,
    welcome: () => welcome,
    request,
    listen: add,
    start: () => {
      if (state !== "idle" && state !== "stopped") return;
      attempt = 0;
      refusals = 0;
      if (online()) void dial();
      else become("offline");
    },
    stop: () => {
      drop();
      become("stopped");
    },
    nudge: () => {
      if (state === "idle" || state === "stopped") return;
      if (!online()) {
        drop();
        become("offline");
      } else if (state === "online") {
        prove();
      } else if (state === "waiting" || state === "offline") {
        attempt = 0;
        void dial();
      }
    },
  };
}

function parse(text: string): ServerFrame | undefined {
  try {
    return JSON.parse(text) as ServerFrame;
  } catch {
    return undefined;
  }
}

/** A socket in a browser: `base` is the hub's origin. */
export function browserSocket(base: string, token?: SocketOptions["token"]): Socket {
  // A visitor is not taken for the colleague whose cookie the same browser may hold.
  const url = `${base.replace(/^http/, "ws")}/v1/socket${token ? "?as=visitor" : ""}`;
  const socket = createSocket({
    open: () => new WebSocket(url) as Wire,
    online: () => navigator.onLine,
    ...(token ? { token } : {}),
  });
  // An open WebSocket stays silent for a long time when the network goes; the browser knows sooner.
  addEventListener("offline", socket.nudge);
  addEventListener("online", socket.nudge);
  addEventListener("pageshow", socket.nudge);
  return socket;
}
