/** Decisions about drafts: optimistic on the screen, final only when the hub said so. */
import i18next from "i18next";
import { Lost, type Refused } from "@/wire/link";
import { api } from "../api";
import { isCode, refusal } from "../lib/refusal";
import { complain, toast } from "../parts/toast";
import type { DraftView, RejectReason } from "../types";
import { count, type HeldDraft, hold, letGo } from "./held";
import { leaveQueue } from "./inbox";
import { isOnline, line, takeDraft } from "./live";

/** What is sent: the edit if there is one. */
export const currentText = (draft: DraftView): string => draft.edited_text ?? draft.text;

export type Refusal = "stale" | "decided" | "changed" | "writing" | "other";

function kindOf(error: unknown): Refusal {
  if (isCode(error, "draft_stale")) return "stale";
  if (isCode(error, "draft_already_decided")) return "decided";
  if (isCode(error, "draft_changed")) return "changed";
  if (isCode(error, "draft_still_writing")) return "writing";
  return "other";
}

/** Tells in plain words why a decision did not hold, and says which kind it was. */
function explain(error: unknown, name: string): Refusal {
  const t = i18next.t;
  const kind = kindOf(error);
  if (kind === "stale") toast(t("draft.stale", { name }));
  else if (kind === "decided") toast(t("draft.decided", { detail: (error as Refused).message }));
  else if (kind === "changed") toast(t("draft.changed", { name: t("draft.someone") }));
  else if (kind === "writing") toast(t("draft.stillWriting"));
  else if (error instanceof Lost) complain(t("draft.offlineApprove"));
  else if (isCode(error, "forbidden")) complain(t("draft.needsRole", { why: (error as Refused).message }));
  else complain(t("draft.refused", { why: refusal(error) }));
  return kind;
}

async function refresh(draft: DraftView): Promise<void> {
  try {
    takeDraft(await api.draft(draft.id));
  } catch {
    // The next signal will bring it.
  }
}

/** Approves a draft, edited if `text` differs from what the hub has; says whether it holds. */
export async function approve(draft: DraftView, name: string, text: string): Promise<boolean> {
  const t = i18next.t;
  if (!isOnline()) {
    complain(t("draft.offlineApprove"));
    return false;
  }
  const putBack = leaveQueue(draft.conversation);
  const from = Date.now();
  try {
    const outcome = await line().request({
      cmd: "approve",
      draft: draft.id,
      revision: draft.revision,
      hash: draft.hash,
      ...(text === currentText(draft) ? {} : { text }),
    });
    if (outcome.is === "draft") {
      // One of several people that a rule asks for: it waits on.
      putBack();
      takeDraft(outcome.draft);
      toast(t("draft.severalKept"));
      return false;
    }
    if (outcome.is !== "held") throw new Lost();
    count(1);
    hold({
      draft: draft.id,
      conversation: draft.conversation,
      name,
      from,
      sendAt: Date.parse(outcome.send_at),
    });
    return true;
  } catch (error) {
    const kind = explain(error, name);
    if (kind !== "decided") putBack();
    if (kind === "changed" || kind === "decided") void refresh(draft);
    return false;
  }
}

export async function reject(
  draft: DraftView,
  name: string,
  how: { reason: RejectReason; note?: string; rewrite: boolean },
): Promise<boolean> {
  const t = i18next.t;
  const putBack = how.rewrite ? () => {} : leaveQueue(draft.conversation);
  try {
    const outcome = await line().request({
      cmd: "reject",
      draft: draft.id,
      revision: draft.revision,
      reason: how.reason,
      rewrite: how.rewrite,
      ...(how.note ? { note: how.note } : {}),
    });
    if (outcome.is === "draft") takeDraft(outcome.draft);
    if (!how.rewrite) {
      count(1);
      toast(t("draft.rejected"));
    }
    return true;
  } catch (error) {
    putBack();
    if (explain(error, name) === "changed") void refresh(draft);
    return false;
  }
}

/** Keeps an edit; `changed` means that somebody else was quicker. */
export async function keepEdit(draft: DraftView, text: string): Promise<DraftView | "changed" | "failed"> {
  try {
    const outcome = await line().request({ cmd: "edit", draft: draft.id, revision: draft.revision, text });
    if (outcome.is !== "draft") return "failed";
    takeDraft(outcome.draft);
    return outcome.draft;
  } catch (error) {
    if (!isCode(error, "draft_changed")) return "failed";
    await refresh(draft);
    return "changed";
  }
}

export async function undo(held: HeldDraft): Promise<void> {
  const t = i18next.t;
  letGo(held.draft);
  try {
    const outcome = await line().request({ cmd: "undo", draft: held.draft });
    if (outcome.is === "draft") takeDraft(outcome.draft);
    count(-1);
    toast(t("draft.undone"));
    window.dispatchEvent(new CustomEvent("concierge:undone", { detail: held.conversation }));
  } catch (error) {
    if (isCode(error, "already_sent", "draft_already_decided")) toast(t("draft.tooLate"));
    else complain(t("draft.refused", { why: refusal(error) }));
  }
}
