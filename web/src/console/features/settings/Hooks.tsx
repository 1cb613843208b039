/** Hooks: what other systems tell, where it stands in their calls, and what our own calls are signed with. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { ChevronDown, Plus, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import "../rules/rules.css";
import "./hooks-texts";
import { call, queries } from "../../api";
import { dayClock } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Icon, IconButton, Switch } from "../../parts/basics";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";
import type { Page } from "../../types";
import { keyOf } from "../rules/model";

type Mapped = { readonly name: string; readonly at: string; readonly kind?: "text" | "number" | "flag" };
type Mapping = {
  readonly conversation?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly values?: readonly Mapped[];
  readonly fields?: Readonly<Record<string, string>>;
};
type Hook = {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly mapping: Mapping;
  readonly secret?: string;
};
type Delivery = {
  readonly delivery: string;
  readonly received_at: string;
  readonly outcome: { readonly conversation?: string; readonly seq?: number; readonly ignored?: string };
};

const KINDS = ["text", "number", "flag"] as const;
const WHO = ["email", "phone", "conversation"] as const;

const listed = queryOptions({
  queryKey: ["hooks"],
  queryFn: async () => (await call<Page<Hook>>("GET", "/v1/hooks")).items,
});
const calls = (id: string) =>
  queryOptions({
    queryKey: ["hooks", id],
    queryFn: async () => (await call<Page<Delivery>>("GET", `/v1/hooks/${id}/deliveries`)).items,
    staleTime: 0,
  });
const renew = () => queries.invalidateQueries({ queryKey: ["hooks"] });
const addressOf = (hook: Hook) => `${window.location.origin}/v1/hooks/${hook.id}/events`;

export function Hooks() {
  const { t } = useTranslation("hooks");
  const { data, error } = useQuery(listed);
  const [adding, setAdding] = useState(false);
  const [secrets, setSecrets] = useState<Readonly<Record<string, string>>>({});
  const keep = (hook: Hook) => hook.secret && setSecrets({ ...secrets, [hook.id]: hook.secret });

  async function act(what: () => Promise<Hook | undefined>, says?: string) {
    try {
      const hook = await what();
      if (hook) keep(hook);
      await renew();
      if (says) toast(says);
      return true;
    } catch (problem) {
      complain(refusal(problem));
      return false;
    }
  }

  return (
    <div className="rui grid gap-6">
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-1 text-ink2">{t("text")}</p>
        <button type="button" className="btn line" onClick={() => setAdding(true)}>
          <Icon of={Plus} size="s" />
          {t("add")}
        </button>
      </div>
      {error ? <p className="err">{refusal(error)}</p> : null}
      {adding ? (
        <HookForm
          onCancel={() => setAdding(false)}
          onSave={async (name, mapping) => {
            const made = await act(() =>
              call<Hook>("POST", "/v1/hooks", { key: keyOf(name), name, mapping }),
            );
            if (made) setAdding(false);
          }}
        />
      ) : null}
      {data?.length === 0 && !adding ? <p className="text-ink3">{t("none")}</p> : null}
      <ul className="grid gap-4">
        {data?.map((hook) => (
          <li key={hook.id} className="rcard">
            <div className="flex items-start gap-3">
              <div className="min-w-0 flex-1">
                <h3 className="font-[600]" dir="auto">
                  {hook.name}
                </h3>
                <p className="text-small text-ink3">{t("known", { key: hook.key })}</p>
              </div>
              <Switch
                label={hook.name}
                checked={hook.enabled}
                onChange={(enabled) =>
                  void act(() => call<Hook>("PATCH", `/v1/hooks/${hook.id}`, { enabled }))
                }
              />
              <IconButton
                says={t("delete", { name: hook.name })}
                icon={Trash2}
                onClick={() => {
                  if (window.confirm(t("confirmDelete", { name: hook.name })))
                    void act(() => call<undefined>("DELETE", `/v1/hooks/${hook.id}`));
                }}
              />
            </div>
            <p className="lab mt-3">{t("address")}</p>
            <code className="block break-all text-small" dir="ltr">
              {addressOf(hook)}
            </code>
            <p className="lab mt-3">{t("secret")}</p>
            {secrets[hook.id] ? (
              <>
                <code className="block break-all text-small" dir="ltr" data-testid="hook-secret">
                  {secrets[hook.id]}
                </code>
                <p className="hint">{t("secretOnce")}</p>
              </>
            ) : (
              <button
                type="button"
                className="mini"
                onClick={() => {
                  if (window.confirm(t("confirmRenew")))
                    void act(() => call<Hook>("POST", `/v1/hooks/${hook.id}/secret`), t("renewed"));
                }}
              >
                {t("renew")}
              </button>
            )}
            <Said mapping={hook.mapping} />
            <Calls hook={hook} />
          </li>
        ))}
      </ul>
      <Outgoing />
    </div>
  );
}

/** What a hook takes out of a call, in a line each. */
function Said({ mapping }: { mapping: Mapping }) {
  const { t } = useTranslation("hooks");
  const rows = [
    ...WHO.flatMap((who) => (mapping[who] ? [[t(`who.${who}`), mapping[who]]] : [])),
    ...(mapping.values ?? []).map((value) => [`hook.${value.name}`, value.at]),
    ...Object.entries(mapping.fields ?? {}).map(([field, at]) => [t("fieldOf", { field }), at]),
  ];
  return (
    <dl className="mt-3 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-small">
      {rows.map(([what, at]) => (
        <div key={what} className="contents">
          <dt className="text-ink2">{what}</dt>
          <dd className="truncate font-mono" dir="ltr">
            {at}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Calls({ hook }: { hook: Hook }) {
  const { t } = useTranslation("hooks");
  const [open, setOpen] = useState(false);
  const { data } = useQuery({ ...calls(hook.id), enabled: open });
  return (
    <details className="mt-3" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="mini inline-flex cursor-pointer items-center gap-1">
        {t("calls")}
        <Icon of={ChevronDown} size="xs" />
      </summary>
      {data?.length === 0 ? <p className="mt-2 text-ink3">{t("noCalls")}</p> : null}
      <ul className="mt-2 grid gap-1">
        {data?.map((one) => (
          <li key={one.delivery} className="flex flex-wrap gap-x-3 text-small">
            <span className="num text-ink3">{dayClock(one.received_at)}</span>
            {one.outcome.conversation ? (
              <a className="underline" href={`/app/inbox/${one.outcome.conversation}?seq=${one.outcome.seq}`}>
                {t("became")}
              </a>
            ) : (
              <span dir="auto">{one.outcome.ignored}</span>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

function HookForm(props: {
  onSave: (name: string, mapping: Mapping) => Promise<void>;
  onCancel: () => void;
}) {
  const { t } = useTranslation("hooks");
  const [name, setName] = useState("");
  const [who, setWho] = useState<(typeof WHO)[number]>("email");
  const [place, setPlace] = useState("/customer/email");
  const [values, setValues] = useState<readonly Mapped[]>([]);
  const put = (at: number, next: Partial<Mapped>) =>
    setValues(values.map((one, n) => (n === at ? { ...one, ...next } : one)));
  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    await props.onSave(name.trim(), { [who]: place, values });
  }
  return (
    <form className="rcard grid gap-4" onSubmit={(event) => void handleSubmit(event)}>
      <Field label={t("name")} hint={t("nameHint")}>
        {(field) => (
          <input
            {...field}
            className="input"
            required
            dir="auto"
            maxLength={120}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={t("whose")}>
          {(field) => (
            <select
              {...field}
              className="input"
              value={who}
              onChange={(event) => setWho(event.target.value as (typeof WHO)[number])}
            >
              {WHO.map((one) => (
                <option key={one} value={one}>
                  {t(`who.${one}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t("place")} hint={t("placeHint")}>
          {(field) => (
            <input
              {...field}
              className="input font-mono"
              dir="ltr"
              required
              value={place}
              onChange={(event) => setPlace(event.target.value)}
            />
          )}
        </Field>
      </div>
      <fieldset className="grid gap-2">
        <legend className="lab">{t("values")}</legend>
        {values.map((value, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a value has no name of its own while it is typed.
          <div key={at} className="grid grid-cols-[1fr_1.4fr_auto_auto] gap-2 max-sm:grid-cols-2">
            <input
              className="input"
              aria-label={t("valueName", { n: at + 1 })}
              placeholder="total"
              dir="ltr"
              value={value.name}
              onChange={(event) => put(at, { name: event.target.value })}
            />
            <input
              className="input font-mono"
              aria-label={t("valueAt", { n: at + 1 })}
              placeholder="/order/total"
              dir="ltr"
              value={value.at}
              onChange={(event) => put(at, { at: event.target.value })}
            />
            <select
              className="input"
              aria-label={t("valueKind", { n: at + 1 })}
              value={value.kind ?? "text"}
              onChange={(event) => put(at, { kind: event.target.value as (typeof KINDS)[number] })}
            >
              {KINDS.map((kind) => (
                <option key={kind} value={kind}>
                  {t(`kind.${kind}`)}
                </option>
              ))}
            </select>
            <IconButton
              says={t("valueNot", { n: at + 1 })}
              icon={Trash2}
              onClick={() => setValues(values.filter((_, n) => n !== at))}
            />
          </div>
        ))}
        <button
          type="button"
          className="mini justify-self-start"
          onClick={() => setValues([...values, { name: "", at: "/", kind: "text" }])}
        >
          <Icon of={Plus} size="xs" />
          {t("addValue")}
        </button>
      </fieldset>
      <div className="flex gap-2">
        <button type="submit" className="btn go plain" disabled={name.trim() === ""}>
          {t("make")}
        </button>
        <button type="button" className="btn line" onClick={props.onCancel}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

/** What the calls of our rules are signed with. */
function Outgoing() {
  const { t } = useTranslation("hooks");
  const [secret, setSecret] = useState<string>();
  return (
    <section className="rcard" aria-label={t("outgoing")}>
      <h2>{t("outgoing")}</h2>
      <p className="mb-3 text-ink2">{t("outgoingText")}</p>
      {secret ? (
        <code className="block break-all text-small" dir="ltr">
          {secret}
        </code>
      ) : (
        <button
          type="button"
          className="mini"
          onClick={() =>
            void call<{ secret: string }>("GET", "/v1/hooks/outgoing").then(
              (found) => setSecret(found.secret),
              (problem: unknown) => complain(refusal(problem)),
            )
          }
        >
          {t("show")}
        </button>
      )}
    </section>
  );
}
