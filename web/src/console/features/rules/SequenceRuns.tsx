/** The sequences of one conversation: what their steps did, what comes next, and why they ended. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import "./rules.css";
import "./texts";
import { dayClock } from "../../lib/format";
import { askSequences, type SequenceRun } from "./model";

export function SequenceRuns({ conversation }: { conversation: string }) {
  const { t } = useTranslation("sequences");
  const { data } = useQuery({ ...askSequences.here(conversation, 0), staleTime: 0 });
  if (!data || data.length === 0) return null;
  return (
    <section className="mt-6" aria-labelledby="sequence-runs">
      <h3 id="sequence-runs" className="mb-2 font-[600]">
        {t("title")}
      </h3>
      <ul className="grid gap-2">
        {data.map((run) => (
          <Run key={run.id} run={run} />
        ))}
      </ul>
    </section>
  );
}

function Run({ run }: { run: SequenceRun }) {
  const { t } = useTranslation("sequences");
  const { t: rules } = useTranslation("rules");
  return (
    <li className="rcard grid gap-1.5">
      <p className="flex flex-wrap items-center gap-2">
        <b className="min-w-0 flex-1 font-[600]" dir="auto">
          {run.name}
        </b>
        <span className={`rverdict num ${run.ended_at ? "" : "fired"}`}>
          {t("progress", { n: run.steps.length, of: run.of })}
        </span>
      </p>
      <p className="num text-small text-ink2" dir="auto">
        {t("begun", { name: run.started_by, at: dayClock(run.started_at) })}
      </p>
      {run.steps.map((step) => (
        <div key={step.step} className="text-small">
          <p className="num text-ink2">{t("did", { n: step.step, at: dayClock(step.at) })}</p>
          <ul className="ms-3">
            {step.receipts.map((receipt, at) => (
              <li
                // biome-ignore lint/suspicious/noArrayIndexKey: a step may do the same twice.
                key={at}
                className={receipt.state === "failed" ? "text-brick" : "text-ink2"}
                dir="auto"
              >
                {receipt.action}: {rules(`why.state.${receipt.state}`)}
                {receipt.because ? `, ${receipt.because}` : ""}
              </li>
            ))}
          </ul>
        </div>
      ))}
      <p className="num text-small text-ink2" dir="auto">
        {run.ended_at
          ? t("ended", { at: dayClock(run.ended_at), because: run.because ?? "" })
          : run.due
            ? t("next", { at: dayClock(run.due), what: run.next?.join(", ") ?? "" })
            : t("never")}
      </p>
    </li>
  );
}
