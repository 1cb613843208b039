import i18next from "i18next";
import { useEffect, useRef } from "react";
import { emptyTimeline, type Timeline } from "@/wire/timeline";
import { announce } from "../lib/announce";
import { markRead } from "./inbox";
import { enter, line, useLive } from "./live";

/** Follows a conversation while the component is there, marks it as read, and says new messages aloud. */
export function useRoom(conversation: string): Timeline {
  const timeline = useLive((state) => state.rooms[conversation]) ?? emptyTimeline;
  useEffect(() => enter(conversation), [conversation]);

  const read = useRef(0);
  const last = timeline.last;
  const live = timeline.live;
  useEffect(() => {
    if (!live || last <= read.current || document.hidden) return;
    read.current = last;
    line()
      .request({ cmd: "read", conversation, seq: last })
      .then(() => markRead(conversation))
      .catch(() => {
        read.current = 0;
      });
  }, [conversation, last, live]);

  const spoken = useRef<number>(undefined);
  const { entries } = timeline;
  useEffect(() => {
    if (!live) return;
    const from = spoken.current;
    spoken.current = entries.at(-1)?.seq ?? 0;
    if (from === undefined) return;
    const message = entries.findLast((entry) => entry.seq > from && entry.content.kind === "message");
    if (!message) return;
    const key = message.actor.kind === "contact" ? "conv.new" : "conv.newAgent";
    announce(i18next.t(key, { name: message.author, text: message.body ?? "" }));
  }, [entries, live]);

  return timeline;
}
