/** Who edits which field of what is known: told to colleagues in the conversation, and soon forgotten. */
import { useEffect } from "react";
import { create } from "zustand";
import { useNow } from "../lib/format";
import type { Person } from "../types";
import { line, myId } from "./live";

const AGAIN = 8_000;
const LAPSES = 20_000;

/** One person edits one field of a conversation at a time. */
type Edit = { readonly person: Person; readonly field: string; readonly until: number };

const useEdits = create<{ readonly by: Readonly<Record<string, readonly Edit[]>> }>(() => ({ by: {} }));

/** What this window edits itself, to be said again to who comes later. */
const mine = new Map<string, string>();

const keep = (conversation: string, edits: readonly Edit[]): void =>
  useEdits.setState(({ by }) => {
    const { [conversation]: _, ...others } = by;
    return { by: edits.length === 0 ? others : { ...others, [conversation]: edits } };
  });

export function hearEditing(conversation: string, person: Person, field: string, on: boolean): void {
  if (person.id === myId()) return;
  const others = (useEdits.getState().by[conversation] ?? []).filter((one) => one.person.id !== person.id);
  const until = Date.now() + LAPSES;
  keep(conversation, on ? [...others, { person, field, until }] : others);
}

/** Who left edits nothing any more; who came is told what is edited here. */
export function hearViewers(conversation: string, viewers: readonly Person[]): void {
  const edits = useEdits.getState().by[conversation];
  if (edits)
    keep(
      conversation,
      edits.filter((edit) => viewers.some((one) => one.id === edit.person.id)),
    );
  const field = mine.get(conversation);
  if (field !== undefined) tell(conversation, field, true);
}

function tell(conversation: string, field: string, on: boolean): void {
  line()
    .request({ cmd: "edit_field", conversation, field, on })
    .catch(() => {
      // Said again with the next renewal.
    });
}

/** Says that this field is edited here, as long as it is. */
export function useEditing(conversation: string, field: string, on: boolean): void {
  useEffect(() => {
    if (!on) return;
    mine.set(conversation, field);
    tell(conversation, field, true);
    const again = window.setInterval(() => tell(conversation, field, true), AGAIN);
    return () => {
      window.clearInterval(again);
      if (mine.get(conversation) === field) mine.delete(conversation);
      tell(conversation, field, false);
    };
  }, [conversation, field, on]);
}

const NOBODY: readonly Edit[] = [];

/** The colleague who edits a field. */
export function useEditor(conversation: string, field: string): Person | undefined {
  const edits = useEdits((state) => state.by[conversation] ?? NOBODY);
  const now = useNow(5_000);
  return edits.find((edit) => edit.field === field && edit.until > now)?.person;
}
