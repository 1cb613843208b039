import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, call, queries } from "../../api";
import "../../i18n/models";
import { refusal } from "../../lib/refusal";
import { Switch } from "../../parts/basics";
import { CardForm } from "../../parts/CardForm";
import { Field } from "../../parts/Field";
import { complain } from "../../parts/toast";
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
  const place = (name: string) => `/v1/models/own/${encodeURIComponent(name)}`;

  async function handleSave(text: (name: string) => string, checked: (name: string) => boolean) {
    const key = text("key");
    const price = (name: string) => Number(text(name).replace(",", ".")) || 0;
    await call("PUT", place(one?.name ?? text("name")), {
      address: text("address"),
      model: text("model"),
      tools: checked("tools"),
      input_price: price("input"),
      output_price: price("output"),
      ...(key === "" && one?.has_key ? {} : { key }),
    });
    await renew();
  }

  async function handleRemove() {
    if (!one) return;
    await call("DELETE", place(one.name));
    await renew();
  }

  return (
    <CardForm
      className="mt-3"
      save={{ label: tell("app.save"), done: t("ownSaved") }}
      cancel={t("ownCancel")}
      remove={one && { label: t("ownDelete"), done: t("ownDeleted") }}
      onSave={handleSave}
      onRemove={handleRemove}
      onClose={onClose}
    >
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
    </CardForm>
  );
}
