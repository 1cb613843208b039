import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask } from "../../api";
import { refusal } from "../../lib/refusal";
import { Field } from "../../parts/Field";
import { complain } from "../../parts/toast";
import type { StepProps } from "./Setup";

export function TrialStep({ workspace, onDone }: StepProps) {
  const { t } = useTranslation("setup");
  const navigate = useNavigate();
  const [question, setQuestion] = useState(workspace.starters[0] ?? "");
  const [asked, setAsked] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const { data: drafts } = useQuery(ask.drafts);
  const ready =
    drafts?.items.some(
      (item) => item.conversation.id === asked && item.conversation.draft?.status === "pending",
    ) ?? false;

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setWrong(undefined);
    try {
      setAsked((await api.askSample(question)).conversation);
    } catch (error) {
      setWrong(refusal(error));
    }
    setBusy(false);
  }

  async function handleOpen() {
    setBusy(true);
    const problem = await onDone();
    if (problem) complain(problem);
    else void navigate({ to: "/approvals/{-$id}", params: { id: asked } });
    setBusy(false);
  }

  return (
    <form className="grid max-w-[640px] gap-5" onSubmit={(event) => void handleSubmit(event)}>
      <p className="text-ink2">{t("trialText")}</p>
      <Field label={t("trialQuestion")} wrong={wrong}>
        {(field) => (
          <textarea
            {...field}
            className="input"
            required
            dir="auto"
            rows={2}
            maxLength={2000}
            disabled={asked !== undefined}
            value={question}
            onChange={(event) => setQuestion(event.target.value)}
          />
        )}
      </Field>
      <p role="status" className="min-h-5 text-pencil">
        {asked === undefined ? "" : ready ? t("trialReady") : t("trialWaits")}
      </p>
      <div className="flex flex-wrap gap-2">
        {asked === undefined ? (
          <button type="submit" className="btn go plain" disabled={busy || question.trim() === ""}>
            {busy ? t("trialAsking") : t("trialAsk")}
          </button>
        ) : (
          <button
            type="button"
            className="btn go plain"
            disabled={busy || !ready}
            onClick={() => void handleOpen()}
          >
            {t("trialOpen")}
          </button>
        )}
        <a className="btn" href={`/portal/${workspace.slug}`} target="_blank" rel="noreferrer">
          {t("trialPortal")}
        </a>
      </div>
    </form>
  );
}
