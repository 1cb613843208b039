import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { BotMessageSquare, CircleCheck, Hand } from "lucide-react";
import { Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Timeline } from "@/wire/timeline";
import { ask } from "../../api";
import { useKeys } from "../../lib/keys";
import { late } from "../../lib/late";
import { NO_CONTEXT, useMedia } from "../../lib/media";
import { useRoom } from "../../live/useRoom";
import { Empty, Icon, Key } from "../../parts/basics";
import { useMay, useMe, useStaffName } from "../../parts/data";
import { Drawer } from "../../parts/Sheet";
import type { ConversationSummary, DraftView } from "../../types";
import { ContextPane } from "../context/ContextPane";
import { DraftSheet, FailedDraft } from "../draft/DraftSheet";
import { isThinking, Thinking } from "../draft/Stages";
import { command, Header, resolve } from "./Header";
import { type Evidence, Thread } from "./Thread";

const Composer = late(() => import("./Composer"), "Composer");
const LookBack = late(() => import("./LookBack"), "LookBack");
const WhyPanel = late(() => import("../why/WhyPanel"), "WhyPanel");

type Props = {
  id: string;
  from: "approvals" | "inbox";
  /** What the list knows already, shown until the room is joined. */
  known?: ConversationSummary | undefined;
  knownDraft?: DraftView | undefined;
  next?: { readonly name: string | undefined };
  onDone: (stay: boolean) => void;
};

export function Conversation(props: Props) {
  const { id, known } = props;
  const { t } = useTranslation();
  const noContext = useMedia(NO_CONTEXT);
  const timeline = useRoom(id);
  const fetched = useQuery({
    ...ask.conversation(id),
    enabled: known === undefined && timeline.summary === undefined,
  });
  const summary = timeline.summary ?? known ?? fetched.data;
  const { data: context } = useQuery(ask.context(id));
  const [drawer, setDrawer] = useState(false);
  const [why, setWhy] = useState<{ turn?: string | undefined }>();
  const [seed, setSeed] = useState<string>();
  /** The entry up to which the conversation is shown, while somebody looks back. */
  const [until, setUntil] = useState<number>();
  const seek = useSearch({ strict: false, select: (search: { seq?: number }) => search.seq });

  const evidence = useMemo<Evidence>(() => {
    const map = new Map<number, string[]>();
    for (const record of context?.records ?? []) {
      for (const field of record.fields) {
        if (!field.evidence || !field.evidence_seq) continue;
        map.set(field.evidence_seq, [...(map.get(field.evidence_seq) ?? []), field.evidence]);
      }
    }
    return map;
  }, [context]);

  // Before the join answers, the queue's copy of the draft is shown.
  const draft = timeline.live || timeline.draft ? timeline.draft : (props.knownDraft ?? undefined);

  // A draft grows many times a second: what does not show its words keeps the same copy meanwhile.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the words of a draft that is written are left out on purpose.
  const calmDraft = useMemo(() => draft, [draft?.id, draft?.status, draft?.revision]);
  const { entries, live, reads, typing, viewers, contactOnline } = timeline;
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above.
  const calm = useMemo<Timeline>(
    () => ({ ...timeline, draft: calmDraft }),
    [calmDraft, entries, live, reads, typing, viewers, contactOnline, timeline.summary],
  );
  const handleContext = useCallback(() => setDrawer(true), []);
  const handleTurn = useCallback((turn?: string) => setWhy({ turn }), []);
  const { onDone } = props;
  const handleAway = useCallback(() => onDone(false), [onDone]);
  const turn = draft?.turn;
  const handleWhy = useCallback(() => setWhy({ turn }), [turn]);
  const handleLookBack = useCallback(
    () => setUntil((at) => (at === undefined ? entries.length : undefined)),
    [entries.length],
  );
  const then = useMemo<Timeline>(
    () =>
      until === undefined
        ? calm
        : { ...calm, entries: entries.slice(0, until), draft: undefined, typing: [], reads: {} },
    [calm, entries, until],
  );
  const handleAsk = useCallback((question: string) => {
    setDrawer(false);
    setSeed(question);
  }, []);

  if (!summary) {
    return (
      <section className="conv">
        {fetched.isError ? <Empty title={t("app.notFound")} text={t("app.notFoundText")} /> : null}
      </section>
    );
  }

  const pane = (
    <ContextPane
      summary={summary}
      draft={until === undefined ? calmDraft : undefined}
      past={until === undefined ? undefined : then.entries}
      onWhy={handleWhy}
      onAsk={handleAsk}
    />
  );

  return (
    <>
      <section className="conv" aria-label={t("conv.log", { name: summary.contact.name })}>
        <Header
          summary={summary}
          timeline={calm}
          back={props.from}
          onWhy={handleWhy}
          onContext={handleContext}
          onLookBack={handleLookBack}
          onAway={handleAway}
        />
        <Thread
          timeline={then}
          name={summary.contact.name}
          evidence={evidence}
          onWhy={handleTurn}
          seek={seek}
        />
        {until === undefined ? null : (
          <Suspense>
            <LookBack entries={entries} at={until} onAt={setUntil} onClose={() => setUntil(undefined)} />
          </Suspense>
        )}
        {until === undefined ? (
          <Footer
            summary={summary}
            timeline={timeline}
            draft={draft}
            seed={seed}
            onSeeded={() => setSeed(undefined)}
            {...(props.next ? { next: props.next } : {})}
            onDone={props.onDone}
          />
        ) : null}
      </section>
      {noContext ? (
        <Drawer open={drawer} onOpenChange={setDrawer} title={t("ctx.title")}>
          {pane}
        </Drawer>
      ) : (
        pane
      )}
      {why ? (
        <Suspense>
          <WhyPanel
            conversation={id}
            {...(why.turn ? { turn: why.turn } : {})}
            onOpenChange={(open) => !open && setWhy(undefined)}
          />
        </Suspense>
      ) : null}
    </>
  );
}

type FooterProps = {
  summary: ConversationSummary;
  timeline: Timeline;
  draft: DraftView | undefined;
  seed: string | undefined;
  onSeeded: () => void;
  next?: { readonly name: string | undefined };
  onDone: (stay: boolean) => void;
};

/** What stands below the thread: the draft, the editor for own words, or who answers. */
function Footer({ summary, timeline, draft, seed, onSeeded, next, onDone }: FooterProps) {
  const { t } = useTranslation();
  const { me, workspace } = useMe();
  const mayAct = useMay("staff");
  const assignee = useStaffName(summary.assignee);
  const [own, setOwn] = useState<"reply" | "note">();
  const { id } = summary;
  const { name } = summary.contact;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation begins closed.
  useEffect(() => setOwn(undefined), [id]);
  useEffect(() => {
    if (seed) setOwn("reply");
  }, [seed]);

  useKeys({
    reply: () => {
      if (!mayAct) return false;
      setOwn("reply");
      return true;
    },
    note: () => {
      if (!mayAct) return false;
      setOwn("note");
      return true;
    },
    play: () => {
      const all = document.querySelectorAll<HTMLButtonElement>("[data-voice] button");
      all[all.length - 1]?.click();
      return all.length > 0;
    },
  });

  const personal = summary.owner === "person" && !summary.resolved && mayAct;
  const drafted = draft?.status === "pending" || draft?.status === "writing";
  const mode = own ?? (personal && !drafted ? "reply" : undefined);
  if (mode) {
    return (
      <Suspense fallback={<div className="composer h-[104px]" />}>
        <Composer
          key={`${id}${mode}`}
          conversation={id}
          name={name}
          mode={mode}
          onMode={setOwn}
          asked={own !== undefined}
          seed={seed}
          onClose={
            own === undefined
              ? undefined
              : () => {
                  setOwn(undefined);
                  onSeeded();
                }
          }
        />
      </Suspense>
    );
  }
  if (draft && drafted) {
    return (
      <DraftSheet
        key={draft.id}
        draft={draft}
        name={name}
        stages={timeline.stages.filter((stage) => stage.turn === draft.turn)}
        {...(next ? { next } : {})}
        onDone={onDone}
        onWrite={() => setOwn("reply")}
      />
    );
  }
  if (isThinking(timeline.stages) && draft?.status !== "approved" && summary.waiting_since !== undefined) {
    return <Thinking stages={timeline.stages} />;
  }
  if (draft?.status === "failed") return <FailedDraft onWrite={() => setOwn("reply")} />;

  const text = summary.resolved
    ? t("conv.resolvedBar")
    : summary.owner === "person"
      ? summary.assignee === me.id || !assignee
        ? t("conv.personAnswers", { agent: workspace.assistant_name })
        : t("conv.personAnswersOther", { name: assignee, agent: workspace.assistant_name })
      : t("conv.agentAnswers", { agent: workspace.assistant_name });
  return (
    <div className="bar3">
      <Icon of={summary.resolved ? CircleCheck : summary.owner === "person" ? Hand : BotMessageSquare} />
      <p className="min-w-0 flex-1 truncate">{mayAct ? text : t("conv.viewerBar")}</p>
      {mayAct && summary.resolved ? (
        <button type="button" className="btn line" onClick={() => void resolve(summary)}>
          {t("conv.reopen")}
          <Key name="resolve" />
        </button>
      ) : null}
      {mayAct && !summary.resolved ? (
        <>
          <button
            type="button"
            className="btn opt"
            onClick={() => void command({ cmd: "take_over", conversation: id })}
          >
            {t("conv.takeOver")}
            <Key name="takeOver" />
          </button>
          <button type="button" className="btn" onClick={() => setOwn("note")}>
            {t("conv.noteTab")}
            <Key name="note" />
          </button>
          <button type="button" className="btn line" onClick={() => setOwn("reply")}>
            {t("conv.reply")}
            <Key name="reply" />
          </button>
        </>
      ) : null}
    </div>
  );
}
