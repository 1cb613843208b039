// The bytes of files that are not uploaded yet, kept over a reload where the browser allows it, and
// their way to the hub.

import { Refused } from "../wire/link.ts";
import type { OutFile } from "../wire/outbox.ts";
import type { Attachment } from "../wire/protocol.ts";
import { upload } from "../wire/upload.ts";

export type Files = {
  readonly put: (key: string, blob: Blob) => Promise<void>;
  readonly get: (key: string) => Promise<Blob | undefined>;
  readonly remove: (key: string) => void;
  /** The hub has it now, under another key; it is only kept to be shown. */
  readonly sent: (key: string, to: string) => void;
  readonly upload: (file: OutFile, token: string, progress: (done: number) => void) => Promise<Attachment>;
};

export function browserFiles(base: string, name: string): Files {
  const here = new Map<string, Blob>();
  let opened: Promise<IDBDatabase> | undefined;

  function database(): Promise<IDBDatabase> {
    opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => void request.result.createObjectStore("files");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
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
    if (opened) run("readwrite", (store) => store.delete(key)).catch(() => {});
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
    upload: async (file, token, progress) => {
      const blob = await get(file.key);
      if (!blob) throw new Refused({ code: "unsupported_file", message: file.name });
      return upload(base, token, blob, file.name, progress);
    },
  };
}
