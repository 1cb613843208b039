import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask, call } from "../../api";
import { announce } from "../../lib/announce";
import { dayClock } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { Field } from "../../parts/Field";
import type { Page } from "../../types";
import type { RuleRow } from "../rules/model";
import { Words } from "./Differences";
import { EditedDocuments, EditedJson } from "./Editions";
import { type Agent, askVersions, type Which } from "./model";
import { type Change, counts, type Found, type Replayed, replay, words } from "./replay";
import "./replay.css";
import "./replay-texts";

const VIEWS = ["all", "open", "waiting", "resolved"] as const;
const COUNTS = [20, 50, 200, 500] as const;
/** Messages that are shown at once. */
const SHOWN = 20;

/** What a listed rule holds beside its document. */
const BESIDE: readonly string[] = [
  "id",
  "version",
  "updated_at",
  "of_schema",
  "fired",
  "fired_at",
  "failed",
  "text",
] satisfies (keyof RuleRow)[];

/** A rule's document; switched off, it leaves the rule out. */
function documentOf(rule: RuleRow, enabled: boolean): unknown {
  const document = Object.entries(rule).filter(([key]) => !BESIDE.includes(key));
  return { ...Object.fromEntries(document), enabled };
}

const off = (rule: RuleRow) => documentOf(rule, false);

const askRules = queryOptions({
  queryKey: ["replay", "rules"],
  queryFn: async () =>
    (await call<Page<RuleRow>>("GET", "/v1/rules?limit=100")).items.filter((one) => one.enabled),
  staleTime: 0,
});

type State = { readonly found: Found; readonly state: "running" | "done" | "stopped" };

/** What would have happened: past conversations with a change, beside what happens without it. */
export function Replay({ agent, edited }: { agent: Agent; edited: Which | undefined }) {
  const { t } = useTranslation("replay");
  const [change, setChange] = useState<Change>({});
  const [unready, setUnready] = useState<readonly string[]>([]);
  const [view, setView] = useState<(typeof VIEWS)[number]>("all");
  const [q, setQ] = useState("");
  const [count, setCount] = useState<number>(COUNTS[0]);
  const [run, setRun] = useState<State>();
  const [wrong, setWrong] = useState<string>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const running = run?.state === "running";

  async function handleRun() {
    const control = new AbortController();
    stop.current = control;
    setWrong(undefined);
    let last: Found = { items: [], conversations: 0, more: true };
    setRun({ found: last, state: "running" });
    try {
      await replay(
        change,
        { view, q: q.trim() },
        count,
        (found) => {
          last = found;
          setRun({ found, state: "running" });
        },
        control.signal,
      );
      if (control.signal.aborted) return;
      setRun({ found: last, state: "done" });
      const differ = last.items.filter((one) => one.differs.length > 0).length;
      announce(differ === 0 ? t("same") : t("found", { count: differ }));
    } catch (error) {
      if (control.signal.aborted) return;
      setRun(undefined);
      setWrong(refusal(error));
    }
  }

  function handleStop() {
    stop.current?.abort();
    setRun((now) => now && { ...now, state: "stopped" });
    announce(t("stopped"));
  }

  return (
    <div className="replay" data-replay={run?.state ?? "ready"}>
      <p className="max-w-[62ch] text-ink2">{t("text")}</p>
      <form
        className="grid gap-6"
        onSubmit={(event) => {
          event.preventDefault();
          void handleRun();
        }}
      >
        <fieldset className="asked">
          <legend>{t("which")}</legend>
          <Field label={t("view")}>
            {(field) => (
              <select
                {...field}
                className="input"
                value={view}
                onChange={(event) => setView(event.target.value as typeof view)}
              >
                {VIEWS.map((one) => (
                  <option key={one} value={one}>
                    {t(`views.${one}`)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t("count")} hint={t("countHint")}>
            {(field) => (
              <select
                {...field}
                className="input num"
                value={count}
                onChange={(event) => setCount(Number(event.target.value))}
              >
                {COUNTS.map((one) => (
                  <option key={one} value={one}>
                    {one}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t("words")} hint={t("wordsHint")}>
            {(field) => (
              <input
                {...field}
                className="input"
                dir="auto"
                maxLength={200}
                value={q}
                onChange={(event) => setQ(event.target.value)}
              />
            )}
          </Field>
        </fieldset>
        <Changes
          agent={agent}
          edited={edited}
          change={change}
          onChange={setChange}
          onReady={(part, ready) =>
            setUnready((now) => [...now.filter((one) => one !== part), ...(ready ? [] : [part])])
          }
        />
        <div className="flex flex-wrap items-center gap-3">
          {running ? (
            <button type="button" className="btn line" onClick={handleStop}>
              {t("stop")}
            </button>
          ) : (
            <button type="submit" className="btn go" disabled={unready.length > 0}>
              <Icon of={RotateCcw} size="s" />
              {t("run")}
            </button>
          )}
          {running ? (
            <>
              <progress max={count} value={run.found.conversations} aria-label={t("run")} />
              <span className="num text-ink2">
                {t("running", { done: run.found.conversations, of: count })}
              </span>
            </>
          ) : Object.keys(change).length === 0 ? (
            <span className="text-small text-ink3">{t("nothing")}</span>
          ) : null}
        </div>
      </form>
      {wrong ? (
        <p className="err" role="alert">
          {wrong}
        </p>
      ) : null}
      {run && (run.found.conversations > 0 || !running) ? <Result agent={agent} run={run} /> : null}
    </div>
  );
}

/** What is changed: the agent, its words, models, rules, documents, a schema. */
function Changes(props: {
  agent: Agent;
  edited: Which | undefined;
  change: Change;
  onChange: (change: Change) => void;
  onReady: (part: string, ready: boolean) => void;
}) {
  const { t } = useTranslation("replay");
  const { agent, edited, change } = props;
  const { data: versions } = useQuery(askVersions);
  const { data: rules } = useQuery(askRules);
  const { data: documents } = useQuery(ask.documents);
  const { data: schemas } = useQuery(ask.schemas);
  const [chosen, setChosen] = useState("");
  const [rule, setRule] = useState<unknown>();

  /** What is given changes something; what is not given is left as it is. */
  function set(more: { [K in keyof Change]: Change[K] | undefined }) {
    const all = Object.entries({ ...change, ...more });
    props.onChange(
      Object.fromEntries(
        all.filter(
          ([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0),
        ),
      ),
    );
  }

  function handleAgent(value: string) {
    setChosen(value);
    const [kind, name = ""] = value.split(":");
    set({
      of: kind === "edited" ? edited : kind === "version" ? { version: Number(name) } : undefined,
      agent: kind === "role" ? name : undefined,
    });
  }

  function handleRule(document: unknown) {
    setRule(document);
    const others = (change.rules ?? []).filter((one) => one !== rule);
    set({ rules: document === undefined ? others : [...others, document] });
  }

  const picked = (list: readonly unknown[] | undefined, one: unknown) =>
    (list ?? []).some((known) => JSON.stringify(known) === JSON.stringify(one));
  const toggled = (list: readonly unknown[] | undefined, one: unknown, on: boolean) =>
    on
      ? [...(list ?? []), one]
      : (list ?? []).filter((known) => JSON.stringify(known) !== JSON.stringify(one));
  return (
    <fieldset className="asked">
      <legend>{t("change")}</legend>
      <Field label={t("agent")}>
        {(field) => (
          <select
            {...field}
            className="input"
            value={chosen}
            onChange={(event) => handleAgent(event.target.value)}
          >
            <option value="">{t("agentSame")}</option>
            {edited ? <option value="edited">{t("agentEdited")}</option> : null}
            {(versions ?? []).map((one) => (
              <option key={one.version} value={`version:${one.version}`}>
                {t("agentVersion", { n: one.version })}
              </option>
            ))}
            {agent.roles.map((one) => (
              <option key={one.key} value={`role:${one.key}`}>
                {t("agentRole", { name: one.name })}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t("personality")} hint={t("emptySame")}>
        {(field) => (
          <input
            {...field}
            className="input"
            dir="auto"
            maxLength={500}
            onChange={(event) => set({ personality: event.target.value.trim() })}
          />
        )}
      </Field>
      <div className="whole">
        <Field label={t("instructions")} hint={t("emptySame")}>
          {(field) => (
            <textarea
              {...field}
              className="input"
              dir="auto"
              rows={3}
              maxLength={20_000}
              onChange={(event) => set({ instructions: event.target.value.trim() })}
            />
          )}
        </Field>
      </div>
      <Picks
        title={t("rules")}
        none={t("rulesNone")}
        rows={rules?.map((one) => ({
          key: one.id,
          name: one.name,
          on: picked(change.rules, off(one)),
          pick: (on: boolean) => set({ rules: toggled(change.rules, off(one), on) }),
        }))}
      />
      <Picks
        title={t("documents")}
        none={t("documentsNone")}
        rows={documents?.items.map((one) => ({
          key: one.id,
          name: one.title,
          on: picked(change.without_documents, one.id),
          pick: (on: boolean) =>
            set({ without_documents: toggled(change.without_documents, one.id, on) as string[] }),
        }))}
      />
      <EditedDocuments
        rows={documents?.items ?? []}
        onChange={(all) => set({ documents: all })}
        onReady={(ready) => props.onReady("documents", ready)}
      />
      <EditedJson
        label={t("rule")}
        none={t("schemaNone")}
        hint={t("ruleHint")}
        choices={(rules ?? []).map((one) => ({
          key: one.id,
          name: one.name,
          document: documentOf(one, true),
        }))}
        onChange={handleRule}
        onReady={(ready) => props.onReady("rule", ready)}
      />
      <EditedJson
        label={t("schema")}
        none={t("schemaNone")}
        hint={t("schemaHint")}
        choices={schemas?.items ?? []}
        onChange={(document) => set({ schemas: document === undefined ? undefined : [document] })}
        onReady={(ready) => props.onReady("schema", ready)}
      />
      <div className="whole grid gap-2">
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            checked={change.without_models ?? false}
            onChange={(event) => set({ without_models: event.target.checked || undefined })}
          />
          {t("noModels")}
        </label>
        <div>
          <label className="flex items-center gap-2">
            <input
              type="checkbox"
              aria-describedby="replay-ask-models"
              checked={change.ask_models ?? false}
              onChange={(event) => set({ ask_models: event.target.checked || undefined })}
            />
            {t("askModels")}
          </label>
          <p id="replay-ask-models" className="hint">
            {t("askModelsHint")}
          </p>
        </div>
      </div>
    </fieldset>
  );
}

function Picks(props: {
  title: string;
  none: string;
  rows:
    | readonly {
        readonly key: string;
        readonly name: string;
        readonly on: boolean;
        readonly pick: (on: boolean) => void;
      }[]
    | undefined;
}) {
  const on = (props.rows ?? []).filter((row) => row.on).length;
  return (
    <details className="picks2">
      <summary>
        {props.title}
        {on > 0 ? <b className="num"> {on}</b> : null}
      </summary>
      {props.rows?.length === 0 ? <p className="hint">{props.none}</p> : null}
      <ul>
        {(props.rows ?? []).map((row) => (
          <li key={row.key}>
            <label>
              <input type="checkbox" checked={row.on} onChange={(event) => row.pick(event.target.checked)} />
              <bdi>{row.name}</bdi>
            </label>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** How much differs, by what customers want, and each message that would be answered otherwise. */
function Result({ agent, run }: { agent: Agent; run: State }) {
  const { t } = useTranslation("replay");
  const { items, conversations } = run.found;
  const [only, setOnly] = useState("all");
  const [shown, setShown] = useState(SHOWN);
  const by = useMemo(() => counts(items), [items]);
  const differ = items.filter((one) => one.differs.length > 0);
  const recorded = items.filter((one) => one.as_recorded !== undefined);
  const label = (key: string) =>
    key === ""
      ? t("noIntent")
      : (agent.intents.find((one) => one.key === key)?.label ?? key.replaceAll("_", " "));
  if (conversations === 0)
    return (
      <div className="rcard">
        <p className="font-[560]">{t("none")}</p>
        <p className="text-ink2">{t("noneText")}</p>
      </div>
    );
  const chosen = differ.filter((one) => only === "all" || (one.before.intent ?? "") === only);
  return (
    <div className="grid gap-5" data-differ={differ.length}>
      <div>
        <h3>{differ.length === 0 ? t("same") : t("found", { count: differ.length })}</h3>
        <p className="num text-small text-ink3">
          {t("looked", { messages: items.length, conversations })}
          {recorded.length > 0
            ? ` · ${t("recorded", { same: recorded.filter((one) => one.as_recorded).length, of: recorded.length })}`
            : ""}
        </p>
      </div>
      <table className="counts" aria-label={t("byIntent")}>
        <thead>
          <tr>
            <th scope="col">{t("intent")}</th>
            <th scope="col">{t("differ")}</th>
            <th scope="col">{t("inWhat")}</th>
          </tr>
        </thead>
        <tbody>
          {by.map((row) => (
            <tr key={row.intent} data-intent={row.intent}>
              <th scope="row">{label(row.intent)}</th>
              <td className="num">{t("of", { n: row.differ, of: row.messages })}</td>
              <td className="text-ink2">
                {row.parts.map(([part, times]) => `${t(`part.${part}`)} ${times}`).join(", ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {differ.length > 0 ? (
        <>
          <label className="flex flex-wrap items-center gap-2">
            {t("only")}
            <select className="input rfit" value={only} onChange={(event) => setOnly(event.target.value)}>
              <option value="all">{t("onlyAll")}</option>
              {by
                .filter((row) => row.differ > 0)
                .map((row) => (
                  <option key={row.intent} value={row.intent}>
                    {label(row.intent)}
                  </option>
                ))}
            </select>
          </label>
          <ol className="grid gap-6">
            {chosen.slice(0, shown).map((one) => (
              <Message key={`${one.conversation}${one.seq}`} one={one} />
            ))}
          </ol>
          {chosen.length > shown ? (
            <p>
              <button type="button" className="btn line" onClick={() => setShown(shown + SHOWN)}>
                {t("more")}
              </button>
            </p>
          ) : null}
        </>
      ) : null}
    </div>
  );
}

/** A message with what it leads to without and with the change, side by side. */
function Message({ one }: { one: Replayed }) {
  const { t } = useTranslation("replay");
  const { after } = one;
  if (!after) return null;
  return (
    <li className="told" data-message={one.seq}>
      <div className="head">
        <b dir="auto">{one.asked}</b>
        <Link
          to="/inbox/{-$id}"
          params={{ id: one.conversation }}
          search={{ seq: one.seq }}
          className="num text-small"
        >
          <span className="sr-only">{t("open")}: </span>
          {dayClock(one.at)}
        </Link>
      </div>
      <div className="sides">
        <div data-side="before">
          <h4>{t("before")}</h4>
          <p dir="auto">{one.before.text}</p>
        </div>
        <div data-side="after">
          <h4>{t("after")}</h4>
          {one.differs.includes("text") ? (
            <Words from={one.before.text} to={after.text} />
          ) : (
            <p dir="auto">{after.text}</p>
          )}
        </div>
      </div>
      <dl>
        {one.differs
          .filter((part) => part !== "text")
          .map((part) => (
            <div key={part} data-part={part}>
              <dt>{t(`part.${part}`)}</dt>
              <dd dir="auto">
                <del>{words(part, one.before) || t("empty")}</del>
                <ins>{words(part, after) || t("empty")}</ins>
              </dd>
            </div>
          ))}
      </dl>
    </li>
  );
}
