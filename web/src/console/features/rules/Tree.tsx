/** A condition with whether it held and what was really there. */
import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleMinus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../parts/basics";
import { plainValue } from "../../parts/data";
import { askRules, type Explanation, type Fact } from "./model";

export function Tree({ of }: { of: Explanation }) {
  const { data } = useQuery(askRules.vocabulary);
  return (
    <ul className="rtree">
      <Branch of={of} facts={data?.facts ?? []} />
    </ul>
  );
}

function Branch({ of, facts }: { of: Explanation; facts: readonly Fact[] }) {
  const { t } = useTranslation("rules");
  const mark = (
    <span className={of.met ? "text-green" : "text-brick"} title={t(of.met ? "why.holds" : "why.not")}>
      <Icon of={of.met ? CircleCheck : CircleMinus} size="s" />
      <span className="sr-only">{t(of.met ? "why.holds" : "why.not")}</span>
    </span>
  );
  if ("all" in of || "any" in of) {
    const inner = "all" in of ? of.all : of.any;
    if (inner.length === 0) return <li className="rleaf">{mark}</li>;
    return (
      <li>
        <span className="rleaf">
          {mark}
          <span className="text-ink2">{t("all" in of ? "why.all" : "why.any")}</span>
        </span>
        <ul>
          {inner.map((one, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no identity beyond their place.
            <Branch key={at} of={one} facts={facts} />
          ))}
        </ul>
      </li>
    );
  }
  if ("not" in of) {
    return (
      <li>
        <span className="rleaf">
          {mark}
          <span className="text-ink2">{t("why.negated")}</span>
        </span>
        <ul>
          <Branch of={of.not} facts={facts} />
        </ul>
      </li>
    );
  }
  const fact = facts.find((one) => one.fact === of.fact);
  const label = (value: unknown): string =>
    Array.isArray(value)
      ? value.map(label).join(", ")
      : typeof value === "boolean"
        ? t(value ? "yes" : "no")
        : (fact?.options?.find((one) => one.value === value)?.label ?? plainValue(value));
  return (
    <li className="rleaf">
      {mark}
      <span className="min-w-0">
        {fact?.label ?? of.fact}
        {fact?.kind === "flag" && of.op === "is" ? ": " : ` ${t(`ops.${of.op}`)} `}
        <b className="font-[600]" dir="auto">
          {label(of.value)}
        </b>
        <span className="ractual" dir="auto">
          {of.actual === undefined ? t("why.nothing") : t("why.was", { value: label(of.actual) })}
        </span>
      </span>
    </li>
  );
}
