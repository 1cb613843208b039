/** Mentions heard in notes; the bell also shows drafts that wait, which the queue already knows. */
import { create } from "zustand";
import type { Entry } from "../types";

export type Mention = {
  readonly conversation: string;
  readonly seq: number;
  readonly by: string;
  readonly text: string;
  readonly at: string;
};

const KEY = "concierge.mentions";

function stored(): readonly Mention[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

export const useBell = create<{ mentions: readonly Mention[]; seen: number }>(() => ({
  mentions: stored(),
  seen: stored().length,
}));

export function noticeMention(conversation: string, entry: Entry, me: string): void {
  if (entry.content.kind !== "note" || !entry.content.mentions?.includes(me)) return;
  const { mentions } = useBell.getState();
  if (mentions.some((known) => known.conversation === conversation && known.seq === entry.seq)) return;
  const mention = { conversation, seq: entry.seq, by: entry.author, text: entry.body ?? "", at: entry.at };
  const next = [mention, ...mentions].slice(0, 50);
  useBell.setState({ mentions: next });
  try {
    sessionStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // The list is then lost with the page.
  }
}

export const seeMentions = (): void => useBell.setState((state) => ({ seen: state.mentions.length }));
