/** Who is on which draft: told to everybody at the desk, kept for a minute unless it is renewed. */
import { useEffect, useRef } from "react";
import { create } from "zustand";
import { useNow } from "../lib/format";
import type { DraftLease } from "../types";
import { line, myId, useLive } from "./live";

const RENEW = 20_000;
const STAYS = 400;

export const useLeases = create<{ readonly held: Readonly<Record<string, DraftLease>> }>(() => ({
  held: {},
}));

export function hearLease(conversation: string, lease: DraftLease | undefined): void {
  useLeases.setState(({ held }) => {
    if (lease) return { held: { ...held, [conversation]: lease } };
    const { [conversation]: _, ...others } = held;
    return { held: others };
  });
}

export const forgetLeases = (): void => useLeases.setState({ held: {} });

/** The colleague who is on a draft, if it is somebody else. */
export function useHolder(conversation: string): DraftLease["holder"] | undefined {
  const lease = useLeases((state) => state.held[conversation]);
  const now = useNow(5_000);
  return lease && lease.holder.id !== myId() && Date.parse(lease.until) > now ? lease.holder : undefined;
}

async function wish(conversation: string, on: boolean, take = false): Promise<void> {
  try {
    const outcome = await line().request({ cmd: "lease", conversation, on, ...(take ? { take } : {}) });
    if (outcome.is === "lease") hearLease(conversation, outcome.lease);
  } catch {
    // Asked again with the next renewal.
  }
}

/** Takes a draft from the colleague who is on it. */
export const takeLease = (conversation: string): Promise<void> => wish(conversation, true, true);

/** Holds a conversation's draft while the component is there and nobody else has it. */
export function useLease(conversation: string, may: boolean): void {
  const live = useLive((state) => state.rooms[conversation]?.live ?? false);
  const holder = useHolder(conversation);
  const free = holder === undefined;
  const asked = useRef(false);
  useEffect(() => {
    if (!may || !live || !free) return;
    const hold = () => {
      asked.current = true;
      void wish(conversation, true);
    };
    // Who only passes by on the way down the list takes nothing.
    const first = window.setTimeout(hold, STAYS);
    const again = window.setInterval(hold, RENEW);
    return () => {
      window.clearTimeout(first);
      window.clearInterval(again);
    };
  }, [conversation, may, live, free]);
  useEffect(
    () => () => {
      if (asked.current) void wish(conversation, false);
      asked.current = false;
    },
    [conversation],
  );
}
