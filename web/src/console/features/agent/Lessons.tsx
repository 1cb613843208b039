import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { call, queries } from "../../api";
import { dayClock } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";
import { Words } from "./Differences";
import { renewAgent, type Shot } from "./model";

type Kind = "example" | "case" | "knowledge";

type Offered = {
  readonly draft: string;
  readonly conversation: string;
  readonly intent?: string;
  readonly asked: string;
  readonly text: string;
  readonly better?: string;
  readonly reason?: string;
  readonly note?: string;
  readonly by_name: string;
  readonly at: string;
  readonly example?: Shot;
  readonly case?: {
    readonly says?: readonly string[];
    readonly never?: readonly string[];
    readonly unlike?: string;
  };
  readonly knowledge?: { readonly title: string; readonly from: string; readonly to: string };
  readonly open: readonly Kind[];
};

type Learned = {
  readonly draft: string;
  readonly kind: Kind;
  readonly intent?: string;
  readonly says: string;
  readonly by_name: string;
  readonly at: string;
  readonly works_since?: string;
  readonly effect?: {
    readonly good_before: number;
    readonly decided_before: number;
    readonly good_since: number;
    readonly decided_since: number;
  };
};

const askLessons = queryOptions({
  queryKey: ["agent", "lessons"],
  queryFn: () =>
    call<{ offered: readonly Offered[]; learned: readonly Learned[] }>("GET", "/v1/agent/lessons"),
  staleTime: 0,
});

/** What the team's corrections could teach, and what was learned from them. */
export function Lessons() {
  const { t } = useTranslation("agent");
  const { data, error } = useQuery(askLessons);
  if (error) return <p className="err">{refusal(error)}</p>;
  if (!data) return null;
  return (
    <div className="grid gap-7" data-lessons={data.offered.length}>
      <section aria-label={t("offered")}>
        <h3>{t("offered")}</h3>
        <p className="hint">{data.offered.length === 0 ? t("offeredNone") : t("offeredText")}</p>
        <ol className="versions mt-2">
          {data.offered.map((one) => (
            <Offer key={one.draft} one={one} />
          ))}
        </ol>
      </section>
      {data.learned.length > 0 ? (
        <section aria-label={t("learned")}>
          <h3>{t("learned")}</h3>
          <ol className="versions">
            {data.learned.map((one) => (
              <Known key={`${one.draft}${one.kind}`} one={one} />
            ))}
          </ol>
        </section>
      ) : null}
    </div>
  );
}

function Offer({ one }: { one: Offered }) {
  const { t } = useTranslation("agent");
  return (
    <li data-lesson={one.draft}>
      <div className="head">
        <b dir="auto">{one.asked}</b>
        <span className="num text-small text-ink3">
          {t(one.reason === undefined ? "editedBy" : "rejectedBy", {
            name: one.by_name,
            at: dayClock(one.at),
          })}
        </span>
      </div>
      <Words from={one.text} to={one.better ?? one.text} />
      {one.note ? (
        <p className="text-small text-ink2" dir="auto">
          {one.note}
        </p>
      ) : null}
      <div className="grid gap-3">
        {one.open.map((kind) => (
          <Choice key={kind} one={one} kind={kind} />
        ))}
      </div>
    </li>
  );
}

/** One thing that a correction could become: taken as it is, in other words, or left. */
function Choice({ one, kind }: { one: Offered; kind: Kind }) {
  const { t } = useTranslation("agent");
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState(one.example?.answer ?? "");
  const [to, setTo] = useState(one.knowledge?.to ?? "");

  async function decide(accept: boolean) {
    setBusy(true);
    const words =
      kind === "example" && one.example
        ? { example: { asked: one.example.asked, answer } }
        : kind === "knowledge"
          ? { to }
          : {};
    try {
      await call("POST", `/v1/agent/lessons/${one.draft}/${kind}`, { accept, ...(accept ? words : {}) });
      toast(t(accept ? `took.${kind}` : "left"));
      await Promise.all([queries.invalidateQueries({ queryKey: askLessons.queryKey }), renewAgent()]);
    } catch (error) {
      complain(refusal(error));
      setBusy(false);
    }
  }

  return (
    <div className="choice" data-kind={kind}>
      <div className="min-w-0 flex-1 basis-72">
        <p className="font-[560]">{t(`lesson.${kind}`)}</p>
        {kind === "example" ? (
          <Field label={t("answer")}>
            {(field) => (
              <textarea
                {...field}
                className="input"
                dir="auto"
                rows={3}
                value={answer}
                onChange={(event) => setAnswer(event.target.value)}
              />
            )}
          </Field>
        ) : null}
        {kind === "knowledge" && one.knowledge ? (
          <>
            <Field label={t("patchOf", { title: one.knowledge.title })}>
              {(field) => (
                <input
                  {...field}
                  className="input"
                  dir="auto"
                  value={to}
                  onChange={(event) => setTo(event.target.value)}
                />
              )}
            </Field>
            <div className="mt-1 text-small">
              <Words from={one.knowledge.from} to={to} />
            </div>
          </>
        ) : null}
        {kind === "case" ? <Case expects={one.case} /> : null}
      </div>
      <p className="flex flex-wrap gap-2 self-end">
        <button type="button" className="btn line" disabled={busy} onClick={() => void decide(true)}>
          {t(`take.${kind}`)}
        </button>
        <button type="button" className="btn" disabled={busy} onClick={() => void decide(false)}>
          {t("leave")}
          <span className="sr-only">: {t(`lesson.${kind}`)}</span>
        </button>
      </p>
    </div>
  );
}

function Case({ expects }: { expects: Offered["case"] }) {
  const { t } = useTranslation("agent");
  const words = (list: readonly string[] | undefined) => (list ?? []).map((one) => `“${one}”`).join(", ");
  const lines = [
    ...(expects?.says?.length ? [t("caseSays", { words: words(expects.says) })] : []),
    ...(expects?.never?.length ? [t("caseNever", { words: words(expects.never) })] : []),
    expects?.unlike === undefined ? t("caseCloser") : t("caseUnlike"),
  ];
  return <p className="text-small text-ink2">{lines.join(" · ")}</p>;
}

function Known({ one }: { one: Learned }) {
  const { t } = useTranslation("agent");
  const { effect } = one;
  const share = (good: number, of: number) => (of === 0 ? "–" : `${Math.round((good / of) * 100)} %`);
  return (
    <li>
      <div className="head">
        <b>{t(`lesson.${one.kind}`)}</b>
        <span className="num text-small text-ink3">
          {t("versionBy", { at: dayClock(one.at), name: one.by_name })}
        </span>
      </div>
      <p dir="auto">{one.says}</p>
      <p className="num text-small text-ink2">
        {one.works_since === undefined
          ? t("worksNotYet")
          : effect
            ? t("effect", {
                intent: one.intent?.replaceAll("_", " ") ?? "",
                before: share(effect.good_before, effect.decided_before),
                decidedBefore: effect.decided_before,
                since: share(effect.good_since, effect.decided_since),
                decidedSince: effect.decided_since,
              })
            : null}
      </p>
    </li>
  );
}
