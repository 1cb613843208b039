import { Plus, Trash2, TriangleAlert } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../../api";
import { dayClock } from "../../lib/format";
import { isCode, refusal } from "../../lib/refusal";
import { Icon, Switch } from "../../parts/basics";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";
import { Differences } from "./Differences";
import { Hear } from "./Hear";
import {
  type Agent,
  agentApi,
  askAgent,
  type Bundle,
  differences,
  renewAgent,
  type Warning,
  type Which,
  type WorkingCopy,
} from "./model";
import { Publish } from "./Publish";
import { SwitchRole } from "./SwitchRole";

type Side = { readonly agent: string; readonly bundle: Bundle };

const startOf = (agent: Agent): Side => agent.draft ?? { agent: agent.agent, bundle: agent.bundle };

/** What is edited: it drafts only after it is published. */
export function Editor({ agent, onEdit }: { agent: Agent; onEdit: (edited: Which) => void }) {
  const { t } = useTranslation("agent");
  const [side, setSide] = useState<Side>(() => startOf(agent));
  const [stored, setStored] = useState<WorkingCopy | undefined>(agent.draft);
  const [warnings, setWarnings] = useState<readonly Warning[]>(agent.warnings);
  const [theirs, setTheirs] = useState<WorkingCopy>();
  const [taking, setTaking] = useState<string>();
  const [publishing, setPublishing] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const live: Side = { agent: agent.agent, bundle: agent.bundle };
  const isSaved = differences(stored ?? live, side).length === 0;
  const isLive = differences(live, side).length === 0;
  useEffect(() => onEdit({ agent: side.agent, bundle: side.bundle }), [side, onEdit]);

  const put = (change: Partial<Bundle>) => setSide({ ...side, bundle: { ...side.bundle, ...change } });

  async function save(revision: number): Promise<WorkingCopy | undefined> {
    setWrong(undefined);
    try {
      const saved = await agentApi.save(revision, side.agent, side.bundle);
      setStored(saved.draft);
      setSide(saved.draft);
      setWarnings(saved.warnings);
      setTheirs(undefined);
      await renewAgent();
      toast(t("savedToast"));
      return saved.draft;
    } catch (error) {
      if (isCode(error, "conflict")) {
        const now = await queries.fetchQuery(askAgent);
        if (now.draft) setTheirs(now.draft);
        else complain(refusal(error));
      } else setWrong(refusal(error));
    }
    return undefined;
  }

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    await save(stored?.revision ?? 0);
  }

  async function handlePublish() {
    const saved = isSaved && stored ? stored : await save(stored?.revision ?? 0);
    if (saved) setPublishing(true);
  }

  async function handleDiscard() {
    try {
      if (stored) await agentApi.discard(stored.revision);
      setStored(undefined);
      setSide(live);
      setWarnings([]);
      await renewAgent();
      toast(t("discarded"));
    } catch (error) {
      complain(refusal(error));
    }
  }

  function take(copy: WorkingCopy) {
    setSide(copy);
    setStored(copy);
    setTheirs(undefined);
  }

  return (
    <form className="grid gap-6" noValidate onSubmit={(event) => void handleSubmit(event)} data-editor>
      {theirs ? (
        <section className="rcard" role="alert">
          <h3>{t("conflict", { name: theirs.updated_by_name, at: dayClock(theirs.updated_at) })}</h3>
          <p className="mb-2 text-ink2">{t("conflictText")}</p>
          <Differences all={differences(theirs, side)} none={t("same")} />
          <p className="mt-3 flex flex-wrap gap-2">
            <button type="button" className="btn line" onClick={() => take(theirs)}>
              {t("takeTheirs")}
            </button>
            <button type="button" className="btn line" onClick={() => void save(theirs.revision)}>
              {t("keepMine")}
            </button>
          </p>
        </section>
      ) : null}
      <Words agent={agent} side={side} put={put} warnings={warnings} onRole={setTaking} />
      <Tools agent={agent} bundle={side.bundle} put={put} />
      <Guarded agent={agent} bundle={side.bundle} put={put} />
      <Model agent={agent} bundle={side.bundle} put={put} />
      <Examples bundle={side.bundle} put={put} />
      <Hear of={{ agent: side.agent, bundle: side.bundle }} />
      <div className="savebar">
        <p className="num min-w-0 flex-1 basis-52 text-small text-ink2" role="status">
          {isLive && !stored
            ? t("same")
            : isSaved && stored
              ? t("saved", { at: dayClock(stored.updated_at), name: stored.updated_by_name })
              : t("unsaved")}
        </p>
        {wrong ? (
          <p className="err basis-full" role="alert">
            {wrong}
          </p>
        ) : null}
        {stored || !isLive ? (
          <button type="button" className="btn" onClick={() => void handleDiscard()}>
            {t("discard")}
          </button>
        ) : null}
        <button type="submit" className="btn line" disabled={isSaved}>
          {t("save")}
        </button>
        <button type="button" className="btn go" disabled={isLive} onClick={() => void handlePublish()}>
          {t("publish")}
        </button>
      </div>
      {taking ? (
        <SwitchRole
          agent={agent}
          from={side}
          to={taking}
          onTake={(role) => {
            setSide({ agent: role.key, bundle: role.bundle });
            setTaking(undefined);
          }}
          onClose={() => setTaking(undefined)}
        />
      ) : null}
      {publishing && stored ? (
        <Publish
          agent={agent}
          copy={stored}
          onClose={() => setPublishing(false)}
          onDone={(version) => {
            setPublishing(false);
            setStored(undefined);
            setSide({ agent: version.agent, bundle: version.bundle });
            toast(t("published", { n: version.version }));
          }}
        />
      ) : null}
    </form>
  );
}

type Putting = { readonly put: (change: Partial<Bundle>) => void };

function Warned({ warnings, part }: { warnings: readonly Warning[]; part: string }) {
  const { t } = useTranslation("agent");
  const own = warnings.filter((warning) => warning.part === part);
  if (own.length === 0) return null;
  return (
    <ul className="warned" aria-label={t("warnings")}>
      {own.map((warning) => (
        <li key={warning.says}>
          <Icon of={TriangleAlert} size="s" />
          {warning.says}
        </li>
      ))}
    </ul>
  );
}

function Words(
  props: Putting & {
    agent: Agent;
    side: Side;
    warnings: readonly Warning[];
    onRole: (key: string) => void;
  },
) {
  const { t } = useTranslation("agent");
  const { agent, side, put, warnings } = props;
  const { bundle } = side;
  const manner = agent.manners.find((one) => one.key === bundle.manner);
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("role")} hint={t("roleHint")}>
          {(field) => (
            <select
              {...field}
              className="input"
              value={side.agent}
              onChange={(event) => props.onRole(event.target.value)}
            >
              {agent.roles.map((role) => (
                <option key={role.key} value={role.key}>
                  {role.name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t("manner")} hint={manner?.description ?? t("mannerHint")}>
          {(field) => (
            <select
              {...field}
              className="input"
              value={bundle.manner ?? ""}
              onChange={(event) => put({ manner: event.target.value || undefined })}
            >
              <option value="">{t("mannerNone")}</option>
              {agent.manners.map((one) => (
                <option key={one.key} value={one.key}>
                  {one.name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t("what")} hint={t("whatHint")}>
          {(field) => (
            <input
              {...field}
              className="input"
              dir="auto"
              maxLength={500}
              value={bundle.role}
              onChange={(event) => put({ role: event.target.value })}
            />
          )}
        </Field>
        <div>
          <Field label={t("personality")}>
            {(field) => (
              <input
                {...field}
                className="input"
                dir="auto"
                maxLength={500}
                value={bundle.personality}
                onChange={(event) => put({ personality: event.target.value })}
              />
            )}
          </Field>
          <Warned warnings={warnings} part="personality" />
        </div>
      </div>
      <div>
        <Field label={t("instructions")} hint={t("instructionsHint")}>
          {(field) => (
            <textarea
              {...field}
              className="input instructions"
              dir="auto"
              maxLength={20_000}
              rows={10}
              value={bundle.instructions}
              onChange={(event) => put({ instructions: event.target.value })}
            />
          )}
        </Field>
        <Warned warnings={warnings} part="instructions" />
      </div>
    </>
  );
}

function Tools({ agent, bundle, put }: Putting & { agent: Agent; bundle: Bundle }) {
  const { t } = useTranslation("agent");
  const label = (name: string) => t(`tool.${name as "hand_over"}`, { defaultValue: name });
  return (
    <section aria-label={t("tools")}>
      <h3>{t("tools")}</h3>
      <p className="hint">{t("toolsHint")}</p>
      <ul className="lines">
        {agent.tools.map((tool) => (
          <li key={tool.name}>
            <span className="min-w-0 flex-1">
              {label(tool.name)} <code className="text-meta text-ink3">{tool.name}</code>
              {tool.proposes ? <span className="tag2 ms-2">{t("proposes")}</span> : null}
            </span>
            <Switch
              label={label(tool.name)}
              checked={bundle.tools.includes(tool.name)}
              onChange={(on) =>
                put({
                  tools: agent.tools
                    .map((one) => one.name)
                    .filter((name) => (name === tool.name ? on : bundle.tools.includes(name))),
                })
              }
            />
          </li>
        ))}
        {agent.outside.map((tool) => (
          <li key={tool.name} data-outside={tool.name}>
            <span className="min-w-0 flex-1">
              <bdi>{tool.title ?? tool.name}</bdi> <code className="text-meta text-ink3">{tool.name}</code>
              {tool.proposes ? <span className="tag2 ms-2">{t("proposes")}</span> : null}
            </span>
            <span className="text-small text-ink3">{t("fromOutside")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Guarded({ agent, bundle, put }: Putting & { agent: Agent; bundle: Bundle }) {
  const { t } = useTranslation("agent");
  const { guards } = bundle;
  const set = (change: Partial<Bundle["guards"]>) => put({ guards: { ...guards, ...change } });
  return (
    <section aria-label={t("guards")}>
      <h3>{t("guards")}</h3>
      <p className="hint mb-3">{t("guardsHint")}</p>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("never")} hint={t("neverHint")}>
          {(field) => (
            <textarea
              {...field}
              className="input"
              dir="auto"
              rows={4}
              defaultValue={guards.never_say.join("\n")}
              onChange={(event) =>
                set({
                  never_say: event.target.value
                    .split("\n")
                    .map((line) => line.trim())
                    .filter((line) => line !== ""),
                })
              }
            />
          )}
        </Field>
        <fieldset className="min-w-0">
          <legend className="lab">{t("always")}</legend>
          <ul className="picks">
            {agent.intents.map((intent) => (
              <li key={intent.key}>
                <label>
                  <input
                    type="checkbox"
                    disabled={intent.sensitive}
                    checked={intent.sensitive || guards.always_person.includes(intent.key)}
                    onChange={(event) =>
                      set({
                        always_person: event.target.checked
                          ? [...guards.always_person, intent.key]
                          : guards.always_person.filter((key) => key !== intent.key),
                      })
                    }
                  />
                  <span dir="auto">{intent.label}</span>
                  {intent.sensitive ? <small className="text-ink3">{t("alwaysOwn")}</small> : null}
                </label>
              </li>
            ))}
          </ul>
        </fieldset>
      </div>
      <ul className="lines mt-3">
        <li>
          <span className="min-w-0 flex-1">{t("supported")}</span>
          <Switch
            label={t("supported")}
            checked={guards.only_supported}
            onChange={(only_supported) => set({ only_supported })}
          />
        </li>
      </ul>
    </section>
  );
}

const numberOf = (text: string): number | undefined =>
  text.trim() === "" ? undefined : Number(text.replace(",", "."));

function Model({ agent, bundle, put }: Putting & { agent: Agent; bundle: Bundle }) {
  const { t } = useTranslation("agent");
  const { model } = bundle;
  const set = (change: Partial<Bundle["model"]>) => put({ model: { ...model, ...change } });
  return (
    <section aria-label={t("model")}>
      <h3>{t("model")}</h3>
      <ul className="lines mb-3">
        <li>
          <span className="min-w-0 flex-1">{t("builtIn")}</span>
          <Switch label={t("builtIn")} checked={model.built_in} onChange={(built_in) => set({ built_in })} />
        </li>
      </ul>
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label={t("modelFirst")}>
          {(field) => (
            <select
              {...field}
              className="input"
              disabled={model.built_in}
              value={model.first ?? ""}
              onChange={(event) => set({ first: event.target.value || undefined })}
            >
              <option value="">{t("modelAny")}</option>
              {[...new Set([...agent.providers, ...(model.first ? [model.first] : [])])].map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t("temperature")} hint={t("temperatureHint")}>
          {(field) => (
            <input
              {...field}
              className="input num"
              inputMode="decimal"
              disabled={model.built_in}
              defaultValue={model.temperature ?? ""}
              onChange={(event) => set({ temperature: numberOf(event.target.value) })}
            />
          )}
        </Field>
        <Field label={t("tokens")} hint={t("tokensHint")}>
          {(field) => (
            <input
              {...field}
              className="input num"
              inputMode="numeric"
              disabled={model.built_in}
              defaultValue={model.answer_tokens ?? ""}
              onChange={(event) => set({ answer_tokens: numberOf(event.target.value) })}
            />
          )}
        </Field>
      </div>
    </section>
  );
}

function Examples({ bundle, put }: Putting & { bundle: Bundle }) {
  const { t } = useTranslation("agent");
  const { examples } = bundle;
  const set = (at: number, change: Partial<(typeof examples)[number]>) =>
    put({ examples: examples.map((one, n) => (n === at ? { ...one, ...change } : one)) });
  return (
    <section aria-label={t("examples")}>
      <h3>{t("examples")}</h3>
      <p className="hint">{examples.length === 0 ? t("examplesNone") : t("examplesHint")}</p>
      <ol className="shots">
        {examples.map((shot, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: examples have no identity beyond their place.
          <li key={at}>
            {(["asked", "answer"] as const).map((side) => (
              <Field key={side} label={t(side)}>
                {(field) => (
                  <textarea
                    {...field}
                    className="input"
                    dir="auto"
                    rows={2}
                    maxLength={4_000}
                    value={shot[side]}
                    onChange={(event) => set(at, { [side]: event.target.value })}
                  />
                )}
              </Field>
            ))}
            <button
              type="button"
              className="btn line"
              aria-label={t("removeExample", { n: at + 1 })}
              onClick={() => put({ examples: examples.filter((_, n) => n !== at) })}
            >
              <Icon of={Trash2} size="s" />
            </button>
          </li>
        ))}
      </ol>
      <button
        type="button"
        className="btn line mt-2"
        onClick={() => put({ examples: [...examples, { asked: "", answer: "" }] })}
      >
        <Icon of={Plus} size="s" />
        {t("addExample")}
      </button>
    </section>
  );
}
