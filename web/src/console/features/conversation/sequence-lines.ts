/** What a timeline says of sequences; it comes with the timeline, not with the shell. */
import i18next from "i18next";
import type { Content } from "@/wire/protocol";

export const lines = {
  started: "{{name}} started the sequence “{{what}}”",
  stepped: "Sequence “{{what}}”, step {{step}} of {{of}}",
  finished: "Sequence “{{what}}”, last step",
  stopped: "Sequence “{{what}}” ended: {{because}}",
} as const;

i18next.addResourceBundle("en", "sequence-lines", lines, true, true);

type Moved = Extract<Content, { kind: "sequence_moved" }>;

/** What a sequence did, in one line. */
export function sequenceLine(content: Moved, name: string): string {
  const { name: what, step, of, because = "", moved } = content;
  const says = i18next.t(moved, { ns: "sequence-lines", name, what, step, of, because });
  const did = content.receipts?.filter((one) => one.state === "done").map((one) => one.action) ?? [];
  return did.length > 0 ? `${says}: ${did.join(", ")}` : says;
}
