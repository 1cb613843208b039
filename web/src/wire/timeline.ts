// What a client knows of one conversation, as a pure function of what it heard.
//
// Invariant: `entries` is a gapless prefix of the timeline this reader may see, in order. An entry that
// does not continue it is not taken; `heard` remembers that it exists, and follow.ts asks again.

import type {
  Actor,
  ConversationSummary,
  DraftView,
  Entry,
  Joined,
  Person,
  Signal,
  StageName,
  StageState,
  TurnId,
} from "./protocol.ts";

export type Typing = { readonly actor: Actor; readonly name: string; readonly until: number };

export type Stage = {
  readonly turn: TurnId;
  readonly stage: StageName;
  readonly state: StageState;
  readonly micros?: number;
  readonly summary?: string;
};

export type Timeline = {
  readonly epoch: string | undefined;
  readonly entries: readonly Entry[];
  /** The `seq` of the last entry; 0 before the first. */
  readonly last: number;
  /** The highest `seq` heard of; above `last` there is a hole. */
  readonly heard: number;
  /** Whether the last join gave everything: live events follow without a gap. */
  readonly live: boolean;
  readonly summary: ConversationSummary | undefined;
  readonly draft: DraftView | undefined;
  /** The stages of the newest turn. */
  readonly stages: readonly Stage[];
  readonly typing: readonly Typing[];
  /** The last entry each reader saw, by `actorKey`. */
  readonly reads: Readonly<Record<string, number>>;
  readonly viewers: readonly Person[];
  readonly contactOnline: boolean;
  readonly staffOnline: boolean;
};

export type TimelineEvent =
  | { readonly is: "joined"; readonly joined: Joined }
  | { readonly is: "entry"; readonly entry: Entry }
  | { readonly is: "signal"; readonly signal: Signal; readonly now: number }
  | { readonly is: "lapse"; readonly now: number }
  | { readonly is: "lost" };

export const TYPING_LAPSES = 6_000;

export const emptyTimeline: Timeline = {
  epoch: undefined,
  entries: [],
  last: 0,
  heard: 0,
  live: false,
  summary: undefined,
  draft: undefined,
  stages: [],
  typing: [],
  reads: {},
  viewers: [],
  contactOnline: false,
  staffOnline: false,
};

/** A text that stands for an actor; all staff of a business read as one to a customer. */
export function actorKey(actor: Actor): string {
  return "id" in actor ? actor.id : actor.kind;
}

export function hasHole(state: Timeline): boolean {
  return state.heard > state.last;
}

export type Apply = (state: Timeline, event: TimelineEvent) => Timeline;

/** What staff hear. */
export const applyEvent: Apply = (state, event) =>
  event.is === "signal" ? applySignal(state, event.signal, event.now) : applyPublicEvent(state, event);

/** What customers hear: no drafts, no stages, no inbox. */
export const applyPublicEvent: Apply = (state, event) => {
  switch (event.is) {
    case "joined":
      return applyJoined(state, event.joined);
    case "entry":
      return applyEntry(state, event.entry);
    case "signal":
      return applyPublicSignal(state, event.signal, event.now);
    case "lapse":
      return withTyping(
        state,
        state.typing.filter((one) => one.until > event.now),
      );
    case "lost":
      // Whoever typed or looked may have stopped unheard.
      return { ...state, live: false, typing: [], viewers: [], contactOnline: false, staffOnline: false };
  }
};

function applyJoined(state: Timeline, joined: Joined): Timeline {
  const other = joined.resync || (state.epoch !== undefined && state.epoch !== joined.epoch);
  let next: Timeline = other
    ? { ...emptyTimeline, epoch: joined.epoch, reads: state.reads }
    : { ...state, epoch: joined.epoch };
  next = appendAll(next, joined.entries);
  const reads: Record<string, number> = { ...next.reads };
  for (const { actor, seq } of joined.reads ?? []) {
    const key = actorKey(actor);
    reads[key] = Math.max(reads[key] ?? 0, seq);
  }
  return {
    ...next,
    reads,
    heard: Math.max(next.last, next.heard),
    live: !joined.more,
    summary: joined.summary ?? next.summary,
    draft: joined.more ? next.draft : joined.draft,
  };
}

/** Entries of a join follow each other, but the first ones may be known already. */
function appendAll(state: Timeline, entries: readonly Entry[]): Timeline {
  const fresh = entries.filter((entry) => entry.seq > state.last);
  const last = fresh.at(-1);
  if (!last) return state;
  return { ...state, entries: [...state.entries, ...fresh], last: last.seq };
}

function applyEntry(state: Timeline, entry: Entry): Timeline {
  if (entry.seq <= state.last) return state;
  const heard = Math.max(state.heard, entry.seq);
  if (entry.prev !== state.last) return heard === state.heard ? state : { ...state, heard };
  const author = actorKey(entry.actor);
  return {
    ...state,
    entries: [...state.entries, entry],
    last: entry.seq,
    heard,
    // Who has just spoken has stopped typing.
    typing: state.typing.some((one) => actorKey(one.actor) === author)
      ? state.typing.filter((one) => actorKey(one.actor) !== author)
      : state.typing,
  };
}

function applyPublicSignal(state: Timeline, signal: Signal, now: number): Timeline {
  switch (signal.signal) {
    case "typing": {
      const key = actorKey(signal.actor);
      const others = state.typing.filter((one) => actorKey(one.actor) !== key);
      const typing = { actor: signal.actor, name: signal.name, until: now + TYPING_LAPSES };
      return withTyping(state, signal.on ? [...others, typing] : others);
    }
    case "read": {
      const key = actorKey(signal.actor);
      if ((state.reads[key] ?? 0) >= signal.seq) return state;
      return { ...state, reads: { ...state.reads, [key]: signal.seq } };
    }
    case "presence":
      return {
        ...state,
        viewers: signal.viewers,
        contactOnline: signal.contact_online,
        staffOnline: signal.staff_online,
      };
    default:
      return state;
  }
}

function applySignal(state: Timeline, signal: Signal, now: number): Timeline {
  switch (signal.signal) {
    case "stage":
      return applyStage(state, signal);
    case "draft_delta": {
      const draft = state.draft;
      if (draft?.id !== signal.draft || ![0, draft.text.length].includes(signal.offset)) return state;
      // At 0 another model, or the built-in engine, begins anew.
      return { ...state, draft: { ...draft, text: draft.text.slice(0, signal.offset) + signal.text } };
    }
    case "draft":
      return applyDraft(state, signal.draft);
    case "inbox":
      return { ...state, summary: signal.conversation };
    default:
      return applyPublicSignal(state, signal, now);
  }
}

function applyStage(state: Timeline, signal: Extract<Signal, { signal: "stage" }>): Timeline {
  const { turn, stage, micros, summary } = signal;
  const one: Stage = {
    turn,
    stage,
    state: signal.state,
    ...(micros === undefined ? {} : { micros }),
    ...(summary === undefined ? {} : { summary }),
  };
  const same = state.stages.filter((known) => known.turn === turn);
  const at = same.findIndex((known) => known.stage === stage);
  return { ...state, stages: at < 0 ? [...same, one] : same.with(at, one) };
}

/** Signals may come late: a draft never goes back to an older one or an older revision. */
function applyDraft(state: Timeline, draft: DraftView): Timeline {
  const known = state.draft;
  if (known && known.id !== draft.id && known.created_at > draft.created_at) return state;
  if (known?.id === draft.id && known.revision > draft.revision) return state;
  return { ...state, draft };
}

function withTyping(state: Timeline, typing: readonly Typing[]): Timeline {
  return typing.length === 0 && state.typing.length === 0 ? state : { ...state, typing };
}
