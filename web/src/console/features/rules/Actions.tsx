/** What a rule does, in order. */
import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Icon, IconButton } from "../../parts/basics";
import { useWorkflow } from "../../parts/data";
import { Field } from "../../parts/Field";
import { One } from "./Conditions";
import type { Action, Vocabulary } from "./model";

const KINDS = [
  "require_approval",
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
] as const;

const ROLES = ["staff", "manager", "owner"] as const;

type StateOption = { readonly key: string; readonly label: string };

/** An action with a name that stays while it is moved. */
export type Step = { readonly id: number; readonly action: Action };

function blank(kind: Action["do"], vocabulary: Vocabulary, status: string): Action {
  switch (kind) {
    case "require_approval":
      return { do: kind, role: "staff", people: 1, because: "" };
    case "set_status":
      return { do: kind, status };
    case "label":
      return { do: kind, add: [] };
    case "assign":
      return { do: kind, role: "manager" };
    case "set_field": {
      const field = vocabulary.fields[0]?.value ?? "";
      return { do: kind, field, value: "" };
    }
    case "webhook":
      return { do: kind, url: "https://" };
    case "hand_over":
      return { do: kind, because: "" };
    case "start_sequence":
    case "stop_sequence":
      return { do: kind, sequence: vocabulary.sequences[0]?.value ?? "" };
    default:
      return { do: kind, text: "" };
  }
}

const list = (labels: readonly string[] | undefined): string => labels?.join(", ") ?? "";
const listed = (text: string): readonly string[] =>
  text === "" ? [] : text.split(",").map((one) => one.trimStart());

export function Actions(props: {
  steps: readonly Step[];
  vocabulary: Vocabulary;
  fresh: () => number;
  /** The states to move to, where they are not those of the active workflow. */
  states?: readonly StateOption[];
  /** Which kinds of action there are here; all of them if absent. */
  kinds?: readonly Action["do"][];
  onChange: (steps: readonly Step[]) => void;
}) {
  const { t } = useTranslation("rules");
  const { steps, vocabulary, onChange } = props;
  const active = useWorkflow();
  const states = props.states ?? active.states;
  const kinds = props.kinds ?? KINDS;
  const status = states[0]?.key ?? "";
  const put = (at: number, action: Action) =>
    onChange(steps.map((step, n) => (n === at ? { ...step, action } : step)));
  function move(at: number, by: number) {
    const moved = [...steps];
    const [step] = moved.splice(at, 1);
    if (step) moved.splice(at + by, 0, step);
    onChange(moved);
  }
  return (
    <div className="grid gap-2">
      {steps.map(({ id, action }, at) => (
        <fieldset key={id} className="raction">
          <legend className="sr-only">{t("action", { n: at + 1 })}</legend>
          <div className="flex flex-wrap items-center gap-1">
            <select
              className="input rfit"
              aria-label={t("action", { n: at + 1 })}
              value={action.do}
              onChange={(event) => put(at, blank(event.target.value as Action["do"], vocabulary, status))}
            >
              {kinds.map((kind) => (
                <option key={kind} value={kind}>
                  {t(`do.${kind}`)}
                </option>
              ))}
            </select>
            <span className="ms-auto flex">
              <IconButton
                says={t("earlier")}
                icon={ArrowUp}
                disabled={at === 0}
                onClick={() => move(at, -1)}
              />
              <IconButton
                says={t("later")}
                icon={ArrowDown}
                disabled={at === steps.length - 1}
                onClick={() => move(at, 1)}
              />
              <IconButton
                says={t("remove")}
                icon={Trash2}
                onClick={() => onChange(steps.filter((_, n) => n !== at))}
              />
            </span>
          </div>
          <Details action={action} vocabulary={vocabulary} states={states} onChange={(to) => put(at, to)} />
        </fieldset>
      ))}
      <button
        type="button"
        className="mini justify-self-start"
        onClick={() =>
          onChange([...steps, { id: props.fresh(), action: blank(kinds[0] ?? "notify", vocabulary, status) }])
        }
      >
        <Icon of={Plus} size="xs" />
        {t("addAction")}
      </button>
    </div>
  );
}

function Details(props: {
  action: Action;
  vocabulary: Vocabulary;
  states: readonly StateOption[];
  onChange: (action: Action) => void;
}) {
  const { t } = useTranslation("rules");
  const { action, vocabulary, states, onChange } = props;
  const text = (label: string, value: string, to: (text: string) => Action, long = false): ReactNode => (
    <Field label={label}>
      {(field) =>
        long ? (
          <textarea
            {...field}
            className="input min-h-20"
            dir="auto"
            maxLength={500}
            value={value}
            onChange={(event) => onChange(to(event.target.value))}
          />
        ) : (
          <input
            {...field}
            className="input"
            dir="auto"
            maxLength={500}
            value={value}
            onChange={(event) => onChange(to(event.target.value))}
          />
        )
      }
    </Field>
  );
  const pick = (
    label: string,
    value: string,
    options: readonly { readonly value: string; readonly label: string }[],
    to: (value: string) => Action,
  ): ReactNode => (
    <Field label={label}>
      {(field) => (
        <select
          {...field}
          className="input"
          value={value}
          onChange={(event) => onChange(to(event.target.value))}
        >
          {options.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
  const roles = ROLES.map((role) => ({ value: role, label: t(`roles.${role}`) }));
  switch (action.do) {
    case "require_approval":
      return (
        <div className="grid gap-3 sm:grid-cols-2">
          {pick(
            t("people"),
            String(action.people ?? 1),
            [1, 2, 3].map((count) => ({ value: String(count), label: t("peopleN", { count }) })),
            (people) => ({ ...action, people: Number(people) }),
          )}
          {pick(t("role"), action.role ?? "staff", roles, (role) => ({ ...action, role }))}
          <div className="sm:col-span-2">
            {text(t("because"), action.because, (because) => ({ ...action, because }))}
          </div>
        </div>
      );
    case "assign":
      return pick(t("role"), action.role, roles, (role) => ({ ...action, role }));
    case "set_status":
      return pick(
        t("status"),
        action.status,
        states.map((state) => ({ value: state.key, label: state.label })),
        (status) => ({ ...action, status }),
      );
    case "label":
      return (
        <div className="grid gap-3 sm:grid-cols-2">
          {text(t("label"), list(action.add), (label) => ({ ...action, add: listed(label) }))}
          {text(t("unlabel"), list(action.remove), (label) => ({ ...action, remove: listed(label) }))}
        </div>
      );
    case "notify":
      return text(t("text"), action.text, (one) => ({ ...action, text: one }));
    case "draft":
      return text(t("text"), action.text, (one) => ({ ...action, text: one }), true);
    case "hand_over":
      return text(t("because"), action.because, (because) => ({ ...action, because }));
    case "webhook":
      return text(t("url"), action.url, (url) => ({ ...action, url }));
    case "start_sequence":
    case "stop_sequence": {
      const known = vocabulary.sequences.some((one) => one.value === action.sequence);
      const gone =
        known || action.sequence === "" ? [] : [{ value: action.sequence, label: action.sequence }];
      if (vocabulary.sequences.length + gone.length === 0) return <p className="hint">{t("noSequences")}</p>;
      return pick(t("sequence"), action.sequence, [...gone, ...vocabulary.sequences], (sequence) => ({
        ...action,
        sequence,
      }));
    }
    case "set_field": {
      const fact = vocabulary.facts.find((one) => one.fact === `context.${action.field}`);
      return (
        <div className="grid gap-3 sm:grid-cols-2">
          {pick(t("field"), action.field, vocabulary.fields, (field) => ({ ...action, field, value: "" }))}
          <div>
            <p className="lab">{t("value")}</p>
            <One
              key={action.field}
              fact={fact}
              label={t("value")}
              value={action.value}
              onChange={(value) => onChange({ ...action, value })}
            />
          </div>
        </div>
      );
    }
  }
}
