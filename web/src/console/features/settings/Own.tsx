import { queryOptions, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, call, queries } from "../../api";
import "../../i18n/models";
import { refusal } from "../../lib/refusal";
import { Switch } from "../../parts/basics";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";
import type { ModelSettings } from "../../types";
import { Line } from "./Line";

type Own = {
  readonly name: string;
  readonly address: string;
  readonly model: string;
  readonly has_key: boolean;
  readonly tools: boolean;
  readonly input_price: number;
  readonly output_price: number;
};

const askOwn = queryOptions({
  queryKey: ["models", "own"],
  queryFn: () => call<{ items: readonly Own[]; keeps_keys: boolean }>("GET", "/v1/models/own"),
  staleTime: 0,
});

const renew = () => queries.invalidateQueries({ queryKey: ask.models.queryKey });

/** Providers that the business brings itself. A key goes in and never comes out. */
export function OwnProviders({ settings }: { settings: ModelSettings }) {
  const { t } = useTranslation("models");
  const { data, error } = useQuery(askOwn);
  const [open, setOpen] = useState<Own | "new">();
  if (error) return <p className="err">{refusal(error)}</p>;
  if (!data) return null;

  async function handleHub(hub_too: boolean) {
    try {
      await api.changeModels({ ...settings, hub_too });
      await renew();
    } catch (problem) {
      complain(refusal(problem));
    }
  }

  return (
    <section className="mt-7" aria-label={t("own")} data-own={data.items.length}>
      <div className="mb-2 flex flex-wrap items-center gap-3">
        <h3 className="min-w-0 flex-1 font-[600]">{t("own")}</h3>
        {open === undefined ? (
          <button type="button" className="btn line" onClick={() => setOpen("new")}>
            {t("ownAdd")}
          </button>
        ) : null}
      </div>
      <p className="mb-2 max-w-[62ch] text-ink2">{t("ownText")}</p>
      {data.keeps_keys ? null : <p className="mb-2 max-w-[62ch] text-small text-ink3">{t("ownNoKeys")}</p>}
      {data.items.length > 0 ? (
        <Line label={t("hubToo")} hint={t("hubTooHint")}>
          <Switch
            label={t("hubToo")}
            checked={settings.hub_too !== false}
            onChange={(on) => void handleHub(on)}
          />
        </Line>
      ) : null}
      <ul>
        {data.items.map((one) => (
          <li
            key={one.name}
            className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line py-3"
            data-own-provider={one.name}
          >
            <p className="min-w-[180px] flex-1">
              <b className="font-[560]">
                <bdi>{one.name}</bdi>
              </b>
              <small className="block break-all text-ink3">
                <bdi>{one.model}</bdi>, <bdi>{one.address}</bdi>
              </small>
            </p>
            <span className="text-small text-ink2">{t(one.has_key ? "hasKey" : "hasNoKey")}</span>
            <button type="button" className="btn line" onClick={() => setOpen(one)}>
              {t("ownChange")}
              <span className="sr-only">: {one.name}</span>
            </button>
          </li>
        ))}
      </ul>
      {open === undefined ? null : (
        <Form
          key={open === "new" ? "" : open.name}
          one={open === "new" ? undefined : open}
          onClose={() => setOpen(undefined)}
        />
      )}
    </section>
  );
}

function Form({ one, onClose }: { one: Own | undefined; onClose: () => void }) {
  const { t } = useTranslation("models");
  const { t: tell } = useTranslation();
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function act(work: () => Promise<unknown>, says: string) {
    setBusy(true);
    setWrong(undefined);
    try {
      await work();
      await renew();
      toast(says);
      onClose();
    } catch (error) {
      setWrong(refusal(error));
      setBusy(false);
    }
  }

  function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    const key = text("key");
    const price = (name: string) => Number(text(name).replace(",", ".")) || 0;
    void act(
      () =>
        call("PUT", `/v1/models/own/${encodeURIComponent(one?.name ?? text("name"))}`, {
          address: text("address"),
          model: text("model"),
          tools: form.get("tools") !== null,
          input_price: price("input"),
          output_price: price("output"),
          ...(key === "" && one?.has_key ? {} : { key }),
        }),
      t("ownSaved"),
    );
  }

  return (
    <form className="rcard mt-3 grid gap-4" noValidate onSubmit={handleSubmit}>
      <div className="grid gap-4 sm:grid-cols-2">
        {one === undefined ? (
          <Field label={t("ownName")} hint={t("ownNameHint")}>
            {(field) => <input {...field} name="name" className="input" dir="ltr" maxLength={40} required />}
          </Field>
        ) : null}
        <Field label={t("ownAddress")} hint={t("ownAddressHint")}>
          {(field) => (
            <input
              {...field}
              name="address"
              className="input font-mono"
              dir="ltr"
              type="url"
              placeholder="https://api.openai.com/v1"
              defaultValue={one?.address}
              required
            />
          )}
        </Field>
        <Field label={t("ownModel")}>
          {(field) => (
            <input
              {...field}
              name="model"
              className="input font-mono"
              dir="ltr"
              defaultValue={one?.model}
              required
            />
          )}
        </Field>
        <Field label={t("ownKey")} hint={t(one?.has_key ? "ownKeyKept" : "ownKeyHint")}>
          {(field) => (
            <input
              {...field}
              name="key"
              className="input font-mono"
              dir="ltr"
              type="password"
              autoComplete="off"
            />
          )}
        </Field>
        <Field label={t("priceIn")} hint={t("priceHint")}>
          {(field) => (
            <input
              {...field}
              name="input"
              className="input num"
              inputMode="decimal"
              defaultValue={one?.input_price ?? 0}
            />
          )}
        </Field>
        <Field label={t("priceOut")} hint={t("priceHint")}>
          {(field) => (
            <input
              {...field}
              name="output"
              className="input num"
              inputMode="decimal"
              defaultValue={one?.output_price ?? 0}
            />
          )}
        </Field>
      </div>
      <label className="flex items-center gap-2">
        <input type="checkbox" name="tools" defaultChecked={one?.tools ?? true} />
        {t("ownTools")}
      </label>
      {wrong ? (
        <p className="err" role="alert">
          {wrong}
        </p>
      ) : null}
      <p className="flex flex-wrap gap-2">
        <button type="submit" className="btn go" disabled={busy}>
          {tell("app.save")}
        </button>
        <button type="button" className="btn" onClick={onClose}>
          {t("ownCancel")}
        </button>
        {one === undefined ? null : (
          <button
            type="button"
            className="btn line ms-auto"
            disabled={busy}
            onClick={() =>
              void act(
                () => call("DELETE", `/v1/models/own/${encodeURIComponent(one.name)}`),
                t("ownDeleted"),
              )
            }
          >
            {t("ownDelete")}
          </button>
        )}
      </p>
    </form>
  );
}
