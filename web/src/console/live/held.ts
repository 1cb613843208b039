/** Approved drafts on their way out: they can be taken back until `sendAt`. */
import { create } from "zustand";

export type HeldDraft = {
  readonly draft: string;
  readonly conversation: string;
  readonly name: string;
  readonly from: number;
  readonly sendAt: number;
};

export const useHeld = create<{ held: readonly HeldDraft[] }>(() => ({ held: [] }));

export function hold(draft: HeldDraft): void {
  useHeld.setState(({ held }) => ({ held: [...held.filter((one) => one.draft !== draft.draft), draft] }));
  setTimeout(() => letGo(draft.draft), Math.max(0, draft.sendAt - Date.now()) + 300);
}

export function letGo(draft: string): void {
  useHeld.setState(({ held }) => ({ held: held.filter((one) => one.draft !== draft) }));
}

const KEY = "concierge.session";

type Tally = { readonly done: number; readonly since: number };

function stored(): Tally {
  try {
    return { done: 0, since: Date.now(), ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { done: 0, since: Date.now() };
  }
}

/** How many were answered in this session, and how long one takes. */
export const useTally = create<Tally & { readonly last: number; readonly perDraft: number }>(() => ({
  ...stored(),
  last: 0,
  perDraft: 20_000,
}));

export function count(by: 1 | -1): void {
  useTally.setState((state) => {
    const now = Date.now();
    const took = state.last === 0 ? state.perDraft : Math.min(180_000, now - state.last);
    const next = {
      ...state,
      done: Math.max(0, state.done + by),
      last: now,
      perDraft: Math.round(state.perDraft * 0.7 + took * 0.3),
    };
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ done: next.done, since: next.since }));
    } catch {
      // Only the count is lost.
    }
    return next;
  });
}
