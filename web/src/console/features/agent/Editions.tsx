import { X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { call } from "../../api";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { Field } from "../../parts/Field";
import type { Document } from "../../types";
import { Words } from "./Differences";
import type { EditedDocument } from "./replay";
import "./replay-texts";

type Row = { readonly id: string; readonly title: string };
type Edit = { readonly document: Document; readonly text: string };

/** What differs from the documents as they are. */
function changed(edits: readonly Edit[]): readonly EditedDocument[] {
  return edits
    .filter((one) => one.text.trim() !== "" && one.text !== one.document.body)
    .map((one) => ({ document: one.document.id, body: one.text }));
}

/** Documents with another text, in the replay only. */
export function EditedDocuments(props: {
  rows: readonly Row[];
  onChange: (documents: readonly EditedDocument[]) => void;
  onReady: (ready: boolean) => void;
}) {
  const { t } = useTranslation("replay");
  const [edits, setEdits] = useState<readonly Edit[]>([]);
  const [wrong, setWrong] = useState<string>();

  function set(next: readonly Edit[]) {
    setEdits(next);
    props.onChange(changed(next));
    props.onReady(next.every((one) => one.text.trim() !== ""));
  }

  async function handleAdd(id: string) {
    setWrong(undefined);
    try {
      const document = await call<Document>("GET", `/v1/knowledge/documents/${id}`);
      setEdits((now) =>
        now.some((one) => one.document.id === id) ? now : [...now, { document, text: document.body }],
      );
    } catch (error) {
      setWrong(refusal(error));
    }
  }

  const edited = new Set(edits.map((one) => one.document.id));
  return (
    <div className="whole grid gap-3">
      <Field label={t("edit")} hint={t("editHint")} wrong={wrong}>
        {(field) => (
          <select
            {...field}
            className="input"
            value=""
            onChange={(event) => void handleAdd(event.target.value)}
          >
            <option value="">{t("editNone")}</option>
            {props.rows
              .filter((row) => !edited.has(row.id))
              .map((row) => (
                <option key={row.id} value={row.id}>
                  {row.title}
                </option>
              ))}
          </select>
        )}
      </Field>
      {edits.map((one) => (
        <Edited
          key={one.document.id}
          edit={one}
          onText={(text) => set(edits.map((other) => (other === one ? { ...other, text } : other)))}
          onRemove={() => set(edits.filter((other) => other !== one))}
        />
      ))}
    </div>
  );
}

/** One document with its other text, and what differs. */
function Edited({
  edit,
  onText,
  onRemove,
}: {
  edit: Edit;
  onText: (text: string) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation("replay");
  const { document, text } = edit;
  const differs = text !== document.body;
  return (
    <div className="edited" data-edited={document.id}>
      <Field
        label={t("textOf", { name: document.title })}
        wrong={text.trim() === "" ? t("textEmpty") : undefined}
      >
        {(field) => (
          <textarea
            {...field}
            className="input"
            dir="auto"
            lang={document.language}
            rows={9}
            value={text}
            onChange={(event) => onText(event.target.value)}
          />
        )}
      </Field>
      <button
        type="button"
        className="btn line"
        aria-label={t("editRemove", { name: document.title })}
        onClick={onRemove}
      >
        <Icon of={X} size="s" />
        {t("remove")}
      </button>
      {differs && text.trim() !== "" ? (
        <details className="picks2">
          <summary>{t("editDiffers")}</summary>
          <div className="mt-2">
            <Words from={document.body} to={text} />
          </div>
        </details>
      ) : (
        <p className="hint">{t("editSame")}</p>
      )}
    </div>
  );
}

type Choice = { readonly key: string; readonly name: string; readonly document: unknown };

/** One document of JSON with other contents, in the replay only. */
export function EditedJson(props: {
  label: string;
  none: string;
  hint: string;
  choices: readonly Choice[];
  onChange: (document: unknown) => void;
  onReady: (ready: boolean) => void;
}) {
  const { t } = useTranslation("replay");
  const [key, setKey] = useState("");
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string>();

  function handleText(next: string) {
    setText(next);
    try {
      props.onChange(JSON.parse(next));
      setWrong(undefined);
      props.onReady(true);
    } catch (error) {
      setWrong(t("jsonWrong", { says: error instanceof Error ? error.message : "" }));
      props.onReady(false);
    }
  }

  function handleKey(next: string) {
    setKey(next);
    const choice = props.choices.find((one) => one.key === next);
    if (choice) return handleText(JSON.stringify(choice.document, undefined, 2));
    setWrong(undefined);
    props.onReady(true);
    props.onChange(undefined);
  }

  const chosen = props.choices.find((one) => one.key === key);
  return (
    <>
      <Field label={props.label}>
        {(field) => (
          <select
            {...field}
            className="input"
            value={key}
            onChange={(event) => handleKey(event.target.value)}
          >
            <option value="">{props.none}</option>
            {props.choices.map((one) => (
              <option key={one.key} value={one.key}>
                {one.name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {chosen ? (
        <div className="whole">
          <Field label={t("jsonOf", { name: chosen.name })} hint={props.hint} wrong={wrong}>
            {(field) => (
              <textarea
                {...field}
                className="input font-mono"
                dir="ltr"
                rows={10}
                spellCheck={false}
                value={text}
                onChange={(event) => handleText(event.target.value)}
              />
            )}
          </Field>
        </div>
      ) : null}
    </>
  );
}
