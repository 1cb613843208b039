import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import "../rules/rules.css";
import "../rules/texts";
import { api, queries } from "../../api";
import "../../i18n/settings";
import { refusal } from "../../lib/refusal";
import { Icon, Switch } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { complain } from "../../parts/toast";
import { Habits } from "../rules/Habits";
import { askRules, type RuleRow } from "../rules/model";
import { Sequences } from "../rules/Sequences";

/** The rules in the order they run, each in words, with its switch and how it fared. */
export function Rules() {
  const { t } = useTranslation();
  const { t: rules } = useTranslation("rules");
  const mayWrite = useMay("manager");
  const { data, error } = useQuery(askRules.list);

  async function handleSwitch(id: string, on: boolean) {
    try {
      await api.changeRule(id, on);
      await queries.invalidateQueries({ queryKey: ["rules"] });
    } catch (problem) {
      complain(refusal(problem));
    }
  }

  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-1 text-ink2">{t("settings.rulesText")}</p>
        {mayWrite ? (
          <Link to="/rules/$rule" params={{ rule: "new" }} className="btn line">
            <Icon of={Plus} size="s" />
            {rules("add")}
          </Link>
        ) : null}
      </div>
      {error ? <p className="err">{refusal(error)}</p> : null}
      {data?.length === 0 ? <p className="text-ink3">{rules("none")}</p> : null}
      <ul>
        {data?.map((rule) => (
          <Row
            key={rule.id}
            rule={rule}
            mayWrite={mayWrite}
            onSwitch={(on) => void handleSwitch(rule.id, on)}
          />
        ))}
      </ul>
      <Sequences />
      {mayWrite ? <Habits /> : null}
    </>
  );
}

function Row(props: { rule: RuleRow; mayWrite: boolean; onSwitch: (on: boolean) => void }) {
  const { t } = useTranslation("rules");
  const { rule } = props;
  return (
    <li className="flex items-start gap-4 border-t border-line py-3.5">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <Link
            to="/rules/$rule"
            params={{ rule: rule.id }}
            className="rounded-r1 font-[560] hover:underline"
            dir="auto"
          >
            {rule.name}
          </Link>
          {rule.of_schema ? <span className="rverdict">{t("workflow")}</span> : null}
          {rule.failed > 0 ? (
            <span className="rbadge">
              <Icon of={CircleAlert} size="xs" />
              {t("failing", { count: rule.failed })}
            </span>
          ) : null}
        </p>
        <p className="mt-0.5 text-small text-ink2" dir="auto">
          {rule.text}
        </p>
        <p className="num mt-0.5 text-meta text-ink3">{t("fired", { count: rule.fired })}</p>
      </div>
      <Switch label={rule.name} checked={rule.enabled} disabled={!props.mayWrite} onChange={props.onSwitch} />
    </li>
  );
}
