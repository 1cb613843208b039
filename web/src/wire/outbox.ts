// Messages that the hub has not acknowledged. Each is kept under its own key until then, so that a
// reload, a crash or another tab loses nothing; the hub takes a client id once, so a resend is harmless.

import { backoff } from "./backoff.ts";
import { type Link, Lost, Refused } from "./link.ts";
import type { Attachment, Command, ErrorCode, FileId, Posted } from "./protocol.ts";

/** A synchronous key and value store, such as `localStorage`. */
export type Store = {
  readonly get: (key: string) => string | undefined;
  readonly set: (key: string, value: string) => void;
  readonly remove: (key: string) => void;
  readonly keys: () => readonly string[];
};

/** A file on its way; `uploaded` once the hub has it. */
export type OutFile = {
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly uploaded?: Attachment;
};

export type OutMessage = {
  readonly client_id: string;
  readonly conversation?: string;
  readonly body: string;
  readonly files: readonly OutFile[];
  readonly at: number;
  /** The hub has it, but its entry did not come yet; not kept in the store any more. */
  readonly posted?: number;
  /** The hub said no; only a person can try again. */
  readonly refused?: ErrorCode;
  readonly says?: string;
};

export type OutboxOptions = {
  readonly link: Link;
  readonly store: Store;
  /** Begins every key, so that several outboxes share a store. */
  readonly prefix: string;
  /** Uploads a file's bytes; rejects with `Lost` or `Refused`. */
  readonly upload?: (file: OutFile) => Promise<Attachment>;
  readonly changed: (messages: readonly OutMessage[]) => void;
  readonly posted?: (message: OutMessage, posted: Posted) => void;
  readonly random?: () => number;
};

export type Outbox = {
  readonly messages: () => readonly OutMessage[];
  readonly add: (message: OutMessage) => void;
  readonly retry: (clientId: string) => void;
  readonly remove: (clientId: string) => void;
  /** An entry with this client id is in the timeline. */
  readonly arrived: (clientId: string) => void;
  readonly flush: () => void;
  readonly stop: () => void;
};

export function createOutbox(options: OutboxOptions): Outbox {
  const { link, store, prefix, changed } = options;
  const random = options.random ?? Math.random;
  let messages = load(store, prefix);
  let flushing = false;
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function update(clientId: string, next: OutMessage | undefined): void {
    const at = messages.findIndex((one) => one.client_id === clientId);
    if (at < 0) return;
    messages = next ? messages.with(at, next) : messages.toSpliced(at, 1);
    if (next && next.posted === undefined) store.set(prefix + clientId, JSON.stringify(next));
    else store.remove(prefix + clientId);
    changed(messages);
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    if (flushing) return;
    flushing = true;
    let wait: number | undefined;
    try {
      for (;;) {
        const message = messages.find((one) => one.refused === undefined && one.posted === undefined);
        if (!message || !link.welcome()) break;
        const whole = await withFiles(message);
        const posted = await post(whole);
        attempt = 0;
        update(whole.client_id, { ...whole, posted: posted.seq });
        options.posted?.(whole, posted);
      }
    } catch (error) {
      wait = backoff(attempt, random);
      attempt += 1;
      if (error instanceof Refused && error.retryAfter !== undefined) wait = error.retryAfter;
    } finally {
      flushing = false;
    }
    if (wait !== undefined) timer = setTimeout(flush, wait);
  }

  async function withFiles(message: OutMessage): Promise<OutMessage> {
    let current = message;
    for (const [at, file] of message.files.entries()) {
      if (file.uploaded || !options.upload) continue;
      const uploaded = await orRefuse(current, options.upload(file));
      current = { ...current, files: current.files.with(at, { ...file, uploaded }) };
      update(current.client_id, current);
    }
    return current;
  }

  async function post(message: OutMessage): Promise<Posted> {
    const outcome = await orRefuse(message, link.request(sendCommand(message)));
    if (outcome.is !== "posted") throw new Lost();
    return outcome;
  }

  /** A final refusal marks the message and lets the next one through. */
  async function orRefuse<T>(message: OutMessage, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Refused && isFinal(error)) {
        update(message.client_id, { ...message, refused: error.code, says: error.message });
        attempt = 0;
        throw new Refused({ code: error.code, message: error.message, retry_after_ms: 0 });
      }
      throw error;
    }
  }

  const deafen = link.listen((event) => {
    if (event.on !== "welcome") return;
    attempt = 0;
    void flush();
  });

  return {
    messages: () => messages,
    add: (message) => {
      messages = [...messages, message];
      store.set(prefix + message.client_id, JSON.stringify(message));
      changed(messages);
      void flush();
    },
    retry: (clientId) => {
      const message = messages.find((one) => one.client_id === clientId);
      if (!message) return;
      const { refused: _, says: __, ...again } = message;
      update(clientId, again);
      void flush();
    },
    remove: (clientId) => update(clientId, undefined),
    arrived: (clientId) => update(clientId, undefined),
    flush: () => {
      const known = new Set(messages.map((one) => one.client_id));
      const others = load(store, prefix).filter((one) => !known.has(one.client_id));
      if (others.length > 0) {
        messages = [...messages, ...others].sort((a, b) => a.at - b.at);
        changed(messages);
      }
      void flush();
    },
    stop: () => {
      clearTimeout(timer);
      deafen();
    },
  };
}

function sendCommand(message: OutMessage): Command {
  const files = message.files.flatMap((file): FileId[] => (file.uploaded ? [file.uploaded.id] : []));
  return {
    cmd: "send",
    client_id: message.client_id,
    body: message.body,
    ...(message.conversation === undefined ? {} : { conversation: message.conversation }),
    ...(files.length === 0 ? {} : { files }),
  };
}

const PASSING: readonly ErrorCode[] = [
  "rate_limited",
  "busy",
  "storage_full",
  "internal",
  "hello_first",
  "unauthenticated",
];

function isFinal(error: Refused): boolean {
  return !PASSING.includes(error.code);
}

function load(store: Store, prefix: string): readonly OutMessage[] {
  return store
    .keys()
    .filter((key) => key.startsWith(prefix))
    .flatMap((key): OutMessage[] => {
      try {
        return [JSON.parse(store.get(key) ?? "") as OutMessage];
      } catch {
        return [];
      }
    })
    .sort((a, b) => a.at - b.at);
}

/** `localStorage`, or memory where the page may not use it. */
export function browserStore(): Store {
  try {
    const storage = globalThis.localStorage;
    storage.getItem("");
    return {
      get: (key) => storage.getItem(key) ?? undefined,
      set: (key, value) => {
        try {
          storage.setItem(key, value);
        } catch {
          // Full or forbidden: the message still goes out while the page is open.
        }
      },
      remove: (key) => storage.removeItem(key),
      keys: () => Object.keys(storage),
    };
  } catch {
    return memoryStore();
  }
}

export function memoryStore(): Store {
  const map = new Map<string, string>();
  return {
    get: (key) => map.get(key),
    set: (key, value) => void map.set(key, value),
    remove: (key) => void map.delete(key),
    keys: () => [...map.keys()],
  };
}

/** A client's own id of a message. It begins with the time, so that new ones lie beside each other in the store. */
export function newClientId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].reduce(
    (id, byte) => id + byte.toString(36).padStart(2, "0"),
    Date.now().toString(36),
  );
}
