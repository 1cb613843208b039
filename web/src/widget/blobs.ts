// The bytes of files that are not uploaded yet, kept over a reload where the browser allows it, and
// their way to the hub.

import { Refused } from "../wire/link.ts";
import type { OutFile } from "../wire/outbox.ts";
import { bring, create, type Door, isGone, type Stream, stream, type Way } from "../wire/pieces.ts";
import type { Attachment } from "../wire/protocol.ts";

/** After so many milliseconds a store that did not open is done without: some browsers' never answers. */
const SLOW = 3_000;

const wayKey = (key: string): string => `${key}@`;

export type Files = {
  readonly put: (key: string, blob: Blob) => Promise<void>;
  readonly get: (key: string) => Promise<Blob | undefined>;
  readonly remove: (key: string) => void;
  /** The hub has it now, under another key; it is only kept to be shown. */
  readonly sent: (key: string, to: string) => void;
  /** Takes an upload up where it ended. */
  readonly upload: (file: OutFile, progress: (done: number) => void) => Promise<Attachment>;
  /** Begins to send what is still recorded; `of` tells later which recording it was. */
  readonly stream: (name: string) => Stream & { readonly of: (blob: Blob) => void };
};

export function browserFiles(door: Door, name: string): Files {
  const here = new Map<string, Blob>();
  const streams = new WeakMap<Blob, Stream>();
  const ways = new Map<string, Promise<Way | undefined>>();
  let opened: Promise<IDBDatabase> | undefined;

  function database(): Promise<IDBDatabase> {
    opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => void request.result.createObjectStore("files");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      setTimeout(reject, SLOW);
    });
    return opened;
  }

  async function run<T>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    const store = (await database()).transaction("files", mode).objectStore("files");
    return new Promise((resolve, reject) => {
      const request = work(store);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  function forget(key: string): void {
    ways.delete(key);
    for (const one of [key, wayKey(key)])
      if (opened) run("readwrite", (store) => store.delete(one)).catch(() => {});
  }

  /** Where a file's upload is, to go on with it after a reload. */
  async function keepWay(key: string, found: Promise<Way | undefined>): Promise<void> {
    ways.set(key, found);
    const way = await found;
    if (way) await run("readwrite", (store) => store.put(way.path, wayKey(key))).catch(() => {});
  }

  async function wayOf(key: string): Promise<Way | undefined> {
    const known = await ways.get(key);
    if (known) return known;
    const path = await run<string | undefined>("readonly", (store) => store.get(wayKey(key))).catch(
      () => undefined,
    );
    return path === undefined ? undefined : { path };
  }

  async function get(key: string): Promise<Blob | undefined> {
    return (
      here.get(key) ??
      (await run<Blob | undefined>("readonly", (store) => store.get(key)).catch(() => undefined))
    );
  }

  return {
    put: async (key, blob) => {
      here.set(key, blob);
      const begun = streams.get(blob);
      if (begun) void keepWay(key, begun.end());
      // Without a store the file still goes out while the page is open.
      await run("readwrite", (store) => store.put(blob, key)).catch(() => {});
    },
    get,
    remove: (key) => {
      here.delete(key);
      forget(key);
    },
    sent: (key, to) => {
      const blob = here.get(key);
      if (blob) here.set(to, blob);
      forget(key);
    },
    upload: async (file, progress) => {
      const blob = await get(file.key);
      if (!blob) throw new Refused({ code: "unsupported_file", message: file.name });
      const begun = await wayOf(file.key);
      if (begun)
        try {
          return await bring(door, begun, blob, progress);
        } catch (error) {
          if (!isGone(error)) throw error;
        }
      const way = await create(door, file.name, blob.size);
      await keepWay(file.key, Promise.resolve(way));
      return bring(door, way, blob, progress);
    },
    stream: (file) => {
      const begun = stream(door, file);
      return { ...begun, of: (blob) => void streams.set(blob, begun) };
    },
  };
}
