import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import "../rules/rules.css";
import "../rules/texts";
import { Icon } from "../../parts/basics";
import { ConditionGroup } from "../rules/Conditions";
import { conditionOf, treeOf } from "../rules/model";
import type { Condition, Doc, FieldDoc } from "./document";
import { conditionFrom, countOf, factsOf, treeFrom } from "./guards";

const OPERATORS = ["is", "is_not", "known", "unknown", "gt", "gte", "lt", "lte", "contains"] as const;
type Operator = (typeof OPERATORS)[number];

const BY_TYPE: Readonly<Record<string, readonly Operator[]>> = {
  text: ["is", "is_not", "contains", "known", "unknown"],
  choice: ["is", "is_not", "known", "unknown"],
  boolean: ["is", "known", "unknown"],
  number: ["is", "is_not", "gt", "gte", "lt", "lte", "known", "unknown"],
  list: ["contains", "known", "unknown"],
  file: ["known", "unknown"],
};

const ORDERED: readonly string[] = [
  "number",
  "currency",
  "percent",
  "rating",
  "date",
  "time",
  "datetime",
  "duration",
];

function operatorsOf(field: FieldDoc): readonly Operator[] {
  const kind = field["x-type"];
  const group = ORDERED.includes(kind)
    ? "number"
    : kind === "multi_choice" || kind === "tags"
      ? "list"
      : kind;
  return BY_TYPE[group] ?? BY_TYPE.text ?? [];
}

/** A first comparison that is valid for the field. */
function first(field: FieldDoc): Readonly<Record<string, unknown>> {
  const [operator] = operatorsOf(field);
  const choice = field.enum?.[0] ?? field.items?.enum?.[0];
  if (field["x-type"] === "boolean") return { is: true };
  if (operator === "is" && choice !== undefined) return { is: choice };
  return { known: true };
}

/** A condition over the fields: one comparison in a line, more of them as a tree. */
export function ConditionEditor(props: {
  what: string;
  none: string;
  doc: Doc;
  self: string;
  value: Condition | undefined;
  onChange: (next: Condition | undefined) => void;
}) {
  const { t } = useTranslation("schemas");
  const { what, value } = props;
  const [wide, setWide] = useState(countOf(value) > 1);
  const compound = value !== undefined && typeof value.field !== "string";
  if (wide || compound)
    return (
      <Guards
        {...props}
        onNarrow={() => {
          setWide(false);
          if (compound) props.onChange(undefined);
        }}
      />
    );
  return (
    <div className="col-span-full grid gap-1">
      <Single {...props} />
      {value ? (
        <button
          type="button"
          className="mini justify-self-start"
          aria-label={t("moreOf", { what })}
          onClick={() => setWide(true)}
        >
          <Icon of={Plus} size="xs" />
          {t("more")}
        </button>
      ) : null}
    </div>
  );
}

/** Several comparisons, in groups as deep as they need be. */
function Guards(props: {
  what: string;
  doc: Doc;
  self: string;
  value: Condition | undefined;
  onChange: (next: Condition | undefined) => void;
  onNarrow: () => void;
}) {
  const { t } = useTranslation("schemas");
  const [tree, setTree] = useState(() => treeOf(treeFrom(props.value)));
  const facts = useMemo(() => factsOf(props.doc, props.self), [props.doc, props.self]);
  return (
    <section className="rui guards col-span-full" aria-label={props.what}>
      <div className="flex items-center gap-2">
        <span className="lab m-0!">{props.what}</span>
        <button type="button" className="mini ms-auto" onClick={props.onNarrow}>
          {t("narrow")}
        </button>
      </div>
      <ConditionGroup
        group={tree}
        facts={facts}
        place=""
        onChange={(next) => {
          setTree(next);
          props.onChange(conditionFrom(conditionOf(next)));
        }}
      />
    </section>
  );
}

/** One comparison of one field. */
function Single(props: {
  what: string;
  none: string;
  doc: Doc;
  self: string;
  value: Condition | undefined;
  onChange: (next: Condition | undefined) => void;
}) {
  const { t } = useTranslation("schemas");
  const { what, doc, value } = props;
  const fields = Object.entries(doc.properties).filter(([key]) => key !== props.self);
  const chosen = typeof value?.field === "string" ? doc.properties[value.field] : undefined;
  const operator = OPERATORS.find((one) => value && one in value);
  const operand = operator && value ? value[operator] : undefined;
  const choices = chosen?.enum ?? chosen?.items?.enum;

  function put(next: Operator, given: unknown) {
    if (!chosen || !value) return;
    if (next === "known" || next === "unknown") props.onChange({ field: value.field, [next]: true });
    else props.onChange({ field: value.field, [next]: given });
  }

  function typed(text: string): unknown {
    const kind = chosen?.["x-type"] ?? "text";
    return ["number", "percent", "rating", "currency"].includes(kind) ? Number(text) : text;
  }

  return (
    <fieldset className="col-span-full condition">
      <legend className="lab">{what}</legend>
      <select
        className="input"
        aria-label={t("conditionField", { what })}
        value={typeof value?.field === "string" ? value.field : ""}
        onChange={(event) => {
          const field = doc.properties[event.target.value];
          props.onChange(field ? { field: event.target.value, ...first(field) } : undefined);
        }}
      >
        <option value="">{props.none}</option>
        {fields.map(([key, field]) => (
          <option key={key} value={key}>
            {field.title}
          </option>
        ))}
      </select>
      {chosen ? (
        <select
          className="input"
          aria-label={t("conditionOperator", { what })}
          value={operator ?? "known"}
          onChange={(event) => {
            const next = OPERATORS.find((one) => one === event.target.value) ?? "known";
            put(next, typeof operand === "boolean" ? (choices?.[0] ?? typed("")) : operand);
          }}
        >
          {operatorsOf(chosen).map((one) => (
            <option key={one} value={one}>
              {t(`operator.${one}`)}
            </option>
          ))}
        </select>
      ) : null}
      {chosen && operator && operator !== "known" && operator !== "unknown" ? (
        choices ? (
          <select
            className="input"
            aria-label={t("conditionValue", { what })}
            value={String(operand ?? "")}
            onChange={(event) => put(operator, event.target.value)}
          >
            {choices.map((one) => (
              <option key={one} value={one}>
                {chosen["x-labels"]?.[one] ?? one.replaceAll("_", " ")}
              </option>
            ))}
          </select>
        ) : chosen["x-type"] === "boolean" ? (
          <select
            className="input"
            aria-label={t("conditionValue", { what })}
            value={String(operand)}
            onChange={(event) => put(operator, event.target.value === "true")}
          >
            <option value="true">true</option>
            <option value="false">false</option>
          </select>
        ) : (
          <input
            className="input"
            aria-label={t("conditionValue", { what })}
            value={String(operand ?? "")}
            onChange={(event) => put(operator, typed(event.target.value))}
          />
        )
      ) : null}
    </fieldset>
  );
}
