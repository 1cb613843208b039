/** What the team does again and again by hand, as rules that could do it, with how often they would be right. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Sparkles } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { call, query } from "../../api";
import { percent } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { proposeRule, type RuleDocument } from "./model";

type Habit = {
  readonly text: string;
  readonly document: RuleDocument;
  readonly held: number;
  readonly right: number;
  readonly done: number;
  readonly precision: number;
  readonly recall: number;
  readonly newer: readonly [number, number];
  readonly examples: readonly string[];
  readonly wrong: readonly string[];
};
type Found = { readonly conversations: number; readonly precision: number; readonly items: readonly Habit[] };

const BARS = [0.75, 0.85, 0.95] as const;

export function Habits() {
  const { t } = useTranslation("rules");
  const navigate = useNavigate();
  const [asked, setAsked] = useState(false);
  const [bar, setBar] = useState<number>(0.85);
  const { data, error, isFetching } = useQuery({
    queryKey: ["habits", bar],
    queryFn: () => call<Found>("GET", `/v1/rules/habits${query({ precision: bar })}`),
    enabled: asked,
    staleTime: 60_000,
  });
  return (
    <section className="rui rcard mt-8" aria-label={t("habits.title")}>
      <h2>{t("habits.title")}</h2>
      <p className="mb-3 text-ink2">{t("habits.text")}</p>
      <div className="flex flex-wrap items-center gap-3">
        <button type="button" className="btn line" disabled={isFetching} onClick={() => setAsked(true)}>
          <Icon of={Sparkles} size="s" />
          {t(isFetching ? "habits.looking" : "habits.look")}
        </button>
        <label className="flex items-center gap-2">
          {t("habits.bar")}
          <select className="input rfit" value={bar} onChange={(event) => setBar(Number(event.target.value))}>
            {BARS.map((one) => (
              <option key={one} value={one}>
                {percent(one)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {error ? <p className="err">{refusal(error)}</p> : null}
      {data ? (
        <p className="mt-3 text-ink3" role="status">
          {t("habits.looked", { count: data.items.length, n: data.conversations })}
        </p>
      ) : null}
      <ul className="mt-3 grid gap-4">
        {data?.items.map((habit) => (
          <li key={habit.document.key} className="grid gap-2 border-t border-line pt-4">
            <p dir="auto">{habit.text}</p>
            <p className="num flex flex-wrap gap-x-5 gap-y-1 text-small text-ink2">
              <span title={t("habits.precisionHint")}>
                {t("habits.precision", { p: percent(habit.precision), right: habit.right, held: habit.held })}
              </span>
              <span title={t("habits.recallHint")}>
                {t("habits.recall", { p: percent(habit.recall), right: habit.right, done: habit.done })}
              </span>
              <span className="text-ink3">
                {t("habits.newer", { right: habit.newer[1], held: habit.newer[0] })}
              </span>
            </p>
            <Where label={t("habits.examples")} of={habit.examples} />
            <Where label={t("habits.wrong")} of={habit.wrong} />
            <button
              type="button"
              className="mini justify-self-start"
              onClick={() => {
                proposeRule(habit.document);
                void navigate({ to: "/rules/$rule", params: { rule: "new" } });
              }}
            >
              {t("habits.make")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Why: the conversations themselves. */
function Where({ label, of }: { label: string; of: readonly string[] }) {
  if (of.length === 0) return null;
  return (
    <p className="text-small">
      <span className="text-ink3">{label} </span>
      {of.map((id, at) => (
        <Link key={id} to="/inbox/{-$id}" params={{ id }} search={{ view: "all" }} className="me-2 underline">
          {at + 1}
        </Link>
      ))}
    </p>
  );
}
