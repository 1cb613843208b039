/** What customers want and how they say it; and a place to try a sentence and see why. */
import { useQuery } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { ChevronDown, Plus, RotateCcw, Trash2 } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { useKeys } from "../../lib/keys";
import { refusal } from "../../lib/refusal";
import { Icon, IconButton, Switch } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";
import type { Intent, IntentList } from "../../types";
import { BackToList } from "./Reader";
import { Try } from "./Try";

export function Intents() {
  const { data } = useQuery(ask.intents);
  return data ? <List key={data.version} stored={data} /> : null;
}

/** An intent with a name that stays while its key is typed. */
type Row = Intent & { readonly row: number };

let rows = 0;
const rowOf = (intent: Intent): Row => {
  rows += 1;
  return { ...intent, row: rows };
};

const EMPTY: Intent = {
  key: "",
  label: "",
  examples: [],
  needs: [],
  sensitive: false,
  sensitive_because: "",
};

const keyOf = (label: string): string =>
  label
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 64);

/** Without what only the screen needs, and without empty lines. */
const sent = ({ row: _, ...intent }: Row): Intent => ({
  ...intent,
  label: intent.label.trim(),
  examples: intent.examples.map((line) => line.trim()).filter((line) => line !== ""),
  needs: intent.needs.map((need) => need.trim()).filter((need) => need !== ""),
});

function List({ stored }: { stored: IntentList }) {
  const { t } = useTranslation();
  const mayWrite = useMay("manager");
  const [list, setList] = useState<readonly Row[]>(() => stored.intents.map(rowOf));
  const [open, setOpen] = useState<number>();
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const intents = list.map(sent);
  const dirty = JSON.stringify(intents) !== JSON.stringify(stored.intents);

  useBlocker({
    shouldBlockFn: () => dirty && !window.confirm(t("intents.leave")),
    enableBeforeUnload: dirty,
  });

  async function handleSave() {
    if (busy || !dirty) return;
    setBusy(true);
    setWrong(undefined);
    try {
      queries.setQueryData(ask.intents.queryKey, await api.saveIntents(stored.version, intents));
      toast(t("app.saved"));
    } catch (error) {
      setWrong(refusal(error));
      setBusy(false);
    }
  }

  async function handleBack() {
    if (!window.confirm(t("intents.confirmBack"))) return;
    try {
      await api.forgetIntents();
      await queries.invalidateQueries({ queryKey: ["intents"] });
      toast(t("intents.isBack"));
    } catch (error) {
      complain(refusal(error));
    }
  }

  useKeys({
    approveFromEditor: () => {
      if (!dirty) return false;
      void handleSave();
      return true;
    },
  });

  const change = (row: number, to: Partial<Intent>) =>
    setList(list.map((one) => (one.row === row ? { ...one, ...to } : one)));

  function handleAdd() {
    const added = rowOf(EMPTY);
    setList([added, ...list]);
    setOpen(added.row);
  }

  return (
    <div className="mx-auto w-full max-w-[1120px] px-7 py-6 max-sm:px-4">
      <div className="mb-1 flex flex-wrap items-center gap-2">
        <BackToList />
        <h1 className="me-auto text-[22px]!">{t("intents.title")}</h1>
        {mayWrite ? (
          <>
            {stored.origin === "workspace" ? (
              <button type="button" className="btn" onClick={() => void handleBack()}>
                <Icon of={RotateCcw} size="s" />
                {t("intents.back")}
              </button>
            ) : null}
            <button type="button" className="btn line" onClick={handleAdd}>
              <Icon of={Plus} size="s" />
              {t("intents.add")}
            </button>
            <button
              type="button"
              className="btn go plain"
              disabled={!dirty || busy}
              onClick={() => void handleSave()}
            >
              {busy ? t("app.saving") : t("app.save")}
            </button>
          </>
        ) : null}
      </div>
      <p className="text-ink2">{t("intents.hint")}</p>
      <p className="num mb-5 text-meta text-ink3">
        {stored.origin === "agent" ? t("intents.origin") : t("intents.own", { n: stored.version })}
      </p>
      {wrong ? (
        <p className="err mb-4!" role="alert">
          {wrong}
        </p>
      ) : null}
      <div className="grid items-start gap-6 xl:grid-cols-[minmax(0,1fr)_380px]">
        <ul className="order-2 grid gap-2 xl:order-1">
          {list.map((row) => (
            <Card
              key={row.row}
              intent={row}
              open={open === row.row}
              mayWrite={mayWrite}
              onToggle={() => setOpen(open === row.row ? undefined : row.row)}
              onChange={(to) => change(row.row, to)}
              onRemove={() => setList(list.filter((one) => one.row !== row.row))}
            />
          ))}
        </ul>
        <div className="order-1 xl:sticky xl:top-6 xl:order-2">
          <Try {...(dirty ? { intents } : {})} />
        </div>
      </div>
    </div>
  );
}

function Card(props: {
  intent: Row;
  open: boolean;
  mayWrite: boolean;
  onToggle: () => void;
  onChange: (to: Partial<Intent>) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const { intent, onChange } = props;
  const body = useId();
  const name = intent.label.trim() || t("intents.unnamed");
  const count = sent(intent).examples.length;
  return (
    <li className="kcard">
      <div className="flex items-center gap-2">
        <button
          type="button"
          className="flex min-w-0 flex-1 items-baseline gap-2 text-start"
          aria-expanded={props.open}
          aria-controls={body}
          onClick={props.onToggle}
        >
          <b className="truncate">
            <bdi>{name}</bdi>
          </b>
          <span className="num flex-none text-meta text-ink3">{t("intents.count", { count })}</span>
          {intent.sensitive ? <span className="ktag">{t("intents.sensitive")}</span> : null}
          <ChevronDown
            className={`i s ms-auto self-center transition-transform ${props.open ? "rotate-180" : ""}`}
            aria-hidden="true"
          />
        </button>
        {props.mayWrite ? (
          <IconButton says={t("intents.remove", { name })} icon={Trash2} onClick={props.onRemove} />
        ) : null}
      </div>
      <div id={body}>
        {props.open ? (
          <Details intent={intent} disabled={!props.mayWrite} onChange={onChange} />
        ) : (
          <p className="truncate text-ink3" dir="auto">
            {intent.examples.slice(0, 3).join(" · ")}
          </p>
        )}
      </div>
    </li>
  );
}

function Details(props: { intent: Row; disabled: boolean; onChange: (to: Partial<Intent>) => void }) {
  const { t } = useTranslation();
  const { intent, disabled, onChange } = props;
  const keyFollows = intent.key === "" || intent.key === keyOf(intent.label);
  return (
    <fieldset className="mt-3 grid gap-3" disabled={disabled}>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={t("intents.label")}>
          {(field) => (
            <input
              {...field}
              className="input"
              dir="auto"
              maxLength={80}
              value={intent.label}
              onChange={(event) =>
                onChange({
                  label: event.target.value,
                  ...(keyFollows ? { key: keyOf(event.target.value) } : {}),
                })
              }
            />
          )}
        </Field>
        <Field label={t("intents.key")} hint={t("intents.keyHint")}>
          {(field) => (
            <input
              {...field}
              className="input font-mono"
              dir="ltr"
              maxLength={64}
              value={intent.key}
              onChange={(event) => onChange({ key: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field label={t("intents.examples")} hint={t("intents.examplesHint")}>
        {(field) => (
          <textarea
            {...field}
            className="input"
            dir="auto"
            rows={Math.min(14, Math.max(5, intent.examples.length + 1))}
            value={intent.examples.join("\n")}
            onChange={(event) => onChange({ examples: event.target.value.split("\n") })}
          />
        )}
      </Field>
      <Field label={t("intents.needs")} hint={t("intents.needsHint")}>
        {(field) => (
          <input
            {...field}
            className="input font-mono"
            dir="ltr"
            value={intent.needs.join(",")}
            onChange={(event) =>
              onChange({ needs: event.target.value === "" ? [] : event.target.value.split(",") })
            }
          />
        )}
      </Field>
      <div className="flex items-center gap-3">
        <Switch
          label={t("intents.sensitive")}
          checked={intent.sensitive}
          disabled={disabled}
          onChange={(sensitive) => onChange({ sensitive })}
        />
        <span>{t("intents.sensitive")}</span>
      </div>
      {intent.sensitive ? (
        <Field label={t("intents.because")}>
          {(field) => (
            <input
              {...field}
              className="input"
              dir="auto"
              value={intent.sensitive_because}
              onChange={(event) => onChange({ sensitive_because: event.target.value })}
            />
          )}
        </Field>
      ) : null}
    </fieldset>
  );
}
