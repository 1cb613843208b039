// Keeps a timeline up to date over a link: joins, resumes after a break, and closes holes.

import { type Link, Lost } from "./link.ts";
import type { ConversationId, ServerFrame } from "./protocol.ts";
import {
  type Apply,
  applyEvent,
  emptyTimeline,
  hasHole,
  type Timeline,
  type TimelineEvent,
} from "./timeline.ts";

export type Follower = {
  readonly state: () => Timeline;
  readonly leave: () => void;
};

export type FollowOptions = {
  readonly link: Link;
  readonly conversation: ConversationId;
  readonly changed: (state: Timeline) => void;
  /** The hub refused to let us in. */
  readonly refused?: (error: Error) => void;
  readonly from?: Timeline;
  readonly now?: () => number;
};

export function follow(options: FollowOptions): Follower {
  return followWith(applyEvent, options);
}

/** Follows with another idea of what an event does. */
export function followWith(applied: Apply, options: FollowOptions): Follower {
  const { link, conversation, changed } = options;
  const now = options.now ?? Date.now;
  let state = options.from ?? emptyTimeline;
  let joining = false;
  let left = false;
  let lapse: ReturnType<typeof setTimeout> | undefined;

  function apply(event: TimelineEvent): void {
    const before = state;
    state = applied(state, event);
    if (state !== before && !left) changed(state);
  }

  async function join(): Promise<void> {
    if (joining) return;
    joining = true;
    try {
      do {
        const outcome = await link.request({
          cmd: "join",
          conversation,
          after: state.last,
          ...(state.epoch === undefined ? {} : { epoch: state.epoch }),
        });
        if (left || outcome.is !== "joined") return;
        const before = state.last;
        apply({ is: "joined", joined: outcome });
        // What was heard but is not ours to read would be asked for without end.
        if (state.live && state.last === before) state = { ...state, heard: state.last };
      } while (!state.live || hasHole(state));
    } catch (error) {
      // A lost line joins again when it is back.
      if (!(error instanceof Lost) && error instanceof Error) options.refused?.(error);
    } finally {
      joining = false;
    }
  }

  function hear(frame: ServerFrame): void {
    if (frame.type === "event") {
      if (frame.conversation !== conversation) return;
      apply({ is: "entry", entry: frame.entry });
      if (hasHole(state)) void join();
    } else if (frame.type === "signal" && concerns(frame, conversation)) {
      apply({ is: "signal", signal: frame, now: now() });
      lapseTyping();
    }
  }

  function lapseTyping(): void {
    clearTimeout(lapse);
    const first = Math.min(...state.typing.map((one) => one.until));
    if (!Number.isFinite(first)) return;
    lapse = setTimeout(
      () => {
        apply({ is: "lapse", now: now() });
        lapseTyping();
      },
      Math.max(0, first - now()) + 50,
    );
  }

  const deafen = link.listen((event) => {
    if (event.on === "welcome") void join();
    else if (event.on === "frame") hear(event.frame);
    else if (event.state !== "online" && state.live) apply({ is: "lost" });
  });
  if (link.welcome()) void join();

  return {
    state: () => state,
    leave: () => {
      left = true;
      clearTimeout(lapse);
      deafen();
      link.request({ cmd: "leave", conversation }).catch(() => {});
    },
  };
}

function concerns(frame: Extract<ServerFrame, { type: "signal" }>, conversation: ConversationId): boolean {
  const about =
    frame.signal === "draft"
      ? frame.draft.conversation
      : "conversation" in frame
        ? frame.conversation
        : undefined;
  return (typeof about === "object" ? about.id : about) === conversation;
}
