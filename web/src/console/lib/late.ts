/** Parts of the console that come when they are first wanted, also over a line that breaks. */
import { type ComponentType, type LazyExoticComponent, lazy } from "react";

const FIRST_MS = 400;
const LONGEST_MS = 5_000;
/** So often a chunk may be there and still not load before it counts as broken. */
const CHANCES = 3;

/** What the browsers say when a chunk does not come, as opposed to one that throws. */
const NOT_HERE = /dynamically imported module|Importing a module script|Unable to preload/;
const ADDRESS = /https?:\/\/\S+\.js\b/;

/** Whether it is a chunk that did not come: with the hub in reach, it has another version of the console by now. */
export const isMissing = (error: unknown): boolean => error instanceof Error && NOT_HERE.test(error.message);

type Hub = "away" | "here" | "without it";

async function hubHas(address: string): Promise<Hub> {
  try {
    const { status } = await fetch(address, { method: "HEAD", cache: "no-store" });
    // A hub that starts or is busy says so with 5xx or 429.
    if (status === 404) return "without it";
    return status < 400 ? "here" : "away";
  } catch {
    return "away";
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Loads a chunk; while the hub is out of reach it is asked for again. A browser may remember that an address
 * failed, so the next try has another one. Rejects when the hub has another version by now, or the chunk throws.
 */
export async function again<M>(
  load: () => Promise<M>,
  from = (address: string): Promise<M> => import(/* @vite-ignore */ address),
): Promise<M> {
  let failed: unknown;
  try {
    return await load();
  } catch (error) {
    failed = error;
  }
  if (!isMissing(failed)) throw failed;
  const address = ADDRESS.exec(String(failed))?.[0];
  let chances = CHANCES;
  for (let wait = FIRST_MS; ; wait = Math.min(wait * 2, LONGEST_MS)) {
    await pause(wait);
    const hub = await hubHas(address ?? import.meta.url);
    if (hub === "away") continue;
    if (hub === "without it" || chances === 0) throw failed;
    try {
      return await (address ? from(`${address}?again=${chances}`) : load());
    } catch {
      chances -= 1;
    }
  }
}

/** The component `name` of a chunk that is loaded when it is first shown. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the component takes.
export function late<K extends string, M extends Record<K, ComponentType<any>>>(
  load: () => Promise<M>,
  name: K,
): LazyExoticComponent<M[K]> {
  return lazy(async () => ({ default: (await again(load))[name] }));
}
