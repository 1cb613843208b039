/** The builder of a sequence: waits and actions in order; beside them the sequence in words. */
import { useQuery } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate } from "@tanstack/react-router";
import { ArrowDown, ArrowLeft, ArrowUp, Plus, Trash2 } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import "./rules.css";
import "./texts";
import { queries } from "../../api";
import { useKeys } from "../../lib/keys";
import { isCode, refusal } from "../../lib/refusal";
import { Empty, Icon, IconButton } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";
import { type Step as ActionStep, Actions } from "./Actions";
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

export default function SequenceBuilder({ id }: { id: string }) {
  const { t } = useTranslation("rules");
  const { t: own } = useTranslation("sequences");
  const mayWrite = useMay("manager");
  const isNew = id === NEW_SEQUENCE;
  const { data: vocabulary } = useQuery({ ...askRules.vocabulary, staleTime: 0 });
  const { data: stored, error } = useQuery({ ...askSequences.one(id), enabled: !isNew });
  const sequence = isNew ? NEW : stored;
  if (error) return <Empty page title={refusal(error)} />;
  if (!sequence || !vocabulary) return <main className="page" aria-busy="true" />;
  return (
    <main className="page">
      <div className="rui mx-auto w-full max-w-[1180px] px-6 py-6 max-sm:px-4">
        <Link
          to="/settings/{-$section}"
          params={{ section: "rules" }}
          className="mini mb-3 inline-flex items-center gap-1"
        >
          <Icon of={ArrowLeft} size="xs" />
          {t("back")}
        </Link>
        {mayWrite ? null : <p className="hint mb-3">{own("managersOnly")}</p>}
        <Form
          key={`${sequence.id}${sequence.version}`}
          sequence={sequence}
          vocabulary={vocabulary}
          mayWrite={mayWrite}
        />
      </div>
    </main>
  );
}

function Form(props: { sequence: Sequence; vocabulary: Vocabulary; mayWrite: boolean }) {
  const { t } = useTranslation("rules");
  const { t: own } = useTranslation("sequences");
  const { t: app } = useTranslation();
  const navigate = useNavigate();
  const { mayWrite } = props;
  const [state, setState] = useState(() => stateOf(props.sequence));
  const [base, setBase] = useState(props.sequence);
  const [theirs, setTheirs] = useState<Sequence>();
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);
  const document = useMemo(() => documentOf(state), [state]);
  const text = JSON.stringify(document);
  const [saved, setSaved] = useState(text);
  const dirty = text !== saved;
  const reading = useReading(document);
  const ready = reading?.text !== undefined && reading.problem === undefined;
  const set = (to: Partial<State>) => setState((now) => ({ ...now, ...to }));

  useBlocker({
    shouldBlockFn: () => dirty && !busy && !window.confirm(t("leave")),
    enableBeforeUnload: dirty,
  });

  async function handleSave(enable: boolean, over = base) {
    setBusy(true);
    setWrong(undefined);
    try {
      const isNew = over.id === "";
      let kept = isNew
        ? await sequencesApi.create({ ...document, enabled: enable })
        : await sequencesApi.change(over.id, over.version, document);
      if (!isNew && enable && !kept.enabled) kept = await sequencesApi.switch(kept.id, true);
      setSaved(text);
      setBase(kept);
      setTheirs(undefined);
      await queries.invalidateQueries({ queryKey: ["sequences"] });
      void queries.invalidateQueries({ queryKey: ["rule-vocabulary"] });
      toast(own(!kept.enabled ? "savedOff" : base.enabled ? "saved" : "isOn"));
      if (isNew)
        await navigate({ to: "/rules/$rule", params: { rule: kept.id }, replace: true, ignoreBlocker: true });
    } catch (error) {
      if (isCode(error, "conflict") && over.id !== "") setTheirs(await sequencesApi.one(over.id));
      else setWrong(isCode(error, "conflict") && error instanceof Error ? error.message : refusal(error));
    } finally {
      setBusy(false);
    }
  }

  async function handleDelete() {
    if (!window.confirm(own("confirmDelete"))) return;
    try {
      await sequencesApi.remove(base.id);
      await queries.invalidateQueries({ queryKey: ["sequences"] });
      void queries.invalidateQueries({ queryKey: ["rule-vocabulary"] });
      await navigate({ to: "/settings/{-$section}", params: { section: "rules" }, ignoreBlocker: true });
    } catch (error) {
      complain(refusal(error));
    }
  }

  useKeys({
    approveFromEditor: () => {
      if (!mayWrite || !ready || busy) return false;
      void handleSave(base.enabled);
      return true;
    },
  });

  return (
    <>
      <div className="mb-5 flex flex-wrap items-center gap-2">
        <h1 className="me-auto min-w-0 truncate text-[22px]! max-sm:whitespace-normal" dir="auto">
          {state.name.trim() || own("newTitle")}
        </h1>
        {base.enabled ? <span className="rverdict fired">{t("isOn")}</span> : null}
        {mayWrite ? (
          <button
            type="button"
            className="btn line"
            disabled={!ready || busy || !dirty}
            onClick={() => void handleSave(base.enabled)}
          >
            {busy ? app("app.saving") : t("save")}
          </button>
        ) : null}
        {mayWrite && !base.enabled ? (
          <button
            type="button"
            className="btn go plain"
            disabled={!ready || busy}
            onClick={() => void handleSave(true)}
          >
            {t("saveOn")}
          </button>
        ) : null}
      </div>
      {wrong ? (
        <p className="err mb-4!" role="alert">
          {wrong}
        </p>
      ) : null}
      {theirs ? (
        <section className="rcard mb-5" role="alert">
          <p className="mb-3 font-[560]">{t("overtaken", { n: theirs.version })}</p>
          <div className="grid gap-4 sm:grid-cols-2">
            <Saying label={t("theirs")} document={documentOf(stateOf(theirs))} />
            <Saying label={t("yours")} document={document} />
          </div>
          <div className="mt-3 flex flex-wrap gap-2">
            <button
              type="button"
              className="btn line"
              onClick={() => {
                const taken = stateOf(theirs);
                setState(taken);
                setSaved(JSON.stringify(documentOf(taken)));
                setBase(theirs);
                setTheirs(undefined);
              }}
            >
              {t("takeTheirs")}
            </button>
            <button type="button" className="btn" onClick={() => void handleSave(theirs.enabled, theirs)}>
              {t("keepMine")}
            </button>
          </div>
        </section>
      ) : null}
      <div className="rpage">
        <fieldset className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-4" disabled={!mayWrite}>
          <section className="rcard">
            <Field label={t("name")} hint={own("nameHint")}>
              {(field) => (
                <input
                  {...field}
                  className="input"
                  dir="auto"
                  maxLength={120}
                  value={state.name}
                  onChange={(event) => set({ name: event.target.value })}
                />
              )}
            </Field>
          </section>
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
            {base.id !== "" && mayWrite ? (
              <button type="button" className="btn mt-4 text-brick!" onClick={() => void handleDelete()}>
                {own("delete")}
              </button>
            ) : null}
          </section>
        </fieldset>
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-4 lg:sticky lg:top-6">
          <section className="rcard" aria-label={t("words")}>
            <h2>{t("words")}</h2>
            {reading?.text ? (
              <p dir="auto" data-testid="sequence-text">
                {reading.text}
              </p>
            ) : (
              <p className="text-ink3">{own("incomplete")}</p>
            )}
            {reading?.problem &&
            state.name.trim() !== "" &&
            state.steps.some((one) => one.actions.length > 0) ? (
              <ul className="mt-2">
                {reading.problem.split("; ").map((problem) => (
                  <li key={problem} className="err" dir="auto">
                    {problem}
                  </li>
                ))}
              </ul>
            ) : null}
          </section>
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

function Saying({ label, document }: { label: string; document: SequenceDocument }) {
  const { data } = useQuery({
    queryKey: ["sequence-reading", document],
    queryFn: () => sequencesApi.check(document),
  });
  return (
    <div>
      <p className="lab">{label}</p>
      <p dir="auto">{data?.text ?? data?.problem}</p>
    </div>
  );
}

/** What the hub reads in a document, a moment after it stopped changing. */
function useReading(document: SequenceDocument): SequenceReading | undefined {
  const [asked, setAsked] = useState(document);
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(document), 250);
    return () => window.clearTimeout(timer);
  }, [document]);
  const { data } = useQuery({
    queryKey: ["sequence-reading", asked],
    queryFn: () => sequencesApi.check(asked),
    placeholderData: (before) => before,
    gcTime: 10_000,
  });
  // What was read of an older document says nothing of this one.
  return asked === document ? data : data && { ...data, problem: data.problem ?? "" };
}
