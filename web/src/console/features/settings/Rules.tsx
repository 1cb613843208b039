import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { refusal } from "../../lib/refusal";
import { Switch } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { complain } from "../../parts/toast";
import { Line } from "./Line";

/** The rules that are there, each with its switch. */
export function Rules() {
  const { t } = useTranslation();
  const mayWrite = useMay("manager");
  const { data } = useQuery(ask.rules);

  async function handleSwitch(id: string, on: boolean) {
    try {
      await api.changeRule(id, on);
      await queries.invalidateQueries({ queryKey: ask.rules.queryKey });
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <>
      <p className="mb-4 text-ink2">{t("settings.rulesText")}</p>
      {data?.items.length === 0 ? <p className="text-ink3">{t("settings.noRules")}</p> : null}
      {data?.items.map((rule) => (
        <Line key={rule.id} label={rule.name}>
          <Switch
            label={rule.name}
            checked={rule.enabled}
            disabled={!mayWrite}
            onChange={(on) => void handleSwitch(rule.id, on)}
          />
        </Line>
      ))}
    </>
  );
}
