/** The rule builder: when, if, then; beside it the rule in words and what it would have done. */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, queries } from "../../api";
import "../../i18n/settings";
import { late } from "../../lib/late";
import { refusal } from "../../lib/refusal";
import { Empty, Segments } from "../../parts/basics";
import { useMay, useWorkflow } from "../../parts/data";
import { Field } from "../../parts/Field";
import { DAYS } from "../../types";
import { Actions, type Step } from "./Actions";
import { BuilderHead, BuilderPage, type Kind, NameField, ReadingCard, useBuilding } from "./Building";
import { ConditionGroup } from "./Conditions";
import { DryRun } from "./DryRun";
import {
  askRules,
  conditionOf,
  fresh,
  type Group,
  HOURS,
  isSequence,
  keyOf,
  type Reading,
  type Rule,
  type RuleDocument,
  rulesApi,
  SINCES,
  TRIGGERS,
  takeProposed,
  treeOf,
  type Vocabulary,
} from "./model";
import { Versions } from "./Versions";

const NEW: Rule = {
  id: "",
  key: "",
  version: 0,
  enabled: false,
  updated_at: "",
  name: "",
  on: "message",
  priority: 100,
  stop: false,
  hours: "any",
  when: { all: [] },
  // biome-ignore lint/suspicious/noThenProperty: the word of the API; nothing awaits a document.
  then: [],
};

const SequenceBuilder = late(() => import("./SequenceBuilder"), "default");

/** The page of one rule, or of one sequence: what follows in time is built beside what happens at once. */
export function Builder() {
  const { rule: id } = useParams({ from: "/rules/$rule" });
  if (!isSequence(id)) return <RulePage id={id} />;
  return (
    <Suspense fallback={<main className="page" aria-busy="true" />}>
      <SequenceBuilder id={id} />
    </Suspense>
  );
}

function RulePage({ id }: { id: string }) {
  const { t } = useTranslation("rules");
  const mayWrite = useMay("manager");
  const { data: vocabulary } = useQuery(askRules.vocabulary);
  const { data: stored, error } = useQuery({ ...askRules.one(id), enabled: id !== "new" });
  const [begun] = useState(takeProposed);
  const blank = useMemo(() => ({ ...NEW, ...begun }), [begun]);
  const rule = id === "new" ? blank : stored;
  if (error) return <Empty page title={refusal(error)} />;
  if (!rule || !vocabulary) return <main className="page" aria-busy="true" />;
  return (
    <BuilderPage>
      {mayWrite ? null : <p className="hint mb-3">{t("managersOnly")}</p>}
      {rule.of_schema ? (
        <p className="rcard mb-4 flex flex-wrap items-center gap-3">
          {t("ofWorkflow")}
          <Link
            to="/schemas/{-$key}"
            params={{ key: rule.of_schema }}
            search={{ tab: "workflow" }}
            className="mini"
          >
            {t("toWorkflow")}
          </Link>
        </p>
      ) : null}
      <Form
        key={`${rule.id}${rule.version}`}
        rule={rule}
        vocabulary={vocabulary}
        mayWrite={mayWrite && rule.of_schema === undefined}
      />
    </BuilderPage>
  );
}

type State = Omit<RuleDocument, "when" | "then"> & { readonly tree: Group; readonly steps: readonly Step[] };

const stateOf = (rule: Rule): State => ({
  key: rule.key,
  name: rule.name,
  on: rule.on,
  priority: rule.priority,
  stop: rule.stop,
  hours: rule.hours,
  ...(rule.after ? { after: rule.after } : {}),
  ...(rule.at ? { at: rule.at } : {}),
  tree: treeOf(rule.when),
  steps: rule.then.map((action) => ({ id: fresh(), action })),
});

function documentOf({ tree, steps, after, at, ...rest }: State): RuleDocument {
  return {
    ...rest,
    key: rest.key || keyOf(rest.name),
    name: rest.name.trim(),
    ...(rest.on === "elapsed" && after ? { after } : {}),
    ...(rest.on === "schedule" && at ? { at } : {}),
    when: conditionOf(tree),
    // biome-ignore lint/suspicious/noThenProperty: the word of the API; nothing awaits a document.
    then: steps.map((step) => step.action),
  };
}

const kind: Kind<State, RuleDocument, Rule, Reading> = {
  name: "rule",
  stateOf,
  documentOf,
  ...rulesApi,
  switchOn: async (kept) => {
    await api.changeRule(kept.id, true);
    return { ...kept, enabled: true };
  },
  refresh: async (kept, isNew) => {
    await queries.invalidateQueries({ queryKey: ["rules"] });
    if (!kept) return;
    void queries.invalidateQueries({ queryKey: ["rule", kept.id, "versions"] });
    if (isNew) queries.setQueryData(askRules.one(kept.id).queryKey, kept);
  },
};

function Form({ rule, vocabulary, mayWrite }: { rule: Rule; vocabulary: Vocabulary; mayWrite: boolean }) {
  const { t } = useTranslation("rules");
  const building = useBuilding(kind, rule, mayWrite, {
    kept: (kept) => t(kept.enabled ? "enabledNow" : "savedOff"),
    confirmDelete: t("confirmDelete"),
  });
  const { state, set, base, document, reading, ready } = building;
  return (
    <>
      <BuilderHead building={building} title={state.name.trim() || t("newTitle")} />
      <div className="rpage">
        <fieldset className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-4" disabled={!mayWrite}>
          <NameField hint={t("nameHint")} value={state.name} onChange={(name) => set({ name })} />
          <section className="rcard" aria-label={t("when")}>
            <h2>{t("when")}</h2>
            <When state={state} onChange={set} />
          </section>
          <section className="rcard" aria-label={t("if")}>
            <h2>{t("if")}</h2>
            <ConditionGroup
              group={state.tree}
              facts={vocabulary.facts}
              place=""
              onChange={(tree) => set({ tree })}
            />
          </section>
          <section className="rcard" aria-label={t("thenDo")}>
            <h2>{t("thenDo")}</h2>
            <Actions
              steps={state.steps}
              vocabulary={vocabulary}
              fresh={fresh}
              onChange={(steps) => set({ steps })}
            />
            <div className="mt-4 flex flex-wrap items-end gap-x-6 gap-y-3">
              <div className="w-28">
                <Field label={t("priority")}>
                  {(field) => (
                    <input
                      {...field}
                      className="input num"
                      type="number"
                      title={t("priorityHint")}
                      value={state.priority}
                      onChange={(event) => set({ priority: Math.trunc(Number(event.target.value)) })}
                    />
                  )}
                </Field>
              </div>
              <label className="flex min-h-8 items-center gap-2">
                <input
                  type="checkbox"
                  checked={state.stop}
                  onChange={(event) => set({ stop: event.target.checked })}
                />
                {t("stop")}
              </label>
              {base.id !== "" && mayWrite ? (
                <button
                  type="button"
                  className="btn ms-auto text-brick!"
                  onClick={() => void building.handleDelete()}
                >
                  {t("delete")}
                </button>
              ) : null}
            </div>
          </section>
        </fieldset>
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-4 lg:sticky lg:top-6">
          <ReadingCard
            reading={reading}
            begun={state.steps.length > 0 && state.name.trim() !== ""}
            incomplete={t("incomplete")}
            testId="rule-text"
          >
            {reading?.notes.map((note) => (
              <p key={note} className="hint">
                {note}
              </p>
            ))}
          </ReadingCard>
          {mayWrite ? <DryRun document={document} ready={ready} /> : null}
          {base.id === "" ? null : (
            <Versions
              id={base.id}
              now={base.version}
              onTake={(taken) => building.replace(stateOf({ ...base, ...NEW, ...taken, key: base.key }))}
            />
          )}
        </div>
      </div>
    </>
  );
}

function When({ state, onChange }: { state: State; onChange: (to: Partial<State>) => void }) {
  const { t } = useTranslation("rules");
  const { t: app } = useTranslation();
  const { states } = useWorkflow();
  const after = state.after ?? { since: "customer_waits", minutes: 60, clock: "working" };
  const at = state.at ?? { time: "09:00", days: [] };
  function handleTrigger(on: RuleDocument["on"]) {
    onChange({ on, ...(on === "elapsed" ? { after } : {}), ...(on === "schedule" ? { at } : {}) });
  }
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-3">
      <Field label={t("trigger")}>
        {(field) => (
          <select
            {...field}
            className="input"
            value={state.on}
            onChange={(event) => handleTrigger(event.target.value as RuleDocument["on"])}
          >
            {TRIGGERS.map((on) => (
              <option key={on} value={on}>
                {t(`on.${on}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      {state.on === "elapsed" ? (
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label={t("since")}>
            {(field) => (
              <select
                {...field}
                className="input"
                value={after.since}
                onChange={(event) => {
                  const { status: _, ...rest } = after as typeof after & { status?: string };
                  onChange({
                    after: { ...rest, since: event.target.value as (typeof SINCES)[number] } as NonNullable<
                      RuleDocument["after"]
                    >,
                  });
                }}
              >
                {SINCES.map((since) => (
                  <option key={since} value={since}>
                    {t(`sinces.${since}`)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {after.since === "status" ? (
            <Field label={t("status")}>
              {(field) => (
                <select
                  {...field}
                  className="input"
                  value={("status" in after && after.status) || ""}
                  onChange={(event) => {
                    const { status: _, ...rest } = after as typeof after & { status?: string };
                    const status = event.target.value;
                    onChange({
                      after: { ...rest, ...(status === "" ? {} : { status }) } as NonNullable<
                        RuleDocument["after"]
                      >,
                    });
                  }}
                >
                  <option value="">{t("anyStatus")}</option>
                  {states.map((one) => (
                    <option key={one.key} value={one.key}>
                      {one.label}
                    </option>
                  ))}
                </select>
              )}
            </Field>
          ) : null}
          <Field label={t("minutes")}>
            {(field) => (
              <input
                {...field}
                className="input num"
                type="number"
                min={1}
                value={after.minutes}
                onChange={(event) =>
                  onChange({
                    after: { ...after, minutes: Math.trunc(Number(event.target.value)) } as NonNullable<
                      RuleDocument["after"]
                    >,
                  })
                }
              />
            )}
          </Field>
          <label className="flex min-h-8 items-center gap-2 self-end">
            <input
              type="checkbox"
              checked={after.clock === "working"}
              onChange={(event) =>
                onChange({
                  after: { ...after, clock: event.target.checked ? "working" : "wall" } as NonNullable<
                    RuleDocument["after"]
                  >,
                })
              }
            />
            {t("clock")}
          </label>
        </div>
      ) : null}
      {state.on === "schedule" ? (
        <div className="grid gap-3">
          <div className="w-36">
            <Field label={t("time")}>
              {(field) => (
                <input
                  {...field}
                  className="input num"
                  type="time"
                  value={at.time}
                  onChange={(event) => onChange({ at: { ...at, time: event.target.value } })}
                />
              )}
            </Field>
          </div>
          <fieldset className="flex flex-wrap items-center gap-1">
            <legend className="lab">{t("days")}</legend>
            {DAYS.map((day) => (
              <button
                key={day}
                type="button"
                className="mini"
                aria-pressed={at.days.includes(day)}
                onClick={() => {
                  const days = at.days.includes(day)
                    ? at.days.filter((one) => one !== day)
                    : [...at.days, day];
                  onChange({ at: { ...at, days } });
                }}
              >
                {app(`settings.days.${day}`)}
              </button>
            ))}
            {at.days.length === 0 ? <span className="hint m-0!">{t("everyDay")}</span> : null}
          </fieldset>
        </div>
      ) : null}
      <div>
        <p className="lab">{t("hours")}</p>
        <Segments
          label={t("hours")}
          value={state.hours}
          options={HOURS.map((value) => ({ value, label: t(`hour.${value}`) }))}
          onChange={(hours) => onChange({ hours })}
        />
      </div>
    </div>
  );
}
