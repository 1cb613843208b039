import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useKeys } from "../../lib/keys";
import { Cap } from "../../parts/basics";
import type { RejectReason } from "../../types";

export { Changes } from "./Changes";
export { Proposals } from "./Proposals";

const REASONS: readonly RejectReason[] = ["wrong", "incomplete", "tone", "not_now", "other"];
const REWRITES = ["shorter", "warmer", "ask", "own"] as const;

type How = { reason: RejectReason; note?: string; rewrite: boolean };
type Props = { onChoose: (how: How) => void; onClose: () => void };

function useDigits(count: number, choose: (at: number) => void, onClose: () => void): void {
  useKeys({
    source: (event) => {
      const at = Number(event.key) - 1;
      if (!(at >= 0 && at < count)) return false;
      choose(at);
      return true;
    },
    keepEdit: () => void onClose(),
    approve: () => true,
  });
}

export function RewriteChoices({ onChoose, onClose }: Props) {
  const { t } = useTranslation();
  const [own, setOwn] = useState<string>();
  const box = useRef<HTMLInputElement>(null);
  const choose = (at: number) => {
    const how = REWRITES[at];
    if (how === "own") setOwn("");
    else if (how === "shorter")
      onChoose({ reason: "other", note: t("draft.rewriteNote.shorter"), rewrite: true });
    else if (how === "warmer")
      onChoose({ reason: "tone", note: t("draft.rewriteNote.warmer"), rewrite: true });
    else if (how === "ask")
      onChoose({ reason: "incomplete", note: t("draft.rewriteNote.ask"), rewrite: true });
  };
  useDigits(REWRITES.length, choose, onClose);
  useEffect(() => {
    if (own === "") box.current?.focus();
  }, [own]);
  return (
    <section className="choose" aria-label={t("draft.rewrite")}>
      <p className="lead">{t("draft.rewriteLead")}</p>
      {own === undefined ? (
        REWRITES.map((how, at) => (
          <button key={how} type="button" className="btn line" onClick={() => choose(at)}>
            {t(`draft.rewriteAs.${how}`)}
            <Cap>{at + 1}</Cap>
          </button>
        ))
      ) : (
        <form
          className="flex flex-1 gap-1.5"
          onSubmit={(event) => {
            event.preventDefault();
            if (own.trim() !== "") onChoose({ reason: "other", note: own.trim(), rewrite: true });
          }}
        >
          <input
            ref={box}
            type="text"
            className="input"
            aria-label={t("draft.rewriteOwn")}
            placeholder={t("draft.rewriteOwn")}
            value={own}
            maxLength={500}
            onChange={(event) => setOwn(event.target.value)}
          />
          <button type="submit" className="btn go plain" disabled={own.trim() === ""}>
            {t("draft.rewriteGo")}
          </button>
        </form>
      )}
    </section>
  );
}

export function RejectChoices({ onChoose, onClose }: Props) {
  const { t } = useTranslation();
  const [note, setNote] = useState("");
  const choose = (at: number) => {
    const reason = REASONS[at];
    if (reason) onChoose({ reason, rewrite: false, ...(note.trim() === "" ? {} : { note: note.trim() }) });
  };
  useDigits(REASONS.length, choose, onClose);
  return (
    <section className="choose" aria-label={t("draft.reject")}>
      <p className="lead">{t("draft.rejectLead")}</p>
      {REASONS.map((reason, at) => (
        <button key={reason} type="button" className="btn line" onClick={() => choose(at)}>
          {t(`draft.reason.${reason}`)}
          <Cap>{at + 1}</Cap>
        </button>
      ))}
      <input
        type="text"
        className="input"
        aria-label={t("draft.rejectNote")}
        placeholder={t("draft.rejectNote")}
        value={note}
        maxLength={500}
        onChange={(event) => setNote(event.target.value)}
      />
    </section>
  );
}
