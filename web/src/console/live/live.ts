/** The one socket of the console: followed conversations, and inbox signals patched into the query cache. */
import { create } from "zustand";
import { type Follower, follow } from "@/wire/follow";
import type { LinkState } from "@/wire/link";
import {
  browserStore,
  createOutbox,
  newClientId,
  type Outbox,
  type OutFile,
  type OutMessage,
} from "@/wire/outbox";
import { browserSocket, type Socket } from "@/wire/socket";
import { applyEvent, emptyTimeline, type Timeline } from "@/wire/timeline";
import { api, queries } from "../api";
import type { DraftView, ServerFrame } from "../types";
import { hearNotice, hearSeen } from "./bell";
import { hearEditing, hearViewers } from "./fields";
import { patchDraft, patchInbox, staleInbox } from "./inbox";
import { patchDocument } from "./knowledge";
import { forgetLeases, hearLease } from "./lease";
import { renew } from "./news";

type Live = {
  readonly link: LinkState;
  /** The line is down and people should know: not while it opens for the first time, but until it is back. */
  readonly down: boolean;
  readonly rooms: Readonly<Record<string, Timeline>>;
  /** The draft that a rewrite replaced, by conversation. */
  readonly earlier: Readonly<Record<string, DraftView>>;
  readonly outbox: readonly OutMessage[];
};

export const useLive = create<Live>(() => ({
  link: "idle",
  down: false,
  rooms: {},
  earlier: {},
  outbox: [],
}));

const socket: Socket = browserSocket(location.origin);
let outbox: Outbox | undefined;
let me = "";

socket.listen((event) => {
  if (event.on === "state") {
    const { down } = useLive.getState();
    const opening = event.state === "idle" || event.state === "connecting";
    useLive.setState({ link: event.state, down: opening ? down : event.state !== "online" });
    if (event.state === "stopped" && (event.code === 4502 || event.code === 4503)) {
      window.dispatchEvent(new Event("concierge:signed-out"));
    }
  } else if (event.on === "welcome") {
    // Who is on which draft comes anew with the inbox.
    forgetLeases();
    // What was fetched before the hub tells of changes may have missed one.
    socket.request({ cmd: "inbox", on: true }).then(staleInbox, () => {});
  } else {
    hear(event.frame);
  }
});

export const myId = (): string => me;

/** The socket; screens may use it before it is open, their commands are then lost and asked again. */
export const line = (): Socket => socket;

export const isOnline = (): boolean => useLive.getState().link === "online";

export function openLine(staff: string): void {
  if (outbox === undefined) {
    me = staff;
    outbox = createOutbox({
      link: socket,
      store: browserStore(),
      prefix: `concierge.desk.${staff}.`,
      changed: (messages) => useLive.setState({ outbox: messages }),
    });
    useLive.setState({ outbox: outbox.messages() });
  }
  socket.start();
}

export const closeLine = (): void => socket.stop();

function hear(frame: ServerFrame): void {
  if (frame.type === "signal") {
    if (frame.signal === "inbox") patchInbox(frame.conversation, me, rooms.has(frame.conversation.id));
    else if (frame.signal === "inbox_stale") staleInbox();
    else if (frame.signal === "draft") patchDraft(frame.draft);
    else if (frame.signal === "document") patchDocument(frame);
    else if (frame.signal === "fill") queries.setQueryData(["fill", frame.fill.schema], frame.fill);
    else if (frame.signal === "lease") hearLease(frame.conversation, frame.lease);
    else if (frame.signal === "editing_field")
      hearEditing(frame.conversation, frame.person, frame.field, frame.on);
    else if (frame.signal === "presence") hearViewers(frame.conversation, frame.viewers);
    else if (frame.signal === "notice") hearNotice(frame.notice, frame.unread);
    else if (frame.signal === "notices_seen") hearSeen(frame.seq, frame.unread);
  } else if (frame.type === "event") {
    if (frame.entry.client_id !== undefined) outbox?.arrived(frame.entry.client_id);
    const { kind } = frame.entry.content;
    if (kind === "field_changed" || kind === "status_moved") {
      renew(["context", frame.conversation]);
    }
  }
}

const rooms = new Map<string, { follower: Follower; users: number }>();
const waiting = new Map<string, Timeline>();
let scheduled = false;

/** Hands what changed to the screen once per frame, however many pieces of a draft came in. */
function show(conversation: string, timeline: Timeline): void {
  waiting.set(conversation, timeline);
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(flush, 200);
  else requestAnimationFrame(flush);
}

function flush(): void {
  scheduled = false;
  const { rooms: known, earlier } = useLive.getState();
  const nextEarlier = { ...earlier };
  for (const [conversation, timeline] of waiting) {
    const before = known[conversation]?.draft;
    if (before && timeline.draft && before.id !== timeline.draft.id && before.status !== "sent") {
      nextEarlier[conversation] = before;
    }
  }
  useLive.setState({ rooms: { ...known, ...Object.fromEntries(waiting) }, earlier: nextEarlier });
  waiting.clear();
}

/** Follows a conversation until the returned function is called. */
export function enter(conversation: string): () => void {
  const room = rooms.get(conversation);
  if (room) {
    room.users += 1;
  } else {
    const from = useLive.getState().rooms[conversation] ?? emptyTimeline;
    rooms.set(conversation, {
      users: 1,
      follower: follow({
        link: line(),
        conversation,
        from: { ...from, live: false, heard: from.last },
        changed: (timeline) => show(conversation, timeline),
      }),
    });
  }
  return () => {
    const joined = rooms.get(conversation);
    if (!joined) return;
    joined.users -= 1;
    if (joined.users > 0) return;
    joined.follower.leave();
    rooms.delete(conversation);
  };
}

/** Fetches a conversation before it is opened, without being seen in it. */
export async function prefetch(conversation: string): Promise<void> {
  if (useLive.getState().rooms[conversation] || rooms.has(conversation)) return;
  try {
    const page = await api.entries(conversation, 0);
    if (rooms.has(conversation)) return;
    const joined = { conversation, resync: false, epoch: page.epoch, entries: page.entries, more: true };
    show(conversation, applyEvent(emptyTimeline, { is: "joined", joined }));
  } catch {
    // Opening it will fetch it again.
  }
}

/** What a reply to a command says about a draft, before the signal does. */
export function takeDraft(draft: DraftView): void {
  patchDraft(draft);
  const room = useLive.getState().rooms[draft.conversation];
  if (!room) return;
  const signal = { signal: "draft", draft } as const;
  const next = applyEvent(room, { is: "signal", signal, now: Date.now() });
  if (next !== room) useLive.setState({ rooms: { ...useLive.getState().rooms, [draft.conversation]: next } });
}

export function say(conversation: string, body: string, files: readonly OutFile[]): void {
  outbox?.add({ client_id: newClientId(), conversation, body, files, at: Date.now() });
}

export const sayAgain = (clientId: string): void => outbox?.retry(clientId);
export const forget = (clientId: string): void => outbox?.remove(clientId);

let typedAt = 0;

/** Tells others that somebody writes, at most every three seconds. */
export function typingIn(conversation: string): void {
  if (Date.now() - typedAt < 3000) return;
  typedAt = Date.now();
  line()
    .request({ cmd: "typing", conversation, on: true })
    .catch(() => {});
}
