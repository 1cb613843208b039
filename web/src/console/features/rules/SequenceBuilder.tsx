/** The builder of a sequence: waits and actions in order; beside them the sequence in words. */
import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { queries } from "../../api";
import { refusal } from "../../lib/refusal";
import { Empty, Icon, IconButton } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { type Step as ActionStep, Actions } from "./Actions";
import { BuilderHead, BuilderPage, type Kind, NameField, ReadingCard, useBuilding } from "./Building";
import {
  type Action,
  askRules,
  askSequences,
  fresh,
  keyOf,
  NEW_SEQUENCE,
  type Sequence,
  type SequenceDocument,
  type SequenceReading,
  sequencesApi,
  UNITS,
  type Unit,
  unitOf,
  type Vocabulary,
} from "./model";

/** What a step can do: everything a rule can, but start another sequence. */
const KINDS: readonly Action["do"][] = [
  "draft",
  "notify",
  "label",
  "set_status",
  "set_field",
  "assign",
  "require_approval",
  "hand_over",
  "webhook",
  "stop_sequence",
];

const NEW: Sequence = {
  id: "",
  key: "",
  version: 0,
  enabled: false,
  name: "",
  stop_when: { answered: true, taken_over: true },
  // biome-ignore lint/suspicious/noThenProperty: the word of the API; nothing awaits a document.
  steps: [{ minutes: 1440, then: [] }],
};

type Step = {
  readonly id: number;
  readonly count: number;
  readonly unit: Unit;
  readonly working: boolean;
  readonly actions: readonly ActionStep[];
};
type State = Pick<SequenceDocument, "key" | "name" | "stop_when"> & { readonly steps: readonly Step[] };

const stepOf = (step: SequenceDocument["steps"][number]): Step => {
  const working = step.clock === "working";
  const unit = unitOf(step.minutes, working);
  return {
    id: fresh(),
    count: step.minutes / UNITS[unit],
    unit,
    working,
    actions: step.then.map((action) => ({ id: fresh(), action })),
  };
};
const stateOf = (from: Sequence): State => ({
  key: from.key,
  name: from.name,
  stop_when: from.stop_when,
  steps: from.steps.map(stepOf),
});
const documentOf = (state: State): SequenceDocument => ({
  key: state.key || keyOf(state.name),
  name: state.name.trim(),
  stop_when: state.stop_when,
  steps: state.steps.map((step) => ({
    minutes: Math.round(step.count * UNITS[step.unit]),
    clock: step.working ? "working" : "wall",
    // biome-ignore lint/suspicious/noThenProperty: the word of the API; nothing awaits a document.
    then: step.actions.map((one) => one.action),
  })),
});

const kind: Kind<State, SequenceDocument, Sequence, SequenceReading> = {
  name: "sequence",
  stateOf,
  documentOf,
  ...sequencesApi,
  switchOn: (kept) => sequencesApi.switch(kept.id, true),
  refresh: async () => {
    await queries.invalidateQueries({ queryKey: ["sequences"] });
    void queries.invalidateQueries({ queryKey: ["rule-vocabulary"] });
  },
};

export default function SequenceBuilder({ id }: { id: string }) {
  const { t: own } = useTranslation("sequences");
  const mayWrite = useMay("manager");
  const isNew = id === NEW_SEQUENCE;
  const { data: vocabulary } = useQuery({ ...askRules.vocabulary, staleTime: 0 });
  const { data: stored, error } = useQuery({ ...askSequences.one(id), enabled: !isNew });
  const sequence = isNew ? NEW : stored;
  if (error) return <Empty page title={refusal(error)} />;
  if (!sequence || !vocabulary) return <main className="page" aria-busy="true" />;
  return (
    <BuilderPage>
      {mayWrite ? null : <p className="hint mb-3">{own("managersOnly")}</p>}
      <Form
        key={`${sequence.id}${sequence.version}`}
        sequence={sequence}
        vocabulary={vocabulary}
        mayWrite={mayWrite}
      />
    </BuilderPage>
  );
}

function Form(props: { sequence: Sequence; vocabulary: Vocabulary; mayWrite: boolean }) {
  const { t: own } = useTranslation("sequences");
  const { mayWrite } = props;
  const building = useBuilding(kind, props.sequence, mayWrite, {
    kept: (kept, before) => own(!kept.enabled ? "savedOff" : before.enabled ? "saved" : "isOn"),
    confirmDelete: own("confirmDelete"),
  });
  const { state, set, reading } = building;
  const hasActions = state.steps.some((one) => one.actions.length > 0);
  return (
    <>
      <BuilderHead building={building} title={state.name.trim() || own("newTitle")} />
      <div className="rpage">
        <fieldset className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-4" disabled={!mayWrite}>
          <NameField hint={own("nameHint")} value={state.name} onChange={(name) => set({ name })} />
          <Steps steps={state.steps} vocabulary={props.vocabulary} onChange={(steps) => set({ steps })} />
          <section className="rcard" aria-label={own("stops")}>
            <h2>{own("stops")}</h2>
            <div className="grid gap-2">
              {(["answered", "taken_over"] as const).map((word) => (
                <label key={word} className="flex min-h-8 items-center gap-2">
                  <input
                    type="checkbox"
                    checked={state.stop_when[word]}
                    onChange={(event) =>
                      set({ stop_when: { ...state.stop_when, [word]: event.target.checked } })
                    }
                  />
                  {own(word === "answered" ? "answered" : "takenOver")}
                </label>
              ))}
            </div>
            <p className="hint">{own("stopsHint")}</p>
            {building.base.id !== "" && mayWrite ? (
              <button
                type="button"
                className="btn mt-4 text-brick!"
                onClick={() => void building.handleDelete()}
              >
                {own("delete")}
              </button>
            ) : null}
          </section>
        </fieldset>
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-4 lg:sticky lg:top-6">
          <ReadingCard
            reading={reading}
            begun={hasActions && state.name.trim() !== ""}
            incomplete={own("incomplete")}
            testId="sequence-text"
          />
        </div>
      </div>
    </>
  );
}

function Steps(props: {
  steps: readonly Step[];
  vocabulary: Vocabulary;
  onChange: (steps: readonly Step[]) => void;
}) {
  const { t } = useTranslation("rules");
  const { t: own } = useTranslation("sequences");
  const { steps, onChange } = props;
  const put = (at: number, to: Partial<Step>) =>
    onChange(steps.map((step, n) => (n === at ? { ...step, ...to } : step)));
  function move(at: number, by: number) {
    const moved = [...steps];
    const [step] = moved.splice(at, 1);
    if (step) moved.splice(at + by, 0, step);
    onChange(moved);
  }
  return (
    <section className="grid grid-cols-[minmax(0,1fr)] gap-3" aria-label={own("steps")}>
      {steps.map((step, at) => (
        <fieldset key={step.id} className="rcard">
          <legend className="sr-only">{own("step", { n: at + 1 })}</legend>
          <div className="mb-2 flex flex-wrap items-center gap-1">
            <h2 className="me-auto text-[15px]! font-[600]">{own("step", { n: at + 1 })}</h2>
            <IconButton says={t("earlier")} icon={ArrowUp} disabled={at === 0} onClick={() => move(at, -1)} />
            <IconButton
              says={t("later")}
              icon={ArrowDown}
              disabled={at === steps.length - 1}
              onClick={() => move(at, 1)}
            />
            <IconButton
              says={own("removeStep", { n: at + 1 })}
              icon={Trash2}
              disabled={steps.length === 1}
              onClick={() => onChange(steps.filter((_, n) => n !== at))}
            />
          </div>
          <div className="mb-3 flex flex-wrap items-center gap-2">
            <label className="flex items-center gap-2">
              {own("wait")}
              <input
                className="input num rcount"
                type="number"
                min={0}
                value={step.count}
                onChange={(event) => put(at, { count: Math.max(0, Math.trunc(Number(event.target.value))) })}
              />
            </label>
            <select
              className="input rfit"
              aria-label={own("unit")}
              value={step.unit}
              onChange={(event) => put(at, { unit: event.target.value as Unit })}
            >
              {(Object.keys(UNITS) as Unit[])
                .filter((unit) => unit !== "days" || !step.working)
                .map((unit) => (
                  <option key={unit} value={unit}>
                    {own(`units.${unit}`)}
                  </option>
                ))}
            </select>
            <span className="text-ink3">{own(at === 0 ? "first" : "after")}</span>
            <label className="flex min-h-8 items-center gap-2 sm:ms-2">
              <input
                type="checkbox"
                checked={step.working}
                onChange={(event) =>
                  put(at, {
                    working: event.target.checked,
                    ...(event.target.checked && step.unit === "days"
                      ? { unit: "hours" as const, count: step.count * 24 }
                      : {}),
                  })
                }
              />
              {own("working")}
            </label>
          </div>
          <Actions
            steps={step.actions}
            vocabulary={props.vocabulary}
            kinds={KINDS}
            fresh={fresh}
            onChange={(actions) => put(at, { actions })}
          />
        </fieldset>
      ))}
      <button
        type="button"
        className="mini justify-self-start"
        onClick={() =>
          onChange([...steps, { id: fresh(), count: 2, unit: "days", working: false, actions: [] }])
        }
      >
        <Icon of={Plus} size="xs" />
        {own("addStep")}
      </button>
    </section>
  );
}
