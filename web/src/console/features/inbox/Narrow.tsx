/** Conditions that narrow the inbox: the tree that rules are built with, over what lasts. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import "../rules/rules.css";
import "../rules/texts";
import { call } from "../../api";
import { refusal } from "../../lib/refusal";
import { ConditionGroup } from "../rules/Conditions";
import { askRules, conditionOf, groupOf, treeOf } from "../rules/model";

type Found = { readonly items: readonly unknown[]; readonly next?: string; readonly text: string };

/** As many as are counted before "and more". */
const COUNTED = 100;

export function Narrow(props: { when: string | undefined; onShow: (when: string | undefined) => void }) {
  const { t } = useTranslation("rules");
  const [tree, setTree] = useState(() => (props.when ? treeOf(JSON.parse(props.when)) : groupOf()));
  const { data: vocabulary } = useQuery(askRules.vocabulary);
  const facts = useMemo(() => vocabulary?.facts.filter((fact) => fact.lasting) ?? [], [vocabulary]);
  const when = useMemo(() => conditionOf(tree), [tree]);
  const [asked, setAsked] = useState(when);
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(when), 250);
    return () => window.clearTimeout(timer);
  }, [when]);
  const empty = "all" in when && when.all.length === 0;
  const { data, error } = useQuery({
    queryKey: ["narrowed", asked],
    queryFn: () => call<Found>("POST", "/v1/conversations/search", { when: asked, limit: COUNTED }),
    placeholderData: (before) => before,
    retry: false,
    gcTime: 10_000,
  });
  return (
    <form
      className="rui grid gap-4 p-5"
      onSubmit={(event) => {
        event.preventDefault();
        props.onShow(empty ? undefined : JSON.stringify(when));
      }}
    >
      <p className="text-ink2">{t("narrow.text")}</p>
      <ConditionGroup group={tree} facts={facts} place="" onChange={setTree} />
      {error ? (
        <p className="err" role="alert" dir="auto">
          {refusal(error)}
        </p>
      ) : (
        <p aria-live="polite" dir="auto" data-testid="narrow-text">
          {empty ? null : <b className="font-[560]">{data?.text} </b>}
          <span className="text-ink3 num">
            {data ? t("narrow.found", { count: data.items.length, more: data.next ? "+" : "" }) : ""}
          </span>
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <button type="submit" className="btn go plain" disabled={error !== null}>
          {t("narrow.show")}
        </button>
        {props.when ? (
          <button type="button" className="btn line" onClick={() => props.onShow(undefined)}>
            {t("narrow.none")}
          </button>
        ) : null}
      </div>
    </form>
  );
}
