import { queryOptions, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { call, queries } from "../../api";
import "../../i18n/autopilot";
import { number } from "../../lib/amounts";
import { locale } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { useMay } from "../../parts/data";
import { complain, toast } from "../../parts/toast";
import "./autopilot.css";
import { type Asked, type Autopilot as AutopilotView, type Intent, missing, percent } from "./model";
import { Reliability } from "./Reliability";

const asks = queryOptions({
  queryKey: ["autopilot"],
  queryFn: () => call<AutopilotView>("GET", "/v1/autopilot"),
  staleTime: 0,
});

const renew = () => queries.invalidateQueries({ queryKey: asks.queryKey });

const day = (at: string): string =>
  new Intl.DateTimeFormat(locale(), {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  }).format(new Date(at));

/** What each kind of reply has earned, and which of them go out by themselves. */
export function Autopilot() {
  const { t } = useTranslation("autopilot");
  const manager = useMay("manager");
  const { data, error } = useQuery({ ...asks, enabled: manager });
  if (!manager) return <p className="text-ink3">{t("managers")}</p>;
  if (error) return <p className="err">{refusal(error)}</p>;
  if (!data) return null;
  return (
    <div className="autopilot" data-autopilot>
      <p className="max-w-[62ch] text-ink2">{t("text")}</p>
      <section aria-label={t("intents")}>
        <h3>{t("intents")}</h3>
        <ul>
          {data.intents.map((intent) => (
            <Row key={intent.key} intent={intent} asked={data.settings} />
          ))}
        </ul>
      </section>
      <Wanted key={JSON.stringify(data.settings)} asked={data.settings} />
      <Reliability bins={data.reliability} />
      {data.events.length > 0 ? <Events view={data} /> : null}
    </div>
  );
}

function Row({ intent, asked }: { intent: Intent; asked: Asked }) {
  const { t } = useTranslation("autopilot");
  const [busy, setBusy] = useState(false);
  const { evidence, grant, offer, sensitive_because: because } = intent;
  const isOn = grant?.enabled === true;

  async function turn(on: boolean) {
    setBusy(true);
    try {
      await call("PUT", `/v1/autopilot/intents/${encodeURIComponent(intent.key)}`, { on });
      await renew();
      toast(t(on ? "turnedOn" : "turnedOff"));
    } catch (error) {
      complain(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <li data-intent={intent.key}>
      <div className="head">
        <b dir="auto">{intent.label}</b>
        {evidence.eligible === 0 && !because && !isOn ? <span className="none">{t("none")}</span> : null}
        {isOn ? <span className="state on">{t("on")}</span> : null}
        {offer && !isOn ? <span className="state">{t("offered")}</span> : null}
        {isOn ? (
          <button type="button" className="btn line" disabled={busy} onClick={() => void turn(false)}>
            {t("turnOff")}
            <span className="sr-only">: {intent.label}</span>
          </button>
        ) : offer ? (
          <button type="button" className="btn go" disabled={busy} onClick={() => void turn(true)}>
            {t("turnOn")}
            <span className="sr-only">: {intent.label}</span>
          </button>
        ) : null}
      </div>
      {because ? <p dir="auto">{t("sensitive", { because })}</p> : <Proof intent={intent} asked={asked} />}
      {grant && isOn ? (
        <p className="num">
          {t("sent", { count: grant.sent, at: day(grant.granted_at), name: grant.granted_by_name })}
        </p>
      ) : null}
      {grant?.ended_at && !isOn ? (
        <p className="num" dir="auto">
          {t("ended", { at: day(grant.ended_at), because: grant.ended_because ?? "" })}
        </p>
      ) : null}
      {evidence.decided > 0 ? <Marks intent={intent} /> : null}
    </li>
  );
}

/** What the decisions prove, beside what is asked for. */
function Proof({ intent, asked }: { intent: Intent; asked: Asked }) {
  const { t } = useTranslation("autopilot");
  const { evidence, offer } = intent;
  if (evidence.eligible === 0) return null;
  const [lower, bar] = [percent(offer?.lower ?? evidence.lower), percent(asked.bar)];
  const more = offer ? undefined : missing(evidence, asked);
  const name = offer && (offer.engine === "built-in" ? t("engine.built-in") : offer.engine);
  return (
    <>
      <div
        className="proof"
        role="img"
        aria-label={t("bound", { lower, bar })}
        title={t("bound", { lower, bar })}
        style={
          { "--lower": `${lower}%`, "--share": `${percent(evidence.share)}%`, "--bar": `${bar}%` } as object
        }
      >
        <i />
        <b />
        <u />
      </div>
      <p className="num">
        {offer
          ? t("earned", {
              good: number(offer.good),
              decided: number(offer.decided),
              lower,
              engine: name ?? "",
            })
          : t("notYet", { good: number(evidence.good), of: number(evidence.eligible), lower })}
        {offer && offer.threshold > 0
          ? ` ${t("sure", { threshold: percent(offer.threshold), covers: percent(offer.covers) })}`
          : ""}
        {more === undefined || more > 200 ? "" : ` · ${t("needs", { count: more })}`}
      </p>
    </>
  );
}

function Marks({ intent: { evidence } }: { intent: Intent }) {
  const { t } = useTranslation("autopilot");
  const kinds = ["edited", "rejected", "replaced", "reopened", "complained"] as const;
  const told: string[] = kinds
    .filter((kind) => evidence[kind] > 0)
    .map((kind) => t(kind, { n: number(evidence[kind]) }));
  if (evidence.edit_distance >= 0.005)
    told.push(t("changed", { n: Math.round(evidence.edit_distance * 100) }));
  return told.length > 0 ? <p className="marks num">{told.join(" · ")}</p> : null;
}

function Wanted({ asked }: { asked: Asked }) {
  const { t } = useTranslation("autopilot");
  const { t: tell } = useTranslation();
  const [wrong, setWrong] = useState(false);

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [bar, least, sample] = ["bar", "least", "sample"].map((name) => Number(form.get(name)));
    const isRight =
      between(bar, 50, 99) && between(least, 5, 1000) && between(sample, 2, 100) && Number.isInteger(least);
    setWrong(!isRight);
    if (!isRight || bar === undefined || sample === undefined) return;
    try {
      await call("PUT", "/v1/autopilot", { bar: bar / 100, least, sample: sample / 100 });
      await renew();
      toast(tell("app.saved"));
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <section aria-label={t("asks")}>
      <h3>{t("asks")}</h3>
      <form noValidate onSubmit={(event) => void handleSubmit(event)}>
        <Ask name="bar" label={t("bar")} hint={t("barHint")} value={percent(asked.bar)} unit="%" />
        <Ask name="least" label={t("least")} value={asked.least} />
        <Ask
          name="sample"
          label={t("sample")}
          hint={t("sampleHint")}
          value={percent(asked.sample)}
          unit="%"
        />
        <p className="flex items-center gap-4 pt-3">
          <button type="submit" className="btn line">
            {tell("app.save")}
          </button>
          {wrong ? (
            <span className="err" role="alert">
              {t("wrong")}
            </span>
          ) : null}
        </p>
      </form>
    </section>
  );
}

const between = (value: number | undefined, from: number, to: number): boolean =>
  value !== undefined && value >= from && value <= to;

function Ask(props: { name: string; label: string; hint?: string; value: number; unit?: string }) {
  return (
    <label className="ask">
      <span>
        <b>{props.label}</b>
        {props.hint ? <small>{props.hint}</small> : null}
      </span>
      <span className="flex items-center gap-1.5">
        <input name={props.name} className="input num w-20" inputMode="numeric" defaultValue={props.value} />
        <span className="w-4 text-ink3">{props.unit}</span>
      </span>
    </label>
  );
}

function Events({ view }: { view: AutopilotView }) {
  const { t } = useTranslation("autopilot");
  const label = (key: string) => view.intents.find((intent) => intent.key === key)?.label ?? key;
  return (
    <section aria-label={t("events")}>
      <h3>{t("events")}</h3>
      <ol className="events">
        {view.events.map((event) => (
          <li key={`${event.at}${event.intent}${event.what}`}>
            <time className="num" dateTime={event.at}>
              {day(event.at)}
            </time>
            <span dir="auto">
              {t(`event.${event.what}`, { name: event.by_name, intent: label(event.intent) })}
              {event.what === "turned_off" ? null : <small>{event.says}</small>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
