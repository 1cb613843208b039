import { useTranslation } from "react-i18next";
import type { Condition, Doc, FieldDoc } from "./document";

const OPERATORS = ["is", "is_not", "known", "unknown", "gte", "lte", "contains"] as const;
type Operator = (typeof OPERATORS)[number];

const BY_TYPE: Readonly<Record<string, readonly Operator[]>> = {
  text: ["is", "is_not", "contains", "known", "unknown"],
  choice: ["is", "is_not", "known", "unknown"],
  boolean: ["is", "known", "unknown"],
  number: ["is", "is_not", "gte", "lte", "known", "unknown"],
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

/** One comparison of one field. What is more than that is shown and kept as it stands. */
export function ConditionEditor(props: {
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
  if (value && typeof value.field !== "string")
    return (
      <p className="col-span-full">
        <span className="lab">{what}</span>
        <code className="text-small" title={t("compound")}>
          {JSON.stringify(value)}
        </code>
      </p>
    );
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
