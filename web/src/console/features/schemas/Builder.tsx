import { useQuery } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask, queries } from "../../api";
import { announce } from "../../lib/announce";
import { isCode, refusal } from "../../lib/refusal";
import { useMay } from "../../parts/data";
import { complain, toast } from "../../parts/toast";
import type { Schema } from "../../types";
import { asks, calls, type Doc, docOf } from "./document";
import { Fields } from "./Fields";
import { Found, Past } from "./Preview";
import { Suggested } from "./Suggested";
import { WorkflowEditor } from "./Workflow";

/** The document with another state, and a way to it from the first one: a state nobody reaches is refused. */
const withState = (doc: Doc, key: string, label: string): Doc => {
  const flow = doc["x-workflow"];
  return {
    ...doc,
    "x-workflow": {
      ...flow,
      states: [...flow.states, { key, label }],
      transitions: [...flow.transitions, { from: flow.initial, to: key }],
    },
  };
};

/** A schema being changed: what is changed stays here until it is saved as a new version. */
export function Builder({ schema, part }: { schema: Schema; part: "fields" | "workflow" }) {
  const { t } = useTranslation("schemas");
  const manager = useMay("manager");
  const [saved, setSaved] = useState({ version: schema.version, doc: docOf(schema) });
  const [doc, setDoc] = useState(saved.doc);
  const [theirs, setTheirs] = useState<Schema>();
  const [busy, setBusy] = useState(false);
  const dirty = doc !== saved.doc && JSON.stringify(doc) !== JSON.stringify(saved.doc);
  const settled = useDeferredValue(doc);
  const {
    data: problems = [],
    isPending,
    isPlaceholderData,
  } = useQuery({
    ...asks.check(settled),
    enabled: dirty,
    placeholderData: (before) => before,
  });
  // What was not checked yet is not tried either.
  const unsure = dirty && (isPending || isPlaceholderData || problems.length > 0);
  useBlocker({
    // Between the fields and the workflow nothing is lost; the board and the figures are elsewhere.
    shouldBlockFn: ({ next }) => {
      const { tab } = next.search as { tab?: string };
      const { key = schema.key } = next.params as { key?: string };
      const stays = next.pathname.startsWith("/schemas") && key === schema.key;
      const lost = dirty && !(stays && tab !== "board" && tab !== "figures");
      return lost && !window.confirm(t("leave"));
    },
    enableBeforeUnload: dirty,
  });

  async function handleSave(base: number) {
    setBusy(true);
    try {
      const made = await calls.save(schema.key, base, doc);
      setSaved({ version: made.version, doc });
      setTheirs(undefined);
      toast(t("saved", { n: made.version }));
      await queries.invalidateQueries({ queryKey: ask.schemas.queryKey });
    } catch (error) {
      if (isCode(error, "conflict")) setTheirs(await calls.current(schema.key));
      else complain(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  function handleTheirs(one: Schema) {
    setSaved({ version: one.version, doc: docOf(one) });
    setDoc(docOf(one));
    setTheirs(undefined);
    void queries.invalidateQueries({ queryKey: ask.schemas.queryKey });
  }

  const change = (next: Doc, says?: string) => {
    setDoc(next);
    if (says) announce(says);
  };

  return (
    <>
      {manager ? null : <p className="text-ink2">{t("readOnly")}</p>}
      {theirs ? (
        <section className="snotice" role="alert" aria-label={t("stale.title", { n: theirs.version })}>
          <h3>{t("stale.title", { n: theirs.version })}</h3>
          <p className="text-ink2">
            {t("stale.text")} <Differences mine={doc} theirs={docOf(theirs)} />
          </p>
          <p className="mt-2 flex flex-wrap gap-2">
            <button type="button" className="btn line" onClick={() => handleTheirs(theirs)}>
              {t("stale.theirs")}
            </button>
            <button type="button" className="btn line" onClick={() => void handleSave(theirs.version)}>
              {t("stale.mine")}
            </button>
          </p>
        </section>
      ) : null}
      {dirty && problems.length > 0 ? (
        <section className="snotice" aria-label={t("problems")}>
          <h3>{t("problems")}</h3>
          <ul>
            {problems.map((one) => (
              <li key={`${one.place} ${one.problem}`}>
                <code>{one.place}</code> {one.problem}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <div className="builder">
        <fieldset disabled={!manager} className="min-w-0">
          {part === "fields" ? (
            <Fields doc={doc} onChange={change} />
          ) : (
            <WorkflowEditor doc={doc} onChange={change} />
          )}
        </fieldset>
        {part === "fields" ? (
          <div className="grid content-start gap-8">
            <Found doc={settled} waits={unsure} />
            {manager ? (
              <Suggested
                doc={doc}
                schemaKey={schema.key}
                onAdd={(key, field) => change({ ...doc, properties: { ...doc.properties, [key]: field } })}
                onAddState={(key, label) => change(withState(doc, key, label))}
              />
            ) : null}
            {manager ? <Past doc={settled} schemaKey={schema.key} dirty={dirty} waits={unsure} /> : null}
          </div>
        ) : null}
      </div>
      {dirty && manager ? (
        <div className="savebar">
          <span className="text-ink2">{t("unsaved")}</span>
          <button type="button" className="btn ms-auto" onClick={() => setDoc(saved.doc)}>
            {t("discard")}
          </button>
          <button
            type="button"
            className="btn go plain"
            disabled={busy || problems.length > 0}
            onClick={() => void handleSave(saved.version)}
          >
            {t("save")}
          </button>
        </div>
      ) : null}
    </>
  );
}

/** Which parts of two documents are not the same, by name. */
function Differences({ mine, theirs }: { mine: Doc; theirs: Doc }) {
  const { t } = useTranslation("schemas");
  const names = useMemo(() => {
    const other = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
    const keys = new Set([...Object.keys(mine.properties), ...Object.keys(theirs.properties)]);
    const fields = [...keys].filter((key) => other(mine.properties[key], theirs.properties[key]));
    return [
      ...(mine.title === theirs.title ? [] : [t("stale.name")]),
      ...fields.map((key) => mine.properties[key]?.title ?? theirs.properties[key]?.title ?? key),
      ...(other(mine["x-workflow"], theirs["x-workflow"]) ? [t("stale.workflow")] : []),
    ];
  }, [mine, theirs, t]);
  return <b>{names.join(", ")}</b>;
}
