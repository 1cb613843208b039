import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import "../../i18n/models";
import { money, number } from "../../lib/amounts";
import { refusal } from "../../lib/refusal";
import { Switch } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { complain, toast } from "../../parts/toast";
import type { ModelSettings, Models as ModelsView, ModelTest, ModelTotals } from "../../types";
import { Line } from "./Line";
import { OwnProviders } from "./Own";

const EXAMPLE = `[models.local]
address = "http://localhost:11434/v1"
model = "qwen3:8b"`;

const renew = () => queries.invalidateQueries({ queryKey: ask.models.queryKey });

/** The models that draft here: how they stand, how much they may, what they cost. */
export function Models() {
  const { t } = useTranslation("models");
  const manager = useMay("manager");
  const { data, error } = useQuery({ ...ask.models, enabled: manager });
  if (!manager) return <p className="text-ink3">{t("managers")}</p>;
  if (error) return <p className="err">{refusal(error)}</p>;
  if (!data) return null;
  return (
    <div data-models={data.ready}>
      <p className="mb-4 max-w-[62ch] text-ink2">{t("text")}</p>
      {data.providers.length === 0 ? <NotSetUp /> : null}
      {data.providers.length > 0 && !data.ready ? <p className="mb-4 text-brick">{t("off")}</p> : null}
      {data.providers.length > 0 ? (
        <>
          <Limits models={data} />
          <Providers models={data} />
        </>
      ) : null}
      <OwnProviders settings={data.settings} />
      {data.providers.length > 0 ? <Used models={data} /> : null}
    </div>
  );
}

function NotSetUp() {
  const { t } = useTranslation("models");
  return (
    <div className="border-t border-line py-5">
      <p className="font-[560]">{t("none")}</p>
      <p className="mt-1 mb-3 max-w-[62ch] text-ink2">{t("noneText")}</p>
      <pre className="code" dir="ltr">
        {EXAMPLE}
      </pre>
    </div>
  );
}

function Limits({ models }: { models: ModelsView }) {
  const { t } = useTranslation("models");
  const { t: tell } = useTranslation();
  const [wrong, setWrong] = useState(false);
  const { settings, hub_tokens_per_day: hub, left_today: left } = models;

  async function save(change: ModelSettings) {
    try {
      await api.changeModels(change);
      await renew();
      toast(tell("app.saved"));
    } catch (error) {
      complain(refusal(error));
    }
  }

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get("tokens") ?? "").replace(/[\s,.’']/g, "");
    const isRight = /^\d{0,15}$/.test(text);
    setWrong(!isRight);
    if (isRight)
      await save({
        enabled: settings.enabled,
        ...(settings.hub_too === undefined ? {} : { hub_too: settings.hub_too }),
        ...(text ? { tokens_per_day: Number(text) } : {}),
      });
  }

  return (
    <>
      <Line label={t("enabled")} hint={t("enabledHint")}>
        <Switch
          label={t("enabled")}
          checked={settings.enabled}
          onChange={(enabled) => void save({ ...settings, enabled })}
        />
      </Line>
      <Line label={t("limit")} hint={hub > 0 ? t("limitHint", { n: number(hub) }) : t("limitNone")}>
        <form className="grid justify-items-end gap-1" onSubmit={(event) => void handleSubmit(event)}>
          <span className="flex gap-2">
            <input
              name="tokens"
              className="input num w-36"
              inputMode="numeric"
              aria-label={t("limit")}
              aria-invalid={wrong}
              aria-describedby="limit-state"
              defaultValue={settings.tokens_per_day === undefined ? "" : number(settings.tokens_per_day)}
            />
            <button type="submit" className="btn line">
              {tell("app.save")}
            </button>
          </span>
          <small
            id="limit-state"
            className={wrong ? "err" : "num text-ink3"}
            role={wrong ? "alert" : undefined}
          >
            {wrong ? t("limitWrong") : left === undefined ? "" : t("left", { n: number(left) })}
          </small>
        </form>
      </Line>
    </>
  );
}

function Providers({ models }: { models: ModelsView }) {
  const { t } = useTranslation("models");
  return (
    <section className="mt-7" aria-label={t("providers")}>
      <h3 className="mb-2 font-[600]">{t("providers")}</h3>
      <ol>
        {models.providers.map((one) => (
          <Provider key={one.name} one={one} />
        ))}
      </ol>
    </section>
  );
}

function Provider({ one }: { one: ModelsView["providers"][number] }) {
  const { t } = useTranslation("models");
  const [told, setTold] = useState<ModelTest>();
  const [busy, setBusy] = useState(false);

  async function handleTest() {
    setBusy(true);
    setTold(undefined);
    try {
      setTold(await api.testModel(one.name));
      await renew();
    } catch (error) {
      complain(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  const tone = one.standing === "ready" ? "text-green" : "text-brick";
  return (
    <li className="border-t border-line py-3" data-provider={one.name}>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <p className="min-w-[180px] flex-1">
          <b className="font-[560]">
            <bdi>{one.model}</bdi>
          </b>
          <small className="block text-ink3">
            <bdi>{one.name}</bdi>, <bdi>{one.host}</bdi>
            {one.own ? ` · ${t("ofOwn")}` : ""}
          </small>
        </p>
        <span className={`num text-small ${tone}`}>
          {t(`standing.${one.standing}`, { n: number(one.rests_seconds ?? 0) })}
        </span>
        <button type="button" className="btn line" disabled={busy} onClick={() => void handleTest()}>
          {busy ? t("testing") : t("test")}
          <span className="sr-only">: {one.name}</span>
        </button>
      </div>
      {one.last_failure ? (
        <p className="mt-1 text-small text-ink2">
          {t("failures", { count: one.failures })}: <bdi>{one.last_failure}</bdi>
        </p>
      ) : null}
      <p className="mt-1 text-small empty:hidden" role="status" dir="auto">
        {told === undefined
          ? null
          : told.works
            ? t("works", { says: told.says, first: number(told.first_ms ?? told.ms) })
            : t("fails", { says: told.says })}
      </p>
    </li>
  );
}

function Used({ models }: { models: ModelsView }) {
  const { t } = useTranslation("models");
  const { used, currency } = models;
  return (
    <section className="mt-7" aria-label={t("used")}>
      <h3 className="mb-2 font-[600]">{t("used")}</h3>
      <Table
        head={t("period")}
        currency={currency}
        rows={[
          [t("today"), used.today],
          [t("month"), used.month],
        ]}
      />
      {used.by_intent.length > 0 ? (
        <>
          <h3 className="mt-7 mb-2 font-[600]">{t("byIntent")}</h3>
          <Table
            head={t("intent")}
            currency={currency}
            rows={used.by_intent.map((one) => [one.intent?.replaceAll("_", " ") ?? t("noIntent"), one])}
          />
        </>
      ) : null}
    </section>
  );
}

function Table(props: { head: string; currency: string; rows: readonly (readonly [string, ModelTotals])[] }) {
  const { t } = useTranslation("models");
  const cell = "num py-2 ps-4 text-end";
  return (
    <div className="overflow-x-auto">
      <table className="w-full border-t border-line text-small">
        <thead className="text-ink3">
          <tr>
            <th className="py-2 text-start font-[500]">{props.head}</th>
            {[t("answers"), t("tokens"), t("cost")].map((label) => (
              <th key={label} className="py-2 ps-4 text-end font-[500]">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map(([label, totals]) => (
            <tr key={label} className="border-t border-line">
              <th scope="row" className="py-2 text-start font-[500]" dir="auto">
                {label}
              </th>
              <td className={cell}>{t("of", { n: number(totals.answered), of: number(totals.calls) })}</td>
              <td className={cell}>{number(totals.prompt_tokens + totals.answer_tokens)}</td>
              <td className={cell}>{money(totals.cost / 1e6, props.currency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
