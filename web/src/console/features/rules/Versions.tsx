/** Every version of a rule: who made it, what it says in words, and the way back to it. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { dayClock } from "../../lib/format";
import { askRules, type RuleDocument } from "./model";

export function Versions(props: { id: string; now: number; onTake: (document: RuleDocument) => void }) {
  const { t } = useTranslation("rules");
  const { data } = useQuery(askRules.versions(props.id));
  return (
    <details className="rcard">
      <summary className="cursor-pointer font-[600]">{t("history")}</summary>
      <ul className="mt-3 grid gap-3">
        {data?.map((one) => (
          <li key={one.version} className="grid gap-1">
            <p className="flex flex-wrap items-baseline gap-x-2">
              <b className="font-[600]">{t("version", { n: one.version })}</b>
              <span className="num text-meta text-ink3">
                {dayClock(one.at)} {one.made_by ? t("by", { name: one.made_by }) : ""}
              </span>
            </p>
            <p className="text-ink2" dir="auto">
              {one.text}
            </p>
            {one.version === props.now ? null : (
              <button
                type="button"
                className="mini justify-self-start"
                onClick={() => props.onTake(one.document)}
              >
                {t("restore")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
