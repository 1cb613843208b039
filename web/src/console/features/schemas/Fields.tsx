import { GripVertical, Plus, X } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon, IconButton } from "../../parts/basics";
import { Field } from "../../parts/Field";
import { ConditionEditor } from "./Condition";
import { type Doc, type FieldDoc, keyFrom, reordered, TYPES, without } from "./document";

type Change = (doc: Doc, says?: string) => void;

/** The fields in their order; one of them open. */
export function Fields({ doc, onChange }: { doc: Doc; onChange: Change }) {
  const { t } = useTranslation("schemas");
  const entries = Object.entries(doc.properties);
  const [open, setOpen] = useState<string>();
  const [dragged, setDragged] = useState<number>();

  function move(from: number, to: number) {
    const label = entries[from]?.[1].title ?? "";
    if (to < 0 || to >= entries.length || from === to) return;
    onChange(reordered(doc, from, to), t("moved", { label, n: to + 1, of: entries.length }));
  }

  function handleKey(event: KeyboardEvent, at: number) {
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (by === 0) return;
    event.preventDefault();
    move(at, at + by);
  }

  function set(key: string, field: FieldDoc) {
    onChange({ ...doc, properties: { ...doc.properties, [key]: without(field) } });
  }

  function add() {
    const key = keyFrom(t("newField"), "_", Object.keys(doc.properties));
    const field: FieldDoc = { title: t("newField"), type: "string", "x-type": "text" };
    onChange({ ...doc, properties: { ...doc.properties, [key]: field } });
    setOpen(key);
  }

  function remove(key: string) {
    const { [key]: _, ...properties } = doc.properties;
    const required = doc.required?.filter((one) => one !== key);
    onChange({ ...doc, properties, ...(required ? { required } : {}) });
  }

  return (
    <>
      <ul className="fieldlist">
        {entries.map(([key, field], at) => (
          <li
            key={key}
            className={dragged === at ? "dragged" : ""}
            onDragOver={(event) => {
              if (dragged === undefined) return;
              event.preventDefault();
            }}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged !== undefined) move(dragged, at);
              setDragged(undefined);
            }}
          >
            <div className="frow">
              <button
                type="button"
                className="handle"
                draggable
                aria-label={t("move", { label: field.title })}
                title={t("move", { label: field.title })}
                onKeyDown={(event) => handleKey(event, at)}
                onDragStart={(event) => {
                  event.dataTransfer.effectAllowed = "move";
                  setDragged(at);
                }}
                onDragEnd={() => setDragged(undefined)}
              >
                <Icon of={GripVertical} size="s" />
              </button>
              <button
                type="button"
                className="name"
                aria-expanded={open === key}
                onClick={() => setOpen(open === key ? undefined : key)}
              >
                <b dir="auto">{field.title}</b>
                <small>{field["x-type"].replace("_", " ")}</small>
                {doc.required?.includes(key) ? <small>{t("required")}</small> : null}
              </button>
              <IconButton
                says={t("removeField", { label: field.title })}
                icon={X}
                onClick={() => remove(key)}
              />
            </div>
            {open === key ? (
              <FieldForm
                doc={doc}
                name={key}
                field={field}
                onField={(next) => set(key, next)}
                onRequired={(on) => {
                  const others = (doc.required ?? []).filter((one) => one !== key);
                  onChange({ ...doc, required: on ? [...others, key] : others });
                }}
              />
            ) : null}
          </li>
        ))}
      </ul>
      <button type="button" className="btn line mt-3" onClick={add}>
        <Icon of={Plus} size="s" />
        {t("addField")}
      </button>
      <section className="mt-8 grid gap-4">
        <h3 className="sub">{t("formulas")}</h3>
        {(["completion", "priority"] as const).map((one) => (
          <Field key={one} label={t(one)} hint={one === "priority" ? t("formulaHint") : undefined}>
            {(wiring) => (
              <input
                {...wiring}
                className="input font-mono"
                dir="ltr"
                value={doc[`x-${one}`] ?? ""}
                maxLength={500}
                onChange={(event) => {
                  const { [`x-${one}`]: _, ...rest } = doc as Doc & Record<string, unknown>;
                  onChange(
                    (event.target.value === "" ? rest : { ...doc, [`x-${one}`]: event.target.value }) as Doc,
                  );
                }}
              />
            )}
          </Field>
        ))}
      </section>
    </>
  );
}

/** A field of another type keeps what fits it. */
function ofType(field: FieldDoc, kind: string): FieldDoc {
  const { enum: listed, items, "x-labels": labels, "x-synonyms": synonyms, pattern, ...rest } = field;
  const base: FieldDoc = { ...rest, type: TYPES[kind] ?? "string", "x-type": kind };
  const choices = listed ?? items?.enum ?? ["first"];
  if (kind === "text" || kind === "long_text") return without({ ...base, pattern: pattern ?? "" });
  if (kind !== "choice" && kind !== "multi_choice") return base;
  return {
    ...base,
    ...(kind === "choice" ? { enum: choices } : { items: { enum: choices } }),
    ...(labels ? { "x-labels": labels } : {}),
    ...(synonyms ? { "x-synonyms": synonyms } : {}),
  };
}

function FieldForm(props: {
  doc: Doc;
  name: string;
  field: FieldDoc;
  onField: (field: FieldDoc) => void;
  onRequired: (on: boolean) => void;
}) {
  const { t } = useTranslation("schemas");
  const { doc, field, name, onField } = props;
  const kind = field["x-type"];
  return (
    <div className="fieldform">
      <Field label={t("label")}>
        {(wiring) => (
          <input
            {...wiring}
            className="input"
            dir="auto"
            value={field.title}
            onChange={(event) => onField({ ...field, title: event.target.value })}
          />
        )}
      </Field>
      <Field label={t("type")}>
        {(wiring) => (
          <select
            {...wiring}
            className="input"
            value={kind}
            onChange={(event) => onField(ofType(field, event.target.value))}
          >
            {Object.keys(TYPES).map((one) => (
              <option key={one} value={one}>
                {one.replace("_", " ")}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t("hint")}>
        {(wiring) => (
          <input
            {...wiring}
            className="input"
            dir="auto"
            value={field["x-hint"] ?? ""}
            onChange={(event) => onField({ ...field, "x-hint": event.target.value })}
          />
        )}
      </Field>
      <Field label={t("ask")}>
        {(wiring) => (
          <input
            {...wiring}
            className="input"
            dir="auto"
            value={field["x-ask"] ?? ""}
            onChange={(event) => onField({ ...field, "x-ask": event.target.value })}
          />
        )}
      </Field>
      <Field label={t("weight")}>
        {(wiring) => (
          <input
            {...wiring}
            className="input"
            type="number"
            min={0}
            max={100}
            value={field["x-weight"] ?? 1}
            onChange={(event) => onField({ ...field, "x-weight": Math.trunc(Number(event.target.value)) })}
          />
        )}
      </Field>
      {kind === "text" || kind === "long_text" ? (
        <Field label={t("pattern")}>
          {(wiring) => (
            <input
              {...wiring}
              className="input font-mono"
              dir="ltr"
              value={field.pattern ?? ""}
              onChange={(event) => onField({ ...field, pattern: event.target.value })}
            />
          )}
        </Field>
      ) : (
        <span />
      )}
      {kind === "choice" || kind === "multi_choice" ? <Choices field={field} onField={onField} /> : null}
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          checked={doc.required?.includes(name) ?? false}
          onChange={(event) => props.onRequired(event.target.checked)}
        />
        {t("required")}
      </label>
      <span />
      <ConditionEditor
        what={t("showIf")}
        none={t("always")}
        doc={doc}
        self={name}
        value={field["x-show-if"]}
        onChange={(next) => onField({ ...field, "x-show-if": next })}
      />
      <ConditionEditor
        what={t("requireIf")}
        none={t("never")}
        doc={doc}
        self={name}
        value={field["x-require-if"]}
        onChange={(next) => onField({ ...field, "x-require-if": next })}
      />
    </div>
  );
}

/** What can be chosen: names as people see them, and other words for them. */
function Choices({ field, onField }: { field: FieldDoc; onField: (field: FieldDoc) => void }) {
  const { t } = useTranslation("schemas");
  const listed = field.enum ?? field.items?.enum ?? [];
  const label = (key: string) => field["x-labels"]?.[key] ?? key.replaceAll("_", " ");

  function put(keys: readonly string[], labels: FieldDoc["x-labels"], synonyms: FieldDoc["x-synonyms"]) {
    const { enum: _, items: __, "x-labels": ___, "x-synonyms": ____, ...rest } = field;
    const kept = <T,>(of: Readonly<Record<string, T>> | undefined) =>
      Object.fromEntries(Object.entries(of ?? {}).filter(([key]) => keys.includes(key)));
    onField({
      ...rest,
      ...(field["x-type"] === "choice" ? { enum: keys } : { items: { enum: keys } }),
      "x-labels": kept(labels),
      "x-synonyms": kept(synonyms),
    });
  }

  return (
    <fieldset className="col-span-full">
      <legend className="lab">{t("choices")}</legend>
      <ul className="grid gap-1.5">
        {listed.map((key, at) => (
          <li key={key} className="choice">
            <input
              className="input"
              dir="auto"
              aria-label={t("choice", { n: at + 1 })}
              value={label(key)}
              onChange={(event) =>
                put(listed, { ...field["x-labels"], [key]: event.target.value }, field["x-synonyms"])
              }
            />
            <input
              className="input"
              dir="auto"
              aria-label={t("synonymsOf", { choice: label(key) })}
              placeholder={t("synonyms")}
              defaultValue={(field["x-synonyms"]?.[key] ?? []).join(", ")}
              onChange={(event) => {
                const words = event.target.value
                  .split(",")
                  .map((word) => word.trim())
                  .filter(Boolean);
                put(listed, field["x-labels"], { ...field["x-synonyms"], [key]: words });
              }}
            />
            <IconButton
              says={t("removeChoice", { choice: label(key) })}
              icon={X}
              onClick={() =>
                put(
                  listed.filter((one) => one !== key),
                  field["x-labels"],
                  field["x-synonyms"],
                )
              }
            />
          </li>
        ))}
      </ul>
      <button
        type="button"
        className="mini mt-2"
        onClick={() => {
          const name = t("choice", { n: listed.length + 1 });
          const key = keyFrom(name, "_", listed);
          put([...listed, key], { ...field["x-labels"], [key]: name }, field["x-synonyms"]);
        }}
      >
        {t("addChoice")}
      </button>
    </fieldset>
  );
}
