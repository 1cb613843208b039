import { type FormEvent, type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useEditing } from "../../live/fields";
import type { ContextField, FieldSchema } from "../../types";
import { asText } from "./FieldRow";

type Props = {
  conversation: string;
  field: ContextField;
  schema: FieldSchema | undefined;
  /** Why the last value was refused. */
  wrong: string | undefined;
  /** The colleague who edits it, too. */
  who: ReactNode;
  onSave: (value: unknown) => Promise<void>;
  onClose: () => void;
};

function asValue(text: string, type: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (type === "boolean") return trimmed === "true";
  if (type === "tags" || type === "multi_choice") {
    return trimmed
      .split(",")
      .map((one) => one.trim())
      .filter(Boolean);
  }
  if ((type === "number" || type === "percent" || type === "rating") && Number.isFinite(Number(trimmed)))
    return Number(trimmed);
  return trimmed;
}

const INPUT_TYPES: Readonly<Record<string, string>> = {
  date: "date",
  time: "time",
  email: "email",
  phone: "tel",
  url: "url",
};

/** A field of what is known while it is edited; colleagues see that it is. */
export function FieldEdit({ conversation, field, schema, wrong, who, onSave, onClose }: Props) {
  const { t } = useTranslation();
  const box = useRef<HTMLInputElement & HTMLSelectElement>(null);
  useEditing(conversation, field.key, true);
  useEffect(() => box.current?.focus(), []);

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    const text = box.current?.value ?? "";
    if (text === asText(field)) onClose();
    else void onSave(asValue(text, field.type));
  }

  const choices = schema?.enum ?? (field.type === "boolean" ? ["true", "false"] : undefined);
  const name = (choice: string) =>
    field.type === "boolean"
      ? t(choice === "true" ? "ctx.yes" : "ctx.no")
      : (schema?.["x-labels"]?.[choice] ?? choice);
  const shared = {
    ref: box,
    className: "input h-7! px-1.5!",
    "aria-label": field.label,
    "aria-invalid": wrong !== undefined,
    defaultValue: asText(field),
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      event.preventDefault();
      onClose();
    },
  };
  return (
    <div className="fld">
      <dt>{field.label}</dt>
      <dd className="col-span-2 py-0.5">
        <form
          onSubmit={handleSubmit}
          onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && handleSubmit(event)}
        >
          {choices ? (
            <select {...shared} onChange={(event) => void onSave(asValue(event.target.value, field.type))}>
              <option value="" />
              {choices.map((choice) => (
                <option key={choice} value={choice}>
                  {name(choice)}
                </option>
              ))}
            </select>
          ) : (
            <input
              {...shared}
              type={INPUT_TYPES[field.type] ?? "text"}
              dir="auto"
              placeholder={schema?.["x-hint"]}
            />
          )}
        </form>
        {who}
        {wrong ? (
          <p className="err" role="alert">
            {wrong}
          </p>
        ) : null}
      </dd>
    </div>
  );
}
