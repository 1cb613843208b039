import { useCallback, useEffect, useRef, useState } from "react";
import { currentText, keepEdit } from "../../live/decide";
import { myId, useLive } from "../../live/live";
import type { DraftView } from "../../types";

const KEEP_AFTER = 700;

export type DraftEdit = {
  readonly text: string;
  readonly state: "kept" | "keeping" | "waiting";
  /** A colleague changed the draft while this person had other words in it. */
  readonly conflict: boolean;
  readonly change: (text: string) => void;
  readonly takeTheirs: () => void;
  readonly keepMine: () => void;
  /** Keeps what is typed, and gives the newest draft to decide on. */
  readonly settle: () => Promise<DraftView>;
};

/** The words in the editor: kept at the hub a moment after the last key. */
export function useDraftEdit(draft: DraftView): DraftEdit {
  const [local, setLocal] = useState<string>();
  const [state, setState] = useState<DraftEdit["state"]>("kept");
  const [conflict, setConflict] = useState(false);
  const latest = useRef(draft);
  const words = useRef<string>(undefined);
  const timer = useRef(0);
  const running = useRef<Promise<void>>(undefined);
  const kept = useRef(currentText(draft));
  /** What was handed to the hub and not answered yet; any of it may have arrived. */
  const handed = useRef(new Set<string>());

  if (draft.revision >= latest.current.revision) latest.current = draft;

  const keep = useCallback(async () => {
    window.clearTimeout(timer.current);
    while (running.current) await running.current;
    const mine = words.current;
    if (mine === undefined || mine === currentText(latest.current) || mine.trim() === "") {
      setState("kept");
      return;
    }
    setState("keeping");
    handed.current.add(mine);
    const work = keepEdit(latest.current, mine).then((result) => {
      if (typeof result === "object") {
        handed.current.clear();
        latest.current = result;
        kept.current = currentText(result);
        setState(words.current === mine ? "kept" : "waiting");
      } else {
        setState("waiting");
      }
    });
    running.current = work;
    await work;
    running.current = undefined;
  }, []);

  useEffect(() => {
    const theirs = currentText(draft);
    const mine = words.current;
    if (theirs === kept.current) return;
    kept.current = theirs;
    if (mine === undefined || mine === theirs) return;
    // Our own words, whose answer was lost with the line: what was typed since goes on from there.
    if (handed.current.has(theirs)) void keep();
    else if (draft.edited_by !== undefined && draft.edited_by !== myId()) setConflict(true);
  }, [draft, keep]);

  const change = useCallback(
    (text: string) => {
      words.current = text;
      setLocal(text);
      setState("waiting");
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(() => void keep(), KEEP_AFTER);
    },
    [keep],
  );

  const online = useLive((live) => live.link === "online");
  useEffect(() => {
    // What could not be kept while the line was down is kept now.
    if (online && words.current !== undefined) void keep();
  }, [online, keep]);

  useEffect(
    () => () => {
      // Leaving the draft keeps the last words, too.
      if (words.current !== undefined && latest.current.status === "pending") void keep();
      window.clearTimeout(timer.current);
    },
    [keep],
  );

  return {
    text: local ?? currentText(draft),
    state,
    conflict,
    change,
    takeTheirs: () => {
      window.clearTimeout(timer.current);
      words.current = undefined;
      setLocal(undefined);
      setState("kept");
      setConflict(false);
    },
    keepMine: () => {
      setConflict(false);
      void keep();
    },
    settle: async () => {
      window.clearTimeout(timer.current);
      while (running.current) await running.current;
      words.current = undefined;
      return latest.current;
    },
  };
}
