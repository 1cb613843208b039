/** Documents on their way to the hub: sent one after the other, shown until the list has them. */
import i18next from "i18next";
import { create } from "zustand";
import { api, queries } from "../../api";
import { announce } from "../../lib/announce";
import { isCode, refusal } from "../../lib/refusal";

export type Upload = {
  readonly key: number;
  readonly name: string;
  /** 0 to 1 while it is sent. */
  readonly done: number;
  readonly problem?: string;
  /** The document that holds this file already. */
  readonly twin?: string;
};

export const useUploads = create<{ all: readonly Upload[] }>(() => ({ all: [] }));

let next = 0;
let running: Promise<void> = Promise.resolve();

const change = (key: number, to: Partial<Upload>): void =>
  useUploads.setState(({ all }) => ({ all: all.map((one) => (one.key === key ? { ...one, ...to } : one)) }));

export const forgetUpload = (key: number): void =>
  useUploads.setState(({ all }) => ({ all: all.filter((one) => one.key !== key) }));

/** Sends files one after the other; with `to`, as the next version of that document. */
export function sendFiles(files: readonly File[], to?: string): void {
  for (const file of files) {
    next += 1;
    const key = next;
    useUploads.setState(({ all }) => ({ all: [...all, { key, name: file.name, done: 0 }] }));
    running = running.then(() => send(key, file, to));
  }
}

async function send(key: number, file: File, to: string | undefined): Promise<void> {
  try {
    const document = await api.uploadDocument(file, (done) => change(key, { done }), to);
    announce(i18next.t("knowledge.uploaded", { name: file.name }));
    await Promise.all([
      queries.invalidateQueries({ queryKey: ["documents"] }),
      queries.invalidateQueries({ queryKey: ["document", document.id] }),
    ]);
    forgetUpload(key);
  } catch (error) {
    const known = isCode(error, "conflict") ? /doc_[0-9A-Z]{26}/.exec(String(error))?.[0] : undefined;
    const problem = known ? i18next.t("knowledge.twin") : refusal(error);
    change(key, { problem, ...(known ? { twin: known } : {}) });
    announce(`${file.name}: ${problem}`);
  }
}
