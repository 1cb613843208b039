/** The sequences, each in words, with its switch and how it fares. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { queries } from "../../api";
import { refusal } from "../../lib/refusal";
import { Icon, Switch } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { complain } from "../../parts/toast";
import { askSequences, NEW_SEQUENCE, sequencesApi } from "./model";

export function Sequences() {
  const { t } = useTranslation("sequences");
  const mayWrite = useMay("manager");
  const { data, error } = useQuery(askSequences.list);

  async function handleSwitch(id: string, on: boolean) {
    try {
      await sequencesApi.switch(id, on);
      await queries.invalidateQueries({ queryKey: ["sequences"] });
    } catch (problem) {
      complain(refusal(problem));
    }
  }

  return (
    <section className="mt-10" aria-labelledby="sequences-title">
      <div className="mb-4 flex flex-wrap items-center gap-3">
        <div className="min-w-48 flex-1">
          <h2 id="sequences-title" className="mb-1">
            {t("title")}
          </h2>
          <p className="text-ink2">{t("text")}</p>
        </div>
        {mayWrite ? (
          <Link to="/rules/$rule" params={{ rule: NEW_SEQUENCE }} className="btn line">
            <Icon of={Plus} size="s" />
            {t("add")}
          </Link>
        ) : null}
      </div>
      {error ? <p className="err">{refusal(error)}</p> : null}
      {data?.length === 0 ? <p className="text-ink3">{t("none")}</p> : null}
      <ul>
        {data?.map((one) => (
          <li key={one.id} className="flex items-start gap-4 border-t border-line py-3.5">
            <div className="min-w-0 flex-1">
              <p className="flex flex-wrap items-center gap-2">
                <Link
                  to="/rules/$rule"
                  params={{ rule: one.id }}
                  className="rounded-r1 font-[560] hover:underline"
                  dir="auto"
                >
                  {one.name}
                </Link>
                {one.failed > 0 ? (
                  <span className="rbadge">
                    <Icon of={CircleAlert} size="xs" />
                    {t("failing", { count: one.failed })}
                  </span>
                ) : null}
              </p>
              <p className="mt-0.5 text-small text-ink2" dir="auto">
                {one.text}
              </p>
              <p className="num mt-0.5 text-meta text-ink3">
                {t("started", { count: one.started })}
                {one.running > 0 ? ` · ${t("running", { count: one.running })}` : ""}
              </p>
            </div>
            <Switch
              label={one.name}
              checked={one.enabled}
              disabled={!mayWrite}
              onChange={(on) => void handleSwitch(one.id, on)}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}
