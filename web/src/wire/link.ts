// What the rest of a client needs from a connection, however it is made: by this tab's own socket
// (socket.ts) or by the socket of another tab (tabs.ts).

import type { Command, ErrorCode, FrameError, Outcome, ServerFrame, Welcome } from "./protocol.ts";

/** `waiting`: the line is down and a try is due; `offline`: the browser has no network;
 *  `stopped`: the hub said not to come back, or the owner closed the link. */
export type LinkState = "idle" | "connecting" | "online" | "waiting" | "offline" | "stopped";

export type LinkEvent =
  | { readonly on: "state"; readonly state: LinkState; readonly code?: number }
  | { readonly on: "welcome"; readonly welcome: Welcome }
  | { readonly on: "frame"; readonly frame: ServerFrame };

export type Link = {
  readonly state: () => LinkState;
  readonly welcome: () => Welcome | undefined;
  /** Sends a command; rejects with `Refused` when the hub says no and with `Lost` when the line drops. */
  readonly request: (command: Command) => Promise<Outcome>;
  /** Hears everything that happens from now on; the returned function ends that. */
  readonly listen: (hear: (event: LinkEvent) => void) => () => void;
  readonly start: () => void;
  readonly stop: () => void;
};

/** The hub refused a command. */
export class Refused extends Error {
  readonly code: ErrorCode;
  readonly retryAfter: number | undefined;

  constructor(error: FrameError) {
    super(error.message);
    this.name = "Refused";
    this.code = error.code;
    this.retryAfter = error.retry_after_ms;
  }
}

/** Nobody knows whether the command arrived: the line dropped or no answer came. */
export class Lost extends Error {
  constructor() {
    super("the line dropped");
    this.name = "Lost";
  }
}

/** A list of listeners that survives one of them failing or leaving while it is being told. */
export function listeners<E>(): { add: (hear: (event: E) => void) => () => void; tell: (event: E) => void } {
  const all = new Set<(event: E) => void>();
  return {
    add: (hear) => {
      all.add(hear);
      return () => all.delete(hear);
    },
    tell: (event) => {
      for (const hear of [...all]) {
        try {
          hear(event);
        } catch (error) {
          console.error("concierge:", error);
        }
      }
    },
  };
}
