// Uploads in pieces, as tus 1.0 has them: begun while a recording still lasts, and taken up again where a
// cut line ended them.

import { backoff } from "./backoff.ts";
import { Lost, Refused } from "./link.ts";
import type { Attachment } from "./protocol.ts";
import { problem } from "./rest.ts";

/** Where uploads go and who sends them; `token` rejects with `Lost` while nobody is signed in. */
export type Door = { readonly base: string; readonly token?: () => Promise<string> };

/** An upload on its way. `at` is how far it is; unknown while a piece travels and after one was lost. */
export type Way = { readonly path: string; at?: number | undefined };

/** What grows while it is sent. */
export type Stream = {
  readonly add: (piece: Blob) => void;
  /** Nothing more comes: how far it got, if it was begun at all. */
  readonly end: () => Promise<Way | undefined>;
  readonly cancel: () => void;
};

type State = { readonly id: string; readonly offset: number; readonly file?: Attachment };

/** What a cut line costs at most. */
const PIECE = 512 * 1024;
const ATTEMPTS = 8;

async function call(
  { base, token }: Door,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Blob,
): Promise<Response> {
  if (token) headers.authorization = `Bearer ${await token()}`;
  let response: Response;
  try {
    response = await fetch(`${base}/v1/uploads${path}`, {
      method,
      headers: { "tus-resumable": "1.0.0", ...headers },
      credentials: token ? "omit" : "same-origin",
      ...(body ? { body } : {}),
    });
  } catch {
    throw new Lost();
  }
  if (!response.ok) throw await problem(response);
  return response;
}

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** Begins an upload; without a size its end is not known yet. */
export async function create(door: Door, name: string, size?: number): Promise<Way> {
  const response = await call(door, "POST", "", {
    "upload-metadata": `filename ${base64(name.slice(-120))}`,
    ...(size === undefined ? { "upload-defer-length": "1" } : { "upload-length": `${size}` }),
  });
  return { path: `/${((await response.json()) as State).id}`, at: 0 };
}

async function look(door: Door, way: Way): Promise<State> {
  const state = (await (await call(door, "GET", way.path, {})).json()) as State;
  way.at = state.offset;
  return state;
}

/** Sends the next piece of a blob from where the upload is. */
async function push(door: Door, way: Way, from: number, blob: Blob, length?: number): Promise<void> {
  const to = Math.min(from + PIECE, blob.size);
  way.at = undefined;
  const headers = {
    "content-type": "application/offset+octet-stream",
    "upload-offset": `${from}`,
    ...(length === undefined ? {} : { "upload-length": `${length}` }),
  };
  try {
    await call(door, "PATCH", way.path, headers, blob.slice(from, to));
    way.at = to;
  } catch (error) {
    // The piece was there already; where it ends is asked.
    if (!(error instanceof Refused && error.code === "conflict")) throw error;
  }
}

/** Sends what is missing of a blob after which nothing comes, and gives the file it became. */
export async function bring(
  door: Door,
  way: Way,
  blob: Blob,
  progress: (done: number) => void,
): Promise<Attachment> {
  for (;;) {
    if (way.at === undefined || way.at === blob.size) {
      const { file } = await look(door, way);
      if (file) return file;
    }
    await push(door, way, way.at ?? 0, blob, blob.size);
    progress((way.at ?? 0) / blob.size);
  }
}

/** Whether an upload is not known (any more), so that it must begin anew. */
export const isGone = (error: unknown): boolean => error instanceof Refused && error.code === "not_found";

/** Sends what is recorded while it is recorded. Trouble is no trouble: the next piece tries again. */
export function stream(door: Door, name: string): Stream {
  const pieces: Blob[] = [];
  let way: Way | undefined;
  let over = false;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    try {
      way ??= await create(door, name);
      if (way.at === undefined) await look(door, way);
      const blob = new Blob(pieces);
      const from = way.at ?? 0;
      if (!over && from < blob.size) await push(door, way, from, blob);
    } catch {
      // What is missing goes with the rest.
    }
    running = undefined;
  }

  const end = async (): Promise<Way | undefined> => {
    over = true;
    await running;
    return way;
  };

  return {
    add: (piece) => {
      pieces.push(piece);
      if (!over) running ??= run();
    },
    end,
    cancel: () =>
      void end()
        .then((begun) => begun && call(door, "DELETE", begun.path, {}))
        .catch(() => {}),
  };
}

/** Sends a whole file, over as many lines as it takes; goes on with what was begun. */
export async function send(
  door: Door,
  file: Blob,
  name: string,
  progress: (done: number) => void,
  begun?: Way,
): Promise<Attachment> {
  let way = begun;
  for (let attempt = 0; ; attempt += 1) {
    try {
      way ??= await create(door, name, file.size);
      return await bring(door, way, file, progress);
    } catch (error) {
      if (isGone(error)) way = undefined;
      else if (!(error instanceof Lost)) throw error;
      if (attempt >= ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, backoff(attempt, Math.random)));
    }
  }
}
