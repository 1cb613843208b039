import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { micros } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Segments } from "../../parts/basics";
import { writer } from "./Hear";
import { type Agent, type Said, type Step, tryIt, type Which } from "./model";

type Done = Extract<Step, { kind: "done" }>;

/** Writes as a customer and watches the agent answer, step by step. Nothing is sent. */
export function TryIt({ edited }: { agent: Agent; edited: Which | undefined }) {
  const { t } = useTranslation("agent");
  const [who, setWho] = useState<"draft" | "live">("draft");
  const [said, setSaid] = useState<readonly Said[]>([]);
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const [text, setText] = useState("");
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  function hear(step: Step) {
    if (step.kind === "text") {
      setText((before) => before.slice(0, step.offset) + step.text);
      return;
    }
    if (step.kind === "failed") setWrong(t("tryFailed", { says: step.says }));
    if (step.kind === "done") {
      setText(step.outcome.text);
      setSaid((before) => [...before, { customer: false, text: step.outcome.text }]);
    }
    setSteps((before) => [...before, step]);
  }

  async function handleAsk(event: FormEvent) {
    event.preventDefault();
    if (typed.trim() === "" || busy) return;
    const now = [...said, { customer: true, text: typed.trim() }];
    const ending = new AbortController();
    stop.current = ending;
    setSaid(now);
    setTyped("");
    setSteps([]);
    setText("");
    setWrong(undefined);
    setBusy(true);
    try {
      await tryIt(now, who === "draft" ? (edited ?? {}) : {}, hear, ending.signal);
    } catch (error) {
      if (!ending.signal.aborted) setWrong(refusal(error));
    }
    setBusy(false);
  }

  function handleFresh() {
    stop.current?.abort();
    setSaid([]);
    setSteps([]);
    setText("");
    setWrong(undefined);
  }

  const done = steps.find((step): step is Done => step.kind === "done");
  return (
    <div className="try" data-try={busy ? "busy" : done ? "done" : "idle"}>
      <div className="grid content-start gap-3">
        <p className="text-ink2">{t("tryText")}</p>
        <Segments
          label={t("tryWho")}
          value={who}
          options={[
            { value: "draft", label: t("tryDraft") },
            { value: "live", label: t("tryLive") },
          ]}
          onChange={setWho}
        />
        <ol className="talk" aria-label={t("tryAnswer")} aria-live="polite">
          {said.map((one, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a conversation only grows.
            <li key={at} className={one.customer ? "theirs" : "ours"} dir="auto">
              <span className="sr-only">{one.customer ? t("you") : t("agentSays")}: </span>
              {one.text}
            </li>
          ))}
          {busy && text !== "" ? (
            <li className="ours writing" dir="auto" aria-hidden="true">
              {text}
            </li>
          ) : null}
        </ol>
        {done ? <Came done={done} /> : null}
        {wrong ? (
          <p className="err" role="alert">
            {wrong}
          </p>
        ) : null}
        <form className="grid gap-2" onSubmit={(event) => void handleAsk(event)}>
          <textarea
            className="input"
            aria-label={t("tryAsk")}
            placeholder={t("tryAsk")}
            dir="auto"
            rows={3}
            maxLength={10_000}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.metaKey || event.ctrlKey))
                event.currentTarget.form?.requestSubmit();
            }}
          />
          <p className="flex flex-wrap gap-2">
            <button type="submit" className="btn go" disabled={busy || typed.trim() === ""}>
              {t("trySend")}
            </button>
            {busy ? (
              <button type="button" className="btn line" onClick={() => stop.current?.abort()}>
                {t("tryStop")}
              </button>
            ) : null}
            {said.length > 0 && !busy ? (
              <button type="button" className="btn line" onClick={handleFresh}>
                {t("tryAgain")}
              </button>
            ) : null}
          </p>
        </form>
      </div>
      <section aria-label={t("trySteps")} className="min-w-0">
        <h3>{t("trySteps")}</h3>
        {steps.length === 0 ? <p className="text-ink3">{t("tryNone")}</p> : <Steps steps={steps} />}
      </section>
    </div>
  );
}

/** Who wrote it, what holds it back, and what it rests on. */
function Came({ done }: { done: Done }) {
  const { t } = useTranslation("agent");
  const { blockers, citations } = done.draft;
  return (
    <div className="came">
      <p className="text-ink3">{t("by", { name: writer(done.outcome, t("engine")) })}</p>
      <p>
        {blockers.length === 0
          ? t("tryFree")
          : `${t("tryWaits")}: ${blockers.map((one) => one.says).join(" · ")}`}
      </p>
      {citations.length > 0 ? (
        <p>
          {t("trySources")}: {[...new Set(citations.map((one) => one.title))].join(" · ")}
        </p>
      ) : null}
    </div>
  );
}

/** Stages, prompts and tools, in the order they came. */
function Steps({ steps }: { steps: readonly Step[] }) {
  const { t } = useTranslation("agent");
  const { t: tell } = useTranslation();
  const ended = new Set(steps.flatMap((step) => (step.kind === "ended" ? [step.stage] : [])));
  let asked = 0;
  return (
    <ol className="told">
      {steps.map((step, at) => {
        const key = `${step.kind}${at}`;
        if (step.kind === "begun")
          return ended.has(step.stage) ? null : (
            <li key={key} className="text-ink3">
              {tell(`stage.${step.stage}`)}…
            </li>
          );
        if (step.kind === "asked") {
          asked += 1;
          return (
            <li key={key}>
              <details>
                <summary>{t("tryPrompt", { n: asked })}</summary>
                <pre className="code" dir="auto">
                  {step.prompt}
                </pre>
              </details>
            </li>
          );
        }
        if (step.kind === "called")
          return (
            <li key={key}>
              <details>
                <summary>{t("tryTool", { name: step.tool })}</summary>
                <pre className="code" dir="auto">
                  {`${step.arguments}\n→ ${step.answer}`}
                </pre>
              </details>
            </li>
          );
        if (step.kind === "ended")
          return (
            <li key={key} data-stage={step.stage}>
              <details>
                <summary>
                  <b>{tell(`stage.${step.stage}`)}</b>
                  <span className="min-w-0 flex-1" dir="auto">
                    {step.summary}
                  </span>
                  <span className="num text-meta text-ink3">{micros(step.micros)}</span>
                </summary>
                <pre className="code" dir="ltr">
                  {JSON.stringify(step.output, null, 2)}
                </pre>
              </details>
            </li>
          );
        return null;
      })}
    </ol>
  );
}
