/** The sequences on their way in a conversation, each with its next step and a way to stop it; and a way to start one. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import "./texts";
import { queries } from "../../api";
import { dayClock } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { useMay } from "../../parts/data";
import { complain } from "../../parts/toast";
import { askSequences, sequencesApi } from "./model";

export default function SequencesHere(props: { conversation: string; seq: number; closed: boolean }) {
  const { t } = useTranslation("sequences");
  const mayAnswer = useMay("staff");
  const { data: runs } = useQuery(askSequences.here(props.conversation, props.seq));
  const { data: all } = useQuery({ ...askSequences.list, staleTime: 60_000 });
  const [chosen, setChosen] = useState<string>();
  const running = runs?.filter((run) => !run.ended_at) ?? [];
  const free = all?.filter((one) => one.enabled && !running.some((run) => run.sequence === one.id)) ?? [];
  const which = free.find((one) => one.id === chosen)?.id ?? free[0]?.id;
  const mayStart = mayAnswer && !props.closed && which !== undefined;
  if (running.length === 0 && !mayStart) return null;

  async function act(what: () => Promise<unknown>) {
    try {
      await what();
      await queries.invalidateQueries({ queryKey: ["sequence-runs", props.conversation] });
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <section className="sec" aria-label={t("title")}>
      <h3 className="sh">{t("title")}</h3>
      <ul className="grid gap-2.5">
        {running.map((run) => (
          <li key={run.id} className="flex items-start gap-2">
            <span className="min-w-0 flex-1">
              <b className="block font-[570]" dir="auto">
                {run.name}
              </b>
              <span className="num block text-small text-ink2" dir="auto">
                {t("progress", { n: run.steps.length, of: run.of })}
                {". "}
                {run.due
                  ? t("next", { at: dayClock(run.due), what: run.next?.join(", ") ?? "" })
                  : t("never")}
              </span>
            </span>
            {mayAnswer ? (
              <button
                type="button"
                className="btn line"
                aria-label={t("stopOf", { name: run.name })}
                onClick={() => void act(() => sequencesApi.stop(props.conversation, run.id))}
              >
                {t("stop")}
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {mayStart ? (
        <details className={running.length > 0 ? "mt-3" : ""}>
          <summary className="cursor-pointer rounded-r1 text-ink2 hover:text-ink">{t("start")}</summary>
          <form
            className="mt-2 flex flex-wrap gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              void act(() => sequencesApi.begin(props.conversation, which));
            }}
          >
            <select
              className="input min-w-0 flex-1"
              aria-label={t("which")}
              value={which}
              onChange={(event) => setChosen(event.target.value)}
            >
              {free.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
            <button type="submit" className="btn line">
              {t("begin")}
            </button>
          </form>
        </details>
      ) : null}
    </section>
  );
}
