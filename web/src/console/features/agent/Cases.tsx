import { queryOptions, useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleEllipsis, CircleX, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { call, queries } from "../../api";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";
import type { Said, Standing, Which } from "./model";

type Outcome = { readonly passed: boolean; readonly failures: readonly string[]; readonly text: string };

export type CaseRow = {
  readonly id: string;
  readonly name: string;
  readonly origin: "role" | "correction" | "person";
  readonly said: readonly Said[];
  readonly live?: Outcome;
  readonly draft?: Outcome;
};

type CasesView = {
  readonly items: readonly CaseRow[];
  readonly standing?: Standing;
  readonly worse: readonly string[];
};

export const askCases = queryOptions({
  queryKey: ["agent", "evals"],
  queryFn: () => call<CasesView>("GET", "/v1/agent/evals"),
  staleTime: 0,
});

export const renewCases = () => queries.invalidateQueries({ queryKey: askCases.queryKey });

/** Cases that one call runs. */
const AT_ONCE = 5;

/** Runs cases a few at a time, and tells how far it is. */
export async function runCases(
  of: Which,
  cases: readonly string[],
  tell: (done: number) => void,
): Promise<void> {
  for (let at = 0; at < cases.length; at += AT_ONCE) {
    await call("POST", "/v1/agent/evals/run", { of, cases: cases.slice(at, at + AT_ONCE) });
    tell(Math.min(cases.length, at + AT_ONCE));
  }
}

/** What the agent must get right, with what drafts now and with what is edited. */
export function Cases({ edited }: { edited: Which | undefined }) {
  const { t } = useTranslation("agent");
  const { data, error } = useQuery(askCases);
  const [done, setDone] = useState<number>();
  if (error) return <p className="err">{refusal(error)}</p>;
  if (!data) return null;
  const all = data.items.map((one) => one.id);

  async function handleRun() {
    setDone(0);
    try {
      await runCases({}, all, setDone);
      if (data?.standing && edited) await runCases(edited, all, setDone);
    } catch (error) {
      complain(refusal(error));
    }
    await renewCases();
    setDone(undefined);
  }

  const ran = data.items.filter((one) => one.live);
  return (
    <div className="grid gap-5" data-cases={data.items.length}>
      <p className="flex flex-wrap items-center gap-3">
        <button
          type="button"
          className="btn line"
          disabled={done !== undefined}
          onClick={() => void handleRun()}
        >
          {done === undefined ? t("casesRun") : t("casesRunning", { done, of: all.length })}
        </button>
        <span className="num" role="status">
          {ran.length > 0
            ? t("casesPassed", { passed: ran.filter((one) => one.live?.passed).length, run: ran.length })
            : t("casesText")}
        </span>
      </p>
      <ol className="cases">
        {data.items.map((one) => (
          <Row key={one.id} one={one} hasDraft={data.standing !== undefined} />
        ))}
      </ol>
      <Add />
    </div>
  );
}

function Mark({ outcome, label }: { outcome: Outcome | undefined; label: string }) {
  const { t } = useTranslation("agent");
  const [icon, tone, word] =
    outcome === undefined
      ? ([CircleEllipsis, "text-ink3", t("caseNotRun")] as const)
      : outcome.passed
        ? ([CircleCheck, "text-green", t("casePassed")] as const)
        : ([CircleX, "text-brick", t("caseFailed")] as const);
  return (
    <span className={`flex items-center gap-1 text-small ${tone}`}>
      <Icon of={icon} size="s" />
      {label}: {word}
    </span>
  );
}

function Row({ one, hasDraft }: { one: CaseRow; hasDraft: boolean }) {
  const { t } = useTranslation("agent");
  const failures = [...new Set([...(one.live?.failures ?? []), ...(one.draft?.failures ?? [])])];

  async function handleDelete() {
    try {
      await call("DELETE", `/v1/agent/evals/${one.id}`);
      await renewCases();
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <li data-case={one.id}>
      <div className="head">
        <span className="min-w-0 flex-1 basis-64" dir="auto">
          {one.name}
          <small className="ms-2 text-ink3">{t(`origin.${one.origin}`)}</small>
        </span>
        <Mark outcome={one.live} label={t("caseLive")} />
        {hasDraft ? <Mark outcome={one.draft} label={t("caseDraft")} /> : null}
        {one.origin === "role" ? null : (
          <button
            type="button"
            className="btn"
            aria-label={t("caseDelete", { name: one.name })}
            onClick={() => void handleDelete()}
          >
            <Icon of={Trash2} size="s" />
          </button>
        )}
      </div>
      {failures.length > 0 ? <p className="text-small text-brick">{failures.join(" · ")}</p> : null}
    </li>
  );
}

function Add() {
  const { t } = useTranslation("agent");
  const [wrong, setWrong] = useState<string>();

  async function handleAdd(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const text = (name: string) => String(given.get(name) ?? "").trim();
    const words = (name: string) =>
      text(name)
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    setWrong(undefined);
    try {
      await call("POST", "/v1/agent/evals", {
        name: text("asked").slice(0, 200),
        said: [{ customer: true, text: text("asked") }],
        expects: { says: words("says"), never: words("never") },
      });
      form.reset();
      await renewCases();
      toast(t("caseAdded"));
    } catch (error) {
      setWrong(refusal(error));
    }
  }

  return (
    <details>
      <summary className="mini inline-flex cursor-pointer">{t("caseAdd")}</summary>
      <form className="mt-3 grid gap-3" onSubmit={(event) => void handleAdd(event)}>
        <Field label={t("asked")}>
          {(field) => <textarea {...field} name="asked" className="input" dir="auto" rows={2} required />}
        </Field>
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label={t("caseMustSay")} hint={t("caseWords")}>
            {(field) => <textarea {...field} name="says" className="input" dir="auto" rows={2} />}
          </Field>
          <Field label={t("caseMustNot")} hint={t("caseWords")}>
            {(field) => <textarea {...field} name="never" className="input" dir="auto" rows={2} />}
          </Field>
        </div>
        {wrong ? (
          <p className="err" role="alert">
            {wrong}
          </p>
        ) : null}
        <p>
          <button type="submit" className="btn line">
            {t("caseAdd")}
          </button>
        </p>
      </form>
    </details>
  );
}
