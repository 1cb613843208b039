import { useQuery } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { CircleAlert, CircleCheck, CircleDashed, CircleMinus } from "lucide-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { clock, micros, percent } from "../../lib/format";
import { late } from "../../lib/late";
import { Empty, Icon, Segments } from "../../parts/basics";
import { Drawer } from "../../parts/Sheet";
import type { Turn, TurnStage } from "../../types";

const WhyRules = late(() => import("../rules/WhyRules"), "WhyRules");
const DraftedBy = late(() => import("./Who"), "DraftedBy");
const Uses = late(() => import("./Uses"), "Uses");

const STATE_ICON = {
  done: CircleCheck,
  skipped: CircleMinus,
  failed: CircleAlert,
  started: CircleDashed,
} as const;
const STATE_TONE = {
  done: "text-green",
  skipped: "text-ink3",
  failed: "text-brick",
  started: "text-pencil2",
} as const;

/** Every turn of the agent, stage by stage: what went in, what came out, how long it took. */
export function WhyPanel(props: {
  conversation: string;
  turn?: string;
  onOpenChange: (open: boolean) => void;
}) {
  const { t } = useTranslation();
  const { data: turns } = useQuery(ask.turns(props.conversation));
  const [chosen, setChosen] = useState(props.turn);
  const newest = turns?.toSorted((a, b) => (a.started_at < b.started_at ? 1 : -1)) ?? [];
  const id = chosen ?? newest[0]?.id;
  const { data: turn } = useQuery({ ...ask.turn(id ?? ""), enabled: id !== undefined });
  const [shown, setShown] = useState<"turns" | "rules">("turns");
  return (
    <Drawer open onOpenChange={props.onOpenChange} title={t("why.title")} width={520}>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="px-5 pt-4">
          <Segments
            label={t("why.title")}
            value={shown}
            options={[
              { value: "turns", label: t("why.turns") },
              { value: "rules", label: t("why.rules") },
            ]}
            onChange={setShown}
          />
        </div>
        {shown === "rules" ? (
          <Suspense>
            <WhyRules conversation={props.conversation} />
          </Suspense>
        ) : null}
        {shown === "turns" && newest.length > 1 ? (
          <fieldset className="tabs pt-3 ps-4!" aria-label={t("why.pick")}>
            {newest.map((row) => (
              <button
                key={row.id}
                type="button"
                aria-pressed={row.id === id}
                onClick={() => setChosen(row.id)}
                className="num"
              >
                {clock(row.started_at)}
                {row.status === "done" ? "" : ` · ${statusWord(row.status, t)}`}
              </button>
            ))}
          </fieldset>
        ) : null}
        {shown === "turns" && turns && newest.length === 0 ? <Empty title={t("why.none")} /> : null}
        {shown === "turns" && turn ? <TurnView turn={turn} /> : null}
      </div>
    </Drawer>
  );
}

function statusWord(status: string, t: TFunction): string {
  if (status === "running" || status === "done" || status === "failed" || status === "superseded")
    return t(`why.status.${status}`);
  return status;
}

function TurnView({ turn }: { turn: Turn }) {
  const { t } = useTranslation();
  const total = turn.stages.reduce((sum, stage) => sum + stage.micros, 0);
  const longest = Math.max(1, ...turn.stages.map((stage) => stage.micros));
  return (
    <div className="px-5 py-4">
      <p className="mb-3 flex justify-between text-ink3">
        <span>{t("why.turn", { seq: turn.for_seq })}</span>
        <span className="num">{t("why.total", { span: micros(turn.micros ?? total) })}</span>
      </p>
      {turn.agent_name !== undefined && turn.agent_version !== undefined ? (
        <Suspense>
          <DraftedBy name={turn.agent_name} version={turn.agent_version} />
        </Suspense>
      ) : null}
      <ol className="grid gap-px">
        {turn.stages.map((stage) => (
          <Stage key={stage.stage} stage={stage} longest={longest} />
        ))}
      </ol>
      {turn.uses && turn.uses.length > 0 ? (
        <Suspense>
          <Uses uses={turn.uses} />
        </Suspense>
      ) : null}
      <details className="mt-4 border-t border-line pt-3">
        <summary className="cursor-pointer rounded-r1 font-[600]">{t("why.prompt")}</summary>
        {turn.prompt ? (
          <pre className="code mt-2 max-h-[420px]" dir="auto">
            {turn.prompt}
          </pre>
        ) : (
          <p className="hint">{t("why.promptNone")}</p>
        )}
      </details>
    </div>
  );
}

function Stage({ stage, longest }: { stage: TurnStage; longest: number }) {
  const { t } = useTranslation();
  const has = stage.output !== undefined && stage.output !== null;
  const head = (
    <>
      <span className={STATE_TONE[stage.state]}>
        <Icon of={STATE_ICON[stage.state]} />
      </span>
      <span className="w-[104px] flex-none font-[570]">{t(`stage.${stage.stage}`)}</span>
      <span className="min-w-0 flex-1 truncate text-ink2" dir="auto" title={stage.summary}>
        {stage.state === "skipped" && !stage.summary ? t("why.skipped") : stage.summary}
      </span>
      <span className="w-14 flex-none">
        <span
          className="block h-1 rounded-full bg-pencil-line"
          style={{ width: `${Math.max(3, (stage.micros / longest) * 100)}%` }}
        />
      </span>
      <span className="num w-[52px] flex-none text-end text-meta text-ink3">{micros(stage.micros)}</span>
    </>
  );
  return (
    <li>
      <details className="group rounded-r2 open:bg-sheet">
        <summary className="flex min-h-9 cursor-pointer list-none items-center gap-2.5 rounded-r2 px-2 hover:bg-hover">
          {head}
        </summary>
        <div className="grid gap-2 px-2 pt-1 pb-3 ps-[34px]">
          <p className="flex flex-wrap gap-1.5">
            {stage.confidence === undefined || stage.confidence === null ? null : (
              <span className="tag2 num">{t("why.confidence", { n: percent(stage.confidence) })}</span>
            )}
            {stage.model ? <span className="tag2">{stage.model}</span> : null}
            {stage.input_hash ? (
              <span className="tag2 font-mono">
                {t("why.input", { hash: stage.input_hash.slice(0, 10) })}
              </span>
            ) : null}
          </p>
          {has ? (
            <pre className="code max-h-[320px]" dir="ltr">
              {typeof stage.output === "string" ? stage.output : JSON.stringify(stage.output, null, 2)}
            </pre>
          ) : null}
        </div>
      </details>
    </li>
  );
}
