import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "../../lib/refusal";
import { complain } from "../../parts/toast";
import { Words } from "./Differences";
import { agentApi, type Outcome, type Previewed, type Which } from "./model";

/** The tone on the business's own past messages: what drafts now, and what is edited. */
export function Hear({ of }: { of: Which }) {
  const { t } = useTranslation("agent");
  const [heard, setHeard] = useState<readonly Previewed[]>();
  const [busy, setBusy] = useState(false);

  async function handleHear() {
    setBusy(true);
    try {
      setHeard(await agentApi.preview(of));
    } catch (error) {
      complain(refusal(error));
    }
    setBusy(false);
  }

  return (
    <section aria-label={t("preview")} data-heard={heard?.length}>
      <p className="flex flex-wrap items-center gap-3">
        <button type="button" className="btn line" disabled={busy} onClick={() => void handleHear()}>
          {busy ? t("previewing") : t("preview")}
        </button>
        <span className="min-w-0 flex-1 basis-60 text-small text-ink3">{t("previewText")}</span>
      </p>
      <div role="status">
        {heard?.length === 0 ? <p className="mt-2 text-ink3">{t("previewNone")}</p> : null}
        <ol className="heard">
          {heard?.map((one) => (
            <li key={`${one.conversation}${one.seq}`}>
              <p className="asked" dir="auto">
                {one.asked}
              </p>
              <Words from={one.before.text} to={one.after?.text ?? one.before.text} />
              <p className="text-meta text-ink3">
                {one.after === undefined || one.after.text === one.before.text ? `${t("previewSame")} ` : ""}
                {t("by", { name: writer(one.after ?? one.before, t("engine")) })}
              </p>
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}

export const writer = (outcome: Outcome, engine: string): string =>
  `${outcome.model ?? engine}${outcome.fallback ? `: ${outcome.fallback}` : ""}`;
