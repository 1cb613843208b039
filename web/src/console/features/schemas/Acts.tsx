/** What a state does by itself: on entering, on leaving, after a time. */
import { useQuery } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon, IconButton } from "../../parts/basics";
import { Field } from "../../parts/Field";
import { Actions, type Step } from "../rules/Actions";
import { type Action, askRules, fresh } from "../rules/model";
import type { ActionDoc, Doc, StateDoc, TimerDoc } from "./document";
import { actionFrom, vocabularyOf } from "./guards";

const KINDS: readonly Action["do"][] = [
  "notify",
  "label",
  "set_status",
  "set_field",
  "assign",
  "draft",
  "hand_over",
  "webhook",
  "start_sequence",
  "stop_sequence",
];
const LEAVING = KINDS.filter((kind) => kind !== "set_status");

/** Minutes in one of each unit, the largest first. */
const UNITS = { days: 1440, hours: 60, minutes: 1 } as const;
type Unit = keyof typeof UNITS;

export function Acts(props: { doc: Doc; state: StateDoc; onChange: (state: StateDoc) => void }) {
  const { t } = useTranslation("schemas");
  const { doc, state, onChange } = props;
  const timers = state.after ?? [];
  const count = (state.on_enter?.length ?? 0) + (state.on_leave?.length ?? 0) + timers.length;
  // Whoever empties a list sees it stay; the document does not keep it.
  const [ids, setIds] = useState(() => timers.map(fresh));
  const kept = <T,>(list: readonly T[]) => (list.length > 0 ? list : undefined);
  const put = (next: Partial<Record<"on_enter" | "on_leave", readonly ActionDoc[]>>) => {
    const all = { ...state, ...next };
    onChange({
      ...all,
      on_enter: kept(all.on_enter ?? []),
      on_leave: kept(all.on_leave ?? []),
    } as StateDoc);
  };
  const putTimers = (next: readonly TimerDoc[]) => onChange({ ...state, after: kept(next) } as StateDoc);
  return (
    <details className="acts rui">
      <summary>
        {t("acts.title")}
        <span className="text-ink3">{count === 0 ? t("acts.nothing") : t("acts.count", { count })}</span>
      </summary>
      <div className="grid gap-5">
        {(["on_enter", "on_leave"] as const).map((word) => (
          <section key={word} aria-label={t(`acts.${word}Of`, { label: state.label })}>
            <h4 className="lab">{t(`acts.${word}`)}</h4>
            <Steps
              doc={doc}
              actions={state[word] ?? []}
              kinds={word === "on_leave" ? LEAVING : KINDS}
              onChange={(actions) => put({ [word]: actions })}
            />
          </section>
        ))}
        <section aria-label={t("acts.afterOf", { label: state.label })}>
          <h4 className="lab">{t("acts.after")}</h4>
          <div className="grid gap-3">
            {timers.map((timer, at) => (
              <Timer
                key={ids[at] ?? at}
                doc={doc}
                timer={timer}
                onChange={(next) => putTimers(timers.map((one, n) => (n === at ? next : one)))}
                onRemove={() => {
                  setIds(ids.filter((_, n) => n !== at));
                  putTimers(timers.filter((_, n) => n !== at));
                }}
              />
            ))}
            <button
              type="button"
              className="mini justify-self-start"
              onClick={() => {
                setIds([...ids, fresh()]);
                const to = doc["x-workflow"].transitions.find((move) => move.from === state.key)?.to;
                const then: Action = to ? { do: "set_status", status: to } : { do: "notify", text: "" };
                // biome-ignore lint/suspicious/noThenProperty: the word of the document; nothing awaits it.
                putTimers([...timers, { minutes: 1440, clock: "working", then: [then] }]);
              }}
            >
              <Icon of={Plus} size="xs" />
              {t("acts.addTimer")}
            </button>
          </div>
        </section>
      </div>
    </details>
  );
}

function Timer(props: {
  doc: Doc;
  timer: TimerDoc;
  onChange: (timer: TimerDoc) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation("schemas");
  const { timer, onChange } = props;
  const best = (Object.keys(UNITS) as Unit[]).find((unit) => timer.minutes % UNITS[unit] === 0);
  const [unit, setUnit] = useState<Unit>(best ?? "minutes");
  return (
    <fieldset className="raction">
      <legend className="sr-only">{t("acts.timer")}</legend>
      <div className="flex flex-wrap items-end gap-x-3 gap-y-2">
        <div className="w-24">
          <Field label={t("acts.long")}>
            {(field) => (
              <input
                {...field}
                className="input num"
                type="number"
                min={1}
                value={timer.minutes / UNITS[unit]}
                onChange={(event) => {
                  const minutes = Math.round(Number(event.target.value) * UNITS[unit]);
                  onChange({ ...timer, minutes: Math.max(1, minutes) });
                }}
              />
            )}
          </Field>
        </div>
        <select
          className="input rfit"
          aria-label={t("acts.unit")}
          value={unit}
          onChange={(event) => {
            const next = event.target.value as Unit;
            const count = Math.max(1, Math.round(timer.minutes / UNITS[unit]));
            setUnit(next);
            onChange({ ...timer, minutes: count * UNITS[next] });
          }}
        >
          {(Object.keys(UNITS) as Unit[]).map((one) => (
            <option key={one} value={one}>
              {t(`acts.units.${one}`)}
            </option>
          ))}
        </select>
        <label className="flex min-h-8 items-center gap-2">
          <input
            type="checkbox"
            checked={timer.clock === "working"}
            onChange={(event) => onChange({ ...timer, clock: event.target.checked ? "working" : "wall" })}
          />
          {t("acts.working")}
        </label>
        <span className="ms-auto">
          <IconButton says={t("acts.removeTimer")} icon={X} onClick={props.onRemove} />
        </span>
      </div>
      <Steps
        doc={props.doc}
        actions={timer.then}
        kinds={KINDS}
        onChange={(actions) =>
          // biome-ignore lint/suspicious/noThenProperty: the word of the document; nothing awaits it.
          onChange({ ...timer, then: actions })
        }
      />
    </fieldset>
  );
}

function Steps(props: {
  doc: Doc;
  actions: readonly ActionDoc[];
  kinds: readonly Action["do"][];
  onChange: (actions: readonly Action[]) => void;
}) {
  const { data } = useQuery(askRules.vocabulary);
  const [steps, setSteps] = useState<readonly Step[]>(() =>
    props.actions.map((action) => ({ id: fresh(), action: actionFrom(action) })),
  );
  return (
    <Actions
      steps={steps}
      vocabulary={vocabularyOf(props.doc, data?.sequences ?? [])}
      states={props.doc["x-workflow"].states}
      kinds={props.kinds}
      fresh={fresh}
      onChange={(next) => {
        setSteps(next);
        props.onChange(next.map((step) => step.action));
      }}
    />
  );
}
