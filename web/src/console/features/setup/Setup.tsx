/** Leads the owner of a new workspace: six steps that can be taken, left for later, and come back to. */
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Check } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api";
import { addSetupTexts } from "../../i18n/setup";
import { refusal } from "../../lib/refusal";
import { Empty, Icon, Stitch } from "../../parts/basics";
import { useMay, useMe } from "../../parts/data";
import { complain } from "../../parts/toast";
import type { Setup as Progress, SetupStep, Workspace } from "../../types";
import { workspaceSaved } from "../settings/WorkspaceSettings";
import { AgentStep } from "./AgentStep";
import { BusinessStep } from "./BusinessStep";
import { KnowledgeStep } from "./KnowledgeStep";
import { TeamStep } from "./TeamStep";
import { TrialStep } from "./TrialStep";
import { WidgetStep } from "./WidgetStep";

addSetupTexts();

export const STEPS = ["business", "agent", "knowledge", "widget", "team", "trial"] as const;

/** What a step is given: how to say that it was taken, with what it changed. */
export type StepProps = {
  readonly workspace: Workspace;
  /** Saves and goes to the next step; refusals come back as words. */
  readonly onDone: (change?: Partial<Workspace>) => Promise<string | undefined>;
};

const SCREENS: Readonly<Record<SetupStep, (props: StepProps) => React.ReactNode>> = {
  business: BusinessStep,
  agent: AgentStep,
  knowledge: KnowledgeStep,
  widget: WidgetStep,
  team: TeamStep,
  trial: TrialStep,
};

const state = (progress: Progress, step: SetupStep) => progress[step] ?? "open";

/** The first step that is still to come; after the current one, if there is one. */
function upcoming(progress: Progress, after?: SetupStep): SetupStep | undefined {
  const at = after ? STEPS.indexOf(after) + 1 : 0;
  return [...STEPS.slice(at), ...STEPS.slice(0, at)].find((step) => progress[step] === undefined);
}

export function Setup() {
  const { t } = useTranslation("setup");
  const { workspace } = useMe();
  const isOwner = useMay("owner");
  const { step: given } = useParams({ from: "/setup/{-$step}" });
  const navigate = useNavigate();
  const progress = workspace.setup ?? {};
  const step = STEPS.find((one) => one === given) ?? upcoming(progress);
  const heading = useRef<HTMLHeadingElement>(null);
  const [busy, setBusy] = useState(false);
  const moved = useRef(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever went on reads the next step from its heading.
  useEffect(() => {
    if (moved.current) heading.current?.focus();
  }, [step]);

  if (!isOwner || !workspace.setup) return <Empty page title={t("app.notFound", { ns: "console" })} />;
  if (step === undefined) return <Ready />;
  const Screen = SCREENS[step];

  async function go(to: "done" | "skipped", change: Partial<Workspace> = {}): Promise<string | undefined> {
    if (step === undefined) return undefined;
    try {
      const saved = await api.changeWorkspace({ ...change, setup: { [step]: to } });
      workspaceSaved(saved);
      moved.current = true;
      void navigate({
        to: "/setup/{-$step}",
        params: { step: upcoming(saved.setup ?? {}, step) },
      });
      return undefined;
    } catch (error) {
      return refusal(error);
    }
  }

  async function handleSkip() {
    setBusy(true);
    const wrong = await go("skipped");
    setBusy(false);
    if (wrong) complain(wrong);
  }

  return (
    <main className="page">
      <div className="mx-auto grid max-w-[1080px] grid-cols-[minmax(0,1fr)] gap-x-12 gap-y-6 px-6 py-8 max-sm:px-4 max-sm:py-5 md:grid-cols-[230px_minmax(0,1fr)]">
        <Steps progress={progress} current={step} />
        <section aria-labelledby="step" className="min-w-0 pb-16">
          <div className="flex items-baseline gap-3">
            <p className="num text-small text-ink3">
              {t("stepOf", { n: STEPS.indexOf(step) + 1, of: STEPS.length })}
            </p>
            <Link
              to="/approvals/{-$id}"
              params={{ id: undefined }}
              className="ms-auto rounded-r1 text-small text-ink3 underline hover:text-ink"
            >
              {t("leave")}
            </Link>
          </div>
          <h2
            id="step"
            ref={heading}
            tabIndex={-1}
            className="mt-0.5 mb-5 text-[22px]! tracking-[-.02em]! outline-none"
          >
            {t(`steps.${step}`)}
          </h2>
          <Screen key={step} workspace={workspace} onDone={(change) => go("done", change)} />
          {state(progress, step) === "done" ? null : (
            <button
              type="button"
              className="btn mt-3 -ms-2.5"
              disabled={busy}
              onClick={() => void handleSkip()}
            >
              {t("skip")}
            </button>
          )}
        </section>
      </div>
    </main>
  );
}

function Steps({ progress, current }: { progress: Progress; current: SetupStep }) {
  const { t } = useTranslation("setup");
  const count = (wanted: string) => STEPS.filter((step) => state(progress, step) === wanted).length;
  return (
    <div>
      <h1 className="mb-1.5">{t("title")}</h1>
      <p className="mb-4 max-w-[40ch] text-ink2 max-md:hidden">{t("lead")}</p>
      <Stitch
        big
        states={STEPS.map((step) =>
          state(progress, step) === "done"
            ? "known"
            : state(progress, step) === "skipped"
              ? "inferred"
              : "missing",
        )}
        label={t("progress", { done: count("done"), skipped: count("skipped"), open: count("open") })}
      />
      <nav aria-label={t("title")} className="mt-4 max-md:hidden">
        <ol className="grid gap-px">
          {STEPS.map((step, at) => (
            <li key={step}>
              <Link
                to="/setup/{-$step}"
                params={{ step }}
                aria-current={step === current ? "step" : undefined}
                className={`flex h-9 items-center gap-2.5 rounded-r2 px-2 font-[500] hover:bg-hover ${step === current ? "bg-sunk text-ink" : "text-ink2"}`}
              >
                <Mark state={state(progress, step)} n={at + 1} />
                {t(`steps.${step}`)}
                <span className="sr-only">, {t(`state.${state(progress, step)}`)}</span>
              </Link>
            </li>
          ))}
        </ol>
      </nav>
    </div>
  );
}

function Mark({ state, n }: { state: "done" | "skipped" | "open"; n: number }) {
  const look =
    state === "done"
      ? "bg-green text-on-green"
      : state === "skipped"
        ? "text-ink3"
        : "text-ink3 shadow-[inset_0_0_0_1.5px_var(--line2)]";
  return (
    <span
      aria-hidden="true"
      className={`num grid size-[22px] flex-none place-items-center rounded-full text-[11.5px] font-[620] ${look}`}
    >
      {state === "done" ? <Icon of={Check} size="xs" /> : state === "skipped" ? "–" : n}
    </span>
  );
}

function Ready() {
  const { t } = useTranslation("setup");
  return (
    <main className="page">
      <Empty page title={t("done")} text={t("doneText")}>
        <Link to="/approvals/{-$id}" params={{ id: undefined }} className="btn go plain">
          {t("toApprovals")}
        </Link>
      </Empty>
    </main>
  );
}

/** The button that saves a step, with what was wrong above it. */
export function Save(props: {
  busy: boolean;
  wrong: string | undefined;
  label?: string;
  disabled?: boolean;
}) {
  const { t } = useTranslation("setup");
  return (
    <div>
      {props.wrong ? (
        <p className="err mt-0! mb-2" role="alert">
          {props.wrong}
        </p>
      ) : null}
      <button type="submit" className="btn go plain" disabled={props.busy || props.disabled}>
        {props.busy ? t("saving") : (props.label ?? t("save"))}
      </button>
    </div>
  );
}
