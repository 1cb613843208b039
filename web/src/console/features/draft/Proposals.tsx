import { CircleAlert, CircleCheck, CircleMinus, Hourglass, Square, SquareCheck, Unplug } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api";
import "../../i18n/models";
import { refusal } from "../../lib/refusal";
import { takeDraft } from "../../live/live";
import { Icon } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { complain } from "../../parts/toast";
import type { DraftView } from "../../types";
import "./proposals.css";

const ICON = {
  proposed: SquareCheck,
  dropped: Square,
  waiting: Hourglass,
  begun: Hourglass,
  done: CircleCheck,
  skipped: CircleMinus,
  failed: CircleAlert,
} as const;

/** Who wrote the draft, and what is done when it is sent, in exact words. */
export function Proposals({ draft }: { draft: DraftView }) {
  const { t } = useTranslation("models");
  const mayDecide = useMay("staff");
  const [busy, setBusy] = useState(false);
  const proposals = draft.proposals ?? [];

  async function handleDrop(number: number, dropped: boolean) {
    setBusy(true);
    try {
      takeDraft(await api.dropProposal(draft.id, number, draft.revision, dropped));
    } catch (error) {
      complain(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      {proposals.length > 0 ? (
        <section className="props" aria-label={t("proposals")}>
          <h3>{t("proposals")}</h3>
          <ul>
            {proposals.map((one) => {
              const dropped = one.state === "dropped";
              const isOpen = dropped || one.state === "proposed";
              return (
                <li key={one.number} data-state={one.state}>
                  <Icon of={ICON[one.state]} />
                  <p dir="auto">
                    {dropped ? <del>{one.says}</del> : one.says}
                    {one.receipt ? <small>{one.receipt}</small> : null}
                  </p>
                  {mayDecide && isOpen ? (
                    <button
                      type="button"
                      className="mini"
                      disabled={busy}
                      onClick={() => void handleDrop(one.number, !dropped)}
                    >
                      {t(dropped ? "keep" : "drop")}
                      <span className="sr-only">: {one.says}</span>
                    </button>
                  ) : null}
                </li>
              );
            })}
          </ul>
        </section>
      ) : null}
      {draft.fallback ? (
        <p className="wrote" role="note">
          <Icon of={Unplug} size="s" />
          <span>
            {t("fallback")}: <bdi>{draft.fallback}</bdi>
          </span>
        </p>
      ) : draft.model ? (
        <p className="wrote">
          <bdi>{t("wrote", { model: draft.model })}</bdi>
        </p>
      ) : null}
    </>
  );
}
