// The conversation of one visitor, without a framework: what the views show and what they may ask for.
//
// Nothing is stored and no socket is opened before the visitor acts: `load` only reads, `begin` is the
// first thing that writes.

import { type Follower, followWith } from "../wire/follow.ts";
import { lateLink } from "../wire/late.ts";
import { type LinkState, Lost, Refused } from "../wire/link.ts";
import { browserStore, createOutbox, newClientId, type OutMessage, type Store } from "../wire/outbox.ts";
import type { Attachment, ConversationId } from "../wire/protocol.ts";
import {
  createRest,
  type FilePolicy,
  type NewVisitorSession,
  type PublicWorkspace,
  type VisitorSession,
} from "../wire/rest.ts";
import { applyPublicEvent, emptyTimeline, type Timeline } from "../wire/timeline.ts";
import type { Files } from "./blobs.ts";

export type Identity = { readonly name?: string; readonly email?: string; readonly phone?: string };

export type ChatState = {
  readonly workspace: PublicWorkspace | undefined;
  /** `blocked`: this page may not show the chat; `unreachable`: the hub did not answer. */
  readonly trouble: "blocked" | "unreachable" | undefined;
  readonly link: LinkState;
  readonly timeline: Timeline;
  readonly outbox: readonly OutMessage[];
  /** How far each file's upload is, from 0 to 1. */
  readonly progress: Readonly<Record<string, number>>;
  readonly files: FilePolicy;
  /** The last entry the business has seen. */
  readonly seenByThem: number;
  /** The last entry the visitor has seen. */
  readonly seenByMe: number;
  readonly personAsked: boolean;
};

export type Chat = {
  readonly state: () => ChatState;
  readonly subscribe: (changed: () => void) => () => void;
  /** Reads what the business says of itself. */
  readonly load: () => Promise<void>;
  /** Goes on with an earlier conversation, if there is one. */
  readonly resume: () => void;
  readonly send: (body: string, files: readonly File[]) => void;
  /** Sends a recording while it is made; it becomes a message with `send`. */
  readonly stream: (name: string) => Promise<ReturnType<Files["stream"]>>;
  readonly askForPerson: (words: string) => void;
  /** Says how it was, from 1 to 5; rejects with `Lost` while there is no line. */
  readonly rate: (score: number, words: string) => Promise<void>;
  /** The closing that the visitor does not want to rate. */
  readonly unrated: () => number;
  readonly leaveUnrated: (closing: number) => void;
  readonly typing: (on: boolean) => void;
  readonly read: () => void;
  readonly retry: (clientId: string) => void;
  readonly remove: (clientId: string) => void;
  readonly identify: (identity: Identity) => void;
  /** The bytes of a file, sent or still waiting. */
  readonly bytes: (key: string) => Promise<Blob>;
  readonly unread: () => number;
  readonly stop: () => void;
};

export type ChatOptions = {
  readonly base: string;
  readonly slug: string;
  readonly locale: string;
};

/** What is kept between visits. */
type Kept = {
  readonly key?: string;
  readonly conversation?: ConversationId;
  readonly seenByMe?: number;
  readonly seenByThem?: number;
  readonly unrated?: number;
};

const SAVE_AFTER = 300;
const READ_AFTER = 400;
const TYPING_EVERY = 3_000;

export const keptKey = (slug: string): string => `concierge:${slug}`;

export function createChat(options: ChatOptions): Chat {
  const { base, slug } = options;
  const store: Store = browserStore();
  // Files need code of their own, fetched with the first of them.
  let filing: Promise<Files> | undefined;
  const files = (): Promise<Files> => {
    filing ??= import("./blobs.ts").then(({ browserFiles }) =>
      browserFiles(
        { base, token: () => (link.welcome() ? token(false) : Promise.reject(new Lost())) },
        keptKey(slug),
      ),
    );
    filing.catch(() => {
      filing = undefined;
    });
    return filing;
  };
  const hears = new Set<() => void>();
  const prefix = `${keptKey(slug)}:out:`;

  let kept = readKept();
  let session: VisitorSession | undefined;
  let identity: Identity = {};
  let follower: Follower | undefined;
  let followed: ConversationId | undefined;
  let toldRead = 0;
  let toldTyping = 0;
  let begun = false;
  let saving: ReturnType<typeof setTimeout> | undefined;
  let reading: ReturnType<typeof setTimeout> | undefined;
  let wantsPerson = false;

  let state: ChatState = {
    workspace: undefined,
    trouble: undefined,
    link: "idle",
    timeline: emptyTimeline,
    outbox: [],
    progress: {},
    files: {},
    seenByThem: kept.seenByThem ?? 0,
    seenByMe: kept.seenByMe ?? 0,
    personAsked: false,
  };

  function set(change: Partial<ChatState>): void {
    state = { ...state, ...change };
    for (const hear of hears) hear();
  }

  function readKept(): Kept {
    try {
      return JSON.parse(store.get(keptKey(slug)) ?? "{}") as Kept;
    } catch {
      return {};
    }
  }

  function keep(change: Kept): void {
    kept = { ...readKept(), ...kept, ...change };
    clearTimeout(saving);
    saving = setTimeout(save, SAVE_AFTER);
  }

  function save(): void {
    clearTimeout(saving);
    saving = undefined;
    store.set(keptKey(slug), JSON.stringify(kept));
  }

  const rest = createRest({ base, token: () => session?.token });

  /** Signs the visitor in; the same browser is the same visitor. */
  async function signIn(): Promise<VisitorSession> {
    const known = readKept().key ?? kept.key;
    const asked: NewVisitorSession = {
      ...identity,
      locale: options.locale,
      ...(known === undefined ? {} : { visitor_key: known }),
    };
    try {
      const fresh = await rest.call<VisitorSession>("POST", `/v1/widget/${slug}/sessions`, asked);
      session = fresh;
      kept = { ...kept, key: fresh.visitor_key };
      save();
      set({ workspace: fresh.workspace, files: fresh.files, trouble: undefined });
      return fresh;
    } catch (error) {
      refusedToUs(error);
      throw error;
    }
  }

  async function token(refused: boolean): Promise<string> {
    const valid = session && Date.parse(session.expires_at) - Date.now() > 10_000;
    return (valid && !refused && session ? session : await signIn()).token;
  }

  function refusedToUs(error: unknown): void {
    if (error instanceof Refused && (error.code === "origin_not_allowed" || error.code === "not_found")) {
      console.warn(`concierge: ${error.message}`);
      set({ trouble: "blocked" });
      link.stop();
    } else if (error instanceof Lost && !state.workspace) {
      set({ trouble: "unreachable" });
    }
  }

  const link = lateLink(async () => (await import("./line.ts")).visitorLink(base, slug, token));

  const outbox = createOutbox({
    link,
    store,
    prefix,
    changed: (messages) => set({ outbox: messages }),
    upload: async (file) =>
      (await files()).upload(file, (part) => set({ progress: { ...state.progress, [file.key]: part } })),
    posted: (message, { conversation }) => {
      for (const { key, uploaded } of message.files)
        if (uploaded) void files().then((known) => known.sent(key, uploaded.id));
      attend(conversation);
      if (wantsPerson) {
        wantsPerson = false;
        ask(conversation);
      }
    },
  });
  state = { ...state, outbox: outbox.messages() };

  link.listen((event) => {
    if (event.on === "state") set({ link: event.state });
    if (event.on !== "welcome") return;
    const { you } = event.welcome;
    toldRead = 0;
    const conversation = (you.as === "contact" ? you.conversation : undefined) ?? kept.conversation;
    if (conversation) attend(conversation);
  });

  function begin(): void {
    if (begun) return;
    begun = true;
    link.start();
  }

  /** Shows a conversation; a visitor has one at a time. */
  function attend(conversation: ConversationId): void {
    if (followed === conversation) return;
    follower?.leave();
    followed = conversation;
    if (kept.conversation !== conversation) keep({ conversation, seenByMe: 0, seenByThem: 0 });
    set({
      timeline: emptyTimeline,
      seenByMe: kept.seenByMe ?? 0,
      seenByThem: kept.seenByThem ?? 0,
      personAsked: false,
    });
    follower = followWith(applyPublicEvent, { link, conversation, changed: update });
  }

  function update(timeline: Timeline): void {
    const before = state.timeline;
    let { seenByThem, personAsked } = state;
    if (timeline.entries !== before.entries) {
      for (const entry of timeline.entries.slice(timeline.last < before.last ? 0 : before.entries.length)) {
        if (entry.client_id !== undefined) outbox.arrived(entry.client_id);
        // Who answers has read the question.
        if (entry.content.kind === "message" && entry.actor.kind !== "contact") seenByThem = entry.seq;
        if (entry.content.kind === "person_requested") personAsked = true;
        if (entry.content.kind === "owner_changed") personAsked = false;
      }
    }
    for (const [reader, seq] of Object.entries(timeline.reads))
      if (!reader.startsWith("ctc_")) seenByThem = Math.max(seenByThem, seq);
    if (seenByThem !== state.seenByThem) keep({ seenByThem });
    set({ timeline, seenByThem, personAsked });
  }

  /** One word for all that was read in a moment. */
  function tellRead(): void {
    reading = undefined;
    if (!followed || !link.welcome()) return;
    toldRead = state.seenByMe;
    link.request({ cmd: "read", conversation: followed, seq: toldRead }).catch(() => {
      toldRead = 0;
    });
  }

  function ask(conversation: ConversationId): void {
    set({ personAsked: true });
    link.request({ cmd: "ask_for_person", conversation }).catch(() => set({ personAsked: false }));
  }

  let storing: Promise<unknown> = Promise.resolve();
  function send(body: string, chosen: readonly File[]): void {
    const out = chosen.map((file) => ({ file, key: newClientId() }));
    const message: OutMessage = {
      client_id: newClientId(),
      body,
      files: out.map(({ key, file }) => ({ key, name: file.name, type: file.type, size: file.size })),
      at: Date.now(),
    };
    // The files are stored before the message that names them, and what is written meanwhile comes after it.
    storing = storing
      .then(() => out[0] && files())
      .then((known) => known && Promise.all(out.map(({ key, file }) => known.put(key, file))))
      .then(() => outbox.add(message));
    begin();
  }

  /** Another tab may have begun the conversation or written something. */
  function heardOtherTab(event: StorageEvent): void {
    if (event.key === keptKey(slug) && event.newValue) {
      kept = { ...kept, ...readKept() };
      if (kept.key !== undefined) begin();
      if (kept.conversation && link.welcome()) attend(kept.conversation);
      if ((kept.seenByMe ?? 0) > state.seenByMe) set({ seenByMe: kept.seenByMe ?? 0 });
    } else if (event.key?.startsWith(prefix) && event.newValue) {
      outbox.flush();
    }
  }

  const leavePage = (): void => {
    if (saving !== undefined) save();
    if (begun) link.stop();
    begun = false;
  };
  const backToPage = (event: PageTransitionEvent): void => {
    if (event.persisted && kept.key !== undefined) begin();
  };
  addEventListener("storage", heardOtherTab);
  addEventListener("pagehide", leavePage);
  addEventListener("pageshow", backToPage);

  return {
    state: () => state,
    subscribe: (changed) => {
      hears.add(changed);
      return () => hears.delete(changed);
    },
    load: async () => {
      if (state.workspace) return;
      try {
        const workspace = await rest.call<PublicWorkspace>("GET", `/v1/widget/${slug}`);
        set({ workspace, trouble: undefined });
      } catch (error) {
        refusedToUs(error);
      }
    },
    resume: () => {
      if (kept.key !== undefined || outbox.messages().length > 0) begin();
    },
    send,
    stream: async (name) => {
      begin();
      return (await files()).stream(name);
    },
    askForPerson: (words) => {
      if (state.personAsked || wantsPerson) return;
      if (followed && link.welcome()) {
        ask(followed);
      } else {
        // A new visitor has no conversation to ask in: the wish itself begins one.
        wantsPerson = true;
        send(words, []);
      }
    },
    rate: async (score, words) => {
      if (!followed) throw new Lost();
      await link.request({ cmd: "rate", conversation: followed, score, words });
    },
    unrated: () => kept.unrated ?? 0,
    leaveUnrated: (unrated) => {
      keep({ unrated });
      set({});
    },
    typing: (on) => {
      const now = Date.now();
      if (!followed || (on ? now - toldTyping < TYPING_EVERY : toldTyping === 0)) return;
      toldTyping = on ? now : 0;
      link.request({ cmd: "typing", conversation: followed, on }).catch(() => {});
    },
    read: () => {
      const { last } = state.timeline;
      if (!followed || last === 0) return;
      if (last > state.seenByMe) {
        keep({ seenByMe: last });
        set({ seenByMe: last });
      }
      if (last > toldRead && reading === undefined) reading = setTimeout(tellRead, READ_AFTER);
    },
    retry: outbox.retry,
    remove: (clientId) => {
      for (const message of outbox.messages())
        if (message.client_id === clientId)
          for (const file of message.files) void files().then((known) => known.remove(file.key));
      outbox.remove(clientId);
    },
    identify: (who) => {
      identity = who;
      if (begun) void signIn().catch(() => {});
    },
    bytes: async (key) => {
      const local = await (await files()).get(key);
      if (local) return local;
      await token(false);
      return rest.bytes(`/v1/files/${key}`);
    },
    unread: () =>
      state.timeline.entries.filter(
        (entry) =>
          entry.seq > state.seenByMe && entry.content.kind === "message" && entry.actor.kind !== "contact",
      ).length,
    stop: () => {
      removeEventListener("storage", heardOtherTab);
      removeEventListener("pagehide", leavePage);
      removeEventListener("pageshow", backToPage);
      leavePage();
      outbox.stop();
      follower?.leave();
    },
  };
}

/** The attachment a waiting file will become. */
export function attachmentOf(file: OutMessage["files"][number]): Attachment {
  return file.uploaded ?? { id: file.key, name: file.name, media_type: file.type, size: file.size };
}
