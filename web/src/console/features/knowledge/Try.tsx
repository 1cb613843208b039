/** Takes a sentence as the agent would, and shows why. */
import { CircleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api";
import { micros, percent } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { Field } from "../../parts/Field";
import type { Intent, Trial } from "../../types";

export function Try({ intents }: { intents?: readonly Intent[] }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [trial, setTrial] = useState<Trial>();

  async function handleTry() {
    if (busy || text.trim() === "") return;
    setBusy(true);
    setWrong(undefined);
    try {
      setTrial(await api.tryIntents(text.trim(), intents));
    } catch (error) {
      setTrial(undefined);
      setWrong(refusal(error));
    }
    setBusy(false);
  }

  return (
    <form
      className="kcard"
      aria-label={t("intents.tryTitle")}
      onSubmit={(event) => {
        event.preventDefault();
        void handleTry();
      }}
    >
      <h2 className="mb-3">{t("intents.tryTitle")}</h2>
      <Field label={t("intents.tryLabel")} wrong={wrong} hint={t("intents.tryHint")}>
        {(field) => (
          <input
            {...field}
            className="input"
            dir="auto"
            value={text}
            maxLength={500}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      <button type="submit" className="btn line mt-3" disabled={busy || text.trim() === ""}>
        {busy ? t("intents.trying") : t("intents.tryButton")}
      </button>
      <div role="status">{trial ? <Outcome trial={trial} /> : null}</div>
    </form>
  );
}

function Outcome({ trial }: { trial: Trial }) {
  const { t } = useTranslation();
  const { best } = trial;
  const others = trial.present.filter((one) => one.intent !== best?.intent);
  const because = trial.because.filter((one) => !best || one.intent === best.intent).slice(0, 3);
  const rounded = (value: number) => value.toFixed(2);
  return (
    <div className="mt-4 grid gap-3 border-t border-line pt-4">
      <p className="flex items-baseline gap-2">
        <b className="text-[17px]">
          <bdi>{best ? best.label : t("intents.none")}</bdi>
        </b>
        <span className="num text-ink2">{percent(best ? best.confidence : trial.none.confidence)}</span>
      </p>
      {best ? null : (
        <p className="num text-meta text-ink2">
          {t("intents.noneWhy", {
            familiarity: rounded(trial.none.familiarity),
            threshold: rounded(trial.none.threshold),
          })}
        </p>
      )}
      {others.length > 0 ? (
        <p>
          {t("intents.also")}: {others.map((one) => one.label).join(", ")}
        </p>
      ) : null}
      {because.length > 0 ? (
        <div>
          <p className="lab">{t("intents.becauseOf")}</p>
          <ul className="grid gap-1">
            {because.map((one) => (
              <li key={`${one.intent}${one.example}`} className="flex items-baseline gap-2">
                <q className="min-w-0 flex-1" dir="auto">
                  {one.example}
                </q>
                <span className="num text-meta text-ink3">{rounded(one.likeness)}</span>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      <div>
        <p className="lab">{t("intents.ranked")}</p>
        <ul className="grid gap-1.5">
          {trial.ranked.map((one) => (
            <li key={one.intent} className="grid grid-cols-[minmax(0,1fr)_90px_44px] items-center gap-2">
              <bdi className="truncate">{one.label}</bdi>
              <progress className="kbar" aria-label={one.label} value={one.confidence} max={1} />
              <span className="num text-end text-meta text-ink2">{percent(one.confidence)}</span>
            </li>
          ))}
        </ul>
      </div>
      {trial.steering.flag ? (
        <p className="flex items-start gap-2 text-brick">
          <Icon of={CircleAlert} size="s" />
          <span>
            {t("intents.steers", { n: percent(trial.steering.score) })}
            {trial.steering.reasons.length > 0 ? `: ${trial.steering.reasons.join(", ")}` : ""}
          </span>
        </p>
      ) : null}
      <p className="num text-meta text-ink3">
        {t("intents.by", { by: trial.by, time: micros(trial.micros) })}
      </p>
    </div>
  );
}
