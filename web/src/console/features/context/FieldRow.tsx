import { useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { HoverCard } from "radix-ui";
import { Suspense, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask } from "../../api";
import { percent } from "../../lib/format";
import { late } from "../../lib/late";
import { refusal } from "../../lib/refusal";
import { useEditor } from "../../live/fields";
import { Avatar, Icon } from "../../parts/basics";
import { fieldState, firstName, useMay } from "../../parts/data";
import { complain } from "../../parts/toast";
import type { ContextField, FieldSchema } from "../../types";

const FieldEdit = late(() => import("./FieldEdit"), "FieldEdit");
const History = late(() => import("./History"), "default");

type Props = {
  conversation: string;
  field: ContextField;
  schema: FieldSchema | undefined;
  /** It is shown as it was once: nothing can be changed. */
  past: boolean;
  onAsk: (question: string) => void;
};

/** What stands in the input for a value. */
export function asText(field: ContextField): string {
  const { value } = field;
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return value.join(", ");
  return field.text ?? JSON.stringify(value);
}

export function FieldRow({ conversation, field, schema, past, onAsk }: Props) {
  const { t } = useTranslation();
  const mayEdit = useMay("staff") && !past;
  const cache = useQueryClient();
  const [editing, setEditing] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [looking, setLooking] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  const state = fieldState(field);
  const shown = field.text ?? asText(field);
  const editor = useEditor(conversation, field.key);
  const who = editor ? (
    <span className="editor" data-editing={field.key}>
      <Avatar id={editor.id} name={editor.name} className="tiny" />
      <span>{t("ctx.editing", { name: firstName(editor.name) })}</span>
    </span>
  ) : null;

  async function save(value: unknown) {
    setWrong(undefined);
    try {
      await api.setField(conversation, field.key, value);
      await cache.invalidateQueries({ queryKey: ask.context(conversation).queryKey });
      setEditing(false);
      trigger.current?.focus();
    } catch (error) {
      setWrong(refusal(error));
    }
  }

  if (editing)
    return (
      <Suspense
        fallback={
          <div className="fld">
            <dt>{field.label}</dt>
          </div>
        }
      >
        <FieldEdit
          {...{ conversation, field, schema, wrong, who }}
          onSave={save}
          onClose={() => setEditing(false)}
        />
      </Suspense>
    );

  return (
    <div className="fld">
      <dt title={field.label}>{field.label}</dt>
      <dd className="min-w-0">
        <button
          ref={trigger}
          type="button"
          className={`v num ${state === "missing" ? "miss" : ""}`}
          disabled={!mayEdit}
          aria-label={`${t("ctx.edit", { label: field.label })}: ${state === "missing" ? t("ctx.unknown") : shown}`}
          title={shown}
          dir="auto"
          onClick={() => setEditing(true)}
        >
          {state === "missing" ? t("ctx.unknown") : shown}
        </button>
        {who}
      </dd>
      <dd className="k num">
        {state === "missing" ? (
          mayEdit ? (
            <button
              type="button"
              className="ask"
              title={t("ctx.askHint", { ask: field.ask })}
              aria-label={`${t("ctx.ask")}: ${field.label}`}
              onClick={() => onAsk(field.ask)}
            >
              <Icon of={Plus} size="s" />
              {t("ctx.ask")}
            </button>
          ) : null
        ) : (
          <Basis
            field={field}
            onTake={(value) => void save(value).catch(() => complain(t("error.internal")))}
            onHistory={() => setLooking(!past)}
          />
        )}
        {looking ? (
          <Suspense>
            <History {...{ conversation, field }} onOpenChange={setLooking} />
          </Suspense>
        ) : null}
      </dd>
    </div>
  );
}

/** Where a value comes from, and the words it was read from. */
function Basis({
  field,
  onTake,
  onHistory,
}: {
  field: ContextField;
  onTake: (value: unknown) => void;
  onHistory: () => void;
}) {
  const { t } = useTranslation();
  const word =
    field.origin === "person"
      ? t("ctx.checked")
      : field.origin === "rule"
        ? t("ctx.rule")
        : percent(field.confidence);
  return (
    <HoverCard.Root openDelay={120} closeDelay={120}>
      <HoverCard.Trigger asChild>
        <button
          type="button"
          className="flex items-center gap-1.5 rounded-r1 py-1"
          aria-label={`${field.label}: ${word}`}
          onClick={onHistory}
        >
          <i className={`seg ${fieldState(field)}`} />
          {word}
          {field.proposal ? <span className="size-1.5 rounded-full bg-amber-mark" /> : null}
        </button>
      </HoverCard.Trigger>
      <HoverCard.Portal>
        <HoverCard.Content className="pop w-[280px]!" side="left" sideOffset={10} collisionPadding={12}>
          {field.origin === "extracted" ? (
            <>
              <p className="mb-1 flex justify-between text-meta text-ink3">
                <span>{t("ctx.evidence")}</span>
                <span className="num">{t("ctx.sure", { n: percent(field.confidence) })}</span>
              </p>
              <p className="text-ink2" dir="auto">
                {field.evidence ? <mark className="text-ink!">{field.evidence}</mark> : t("ctx.evidenceNone")}
              </p>
            </>
          ) : (
            <p className="text-ink2">{t(field.origin === "rule" ? "ctx.setByRule" : "ctx.setByPerson")}</p>
          )}
          {field.proposal ? (
            <div className="mt-2 flex items-center gap-2 border-t border-line pt-2">
              <p className="flex-1" dir="auto">
                {t("ctx.proposal", { value: String(field.proposal.value) })}
              </p>
              <button type="button" className="mini" onClick={() => onTake(field.proposal?.value)}>
                {t("ctx.accept")}
              </button>
            </div>
          ) : null}
        </HoverCard.Content>
      </HoverCard.Portal>
    </HoverCard.Root>
  );
}
