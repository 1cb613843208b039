import { BrainCircuit, Delete, PencilLine, TriangleAlert, UsersRound } from "lucide-react";
import { Suspense, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { Stage } from "@/wire/timeline";
import { announce } from "../../lib/announce";
import { withoutRange, wordDiff } from "../../lib/diff";
import { percent } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { late } from "../../lib/late";
import { approve, currentText, reject } from "../../live/decide";
import { takeLease, useHolder, useLease } from "../../live/lease";
import { typingIn, useLive } from "../../live/live";
import { Avatar, Cap, Icon, Key } from "../../parts/basics";
import { firstName, useMay, useMe, useStaffName } from "../../parts/data";
import type { DraftView } from "../../types";
import { contradiction, openClaims } from "./claims";
import { DraftText, EditorMarks } from "./DraftText";
import { Several } from "./Several";
import { Stages } from "./Stages";
import { useDraftEdit } from "./useDraftEdit";

const RewriteChoices = late(() => import("./Choices"), "RewriteChoices");
const RejectChoices = late(() => import("./Choices"), "RejectChoices");
const Changes = late(() => import("./Choices"), "Changes");
const Proposals = late(() => import("./Choices"), "Proposals");
const SourcePopover = late(() => import("./SourcePopover"), "SourcePopover");

const INK = 220;
/** For so long after a draft came up, Enter belongs to the one before it. */
const GUARD = 400;

type Props = {
  draft: DraftView;
  name: string;
  stages: readonly Stage[];
  /** Who comes after this one; absent outside the queue. */
  next?: { readonly name: string | undefined };
  onDone: (stay: boolean) => void;
  onWrite: () => void;
};

/** One draft, from the first streamed word to the decision. */
export function DraftSheet(props: Props) {
  const { draft, name, onDone } = props;
  const { t } = useTranslation();
  const { me, workspace } = useMe();
  const mayDecide = useMay("staff");
  const edit = useDraftEdit(draft);
  const earlier = useLive((state) => state.earlier[draft.conversation]);
  const editor = useStaffName(draft.edited_by);
  const holder = useHolder(draft.conversation);
  useLease(draft.conversation, mayDecide);
  const [editing, setEditing] = useState(false);
  const [panel, setPanel] = useState<"rewrite" | "reject">();
  const [kept, setKept] = useState<ReadonlySet<number>>(new Set());
  const [claimAt, setClaimAt] = useState(0);
  const [warned, setWarned] = useState(false);
  const [asked, setAsked] = useState<string>();
  const [inking, setInking] = useState(false);
  const [source, setSource] = useState<{ number: number; anchor: HTMLElement; pinned: boolean }>();
  const [fresh, setFresh] = useState(true);
  const hover = useRef(0);
  const body = useRef<HTMLElement>(null);
  const chips = useRef<HTMLFieldSetElement>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const sheet = useRef<HTMLElement>(null);

  const writing = draft.status === "writing";
  const text = writing ? draft.text : edit.text;
  const changed = !writing && text !== draft.text;
  const pieces = useMemo(() => wordDiff(draft.text, text), [draft.text, text]);
  const claims = useMemo(
    () => (writing ? [] : openClaims(draft, pieces, kept)),
    [draft, pieces, kept, writing],
  );
  const claim = claims[Math.min(claimAt, claims.length - 1)];
  const flagged = useMemo(() => new Set(claims.map((one) => one.start)), [claims]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the guard starts anew when the draft becomes ready.
  useEffect(() => {
    setFresh(true);
    const timer = window.setTimeout(() => setFresh(false), GUARD);
    return () => window.clearTimeout(timer);
  }, [draft.status]);

  useEffect(() => {
    if (!writing) announce(t("draft.ready", { name }));
  }, [writing, name, t]);

  // A growing draft keeps its last line in view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it scrolls when text comes.
  useLayoutEffect(() => {
    if (writing && body.current) body.current.scrollTop = body.current.scrollHeight;
  }, [writing, draft.text.length]);

  useLayoutEffect(() => {
    const area = box.current;
    if (!editing || !area) return;
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }, [editing]);

  /** `twice`: the press may belong to the draft before this one. */
  async function handleApprove(stay: boolean, twice: boolean) {
    if (writing || inking || twice || !mayDecide) return;
    if (text.trim() === "") return;
    if (claims.length > 0 && !warned) {
      setWarned(true);
      setEditing(false);
      sheet.current?.querySelector(".flag")?.scrollIntoView({ block: "nearest" });
      announce(t("draft.checkFirst"));
      return;
    }
    if (holder && asked !== holder.id) {
      setAsked(holder.id);
      announce(t("draft.askFirst", { name: holder.name }));
      return;
    }
    setEditing(false);
    setPanel(undefined);
    setInking(true);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const words = text;
    const settled = await edit.settle();
    const [holds] = await Promise.all([
      approve(settled, name, words),
      new Promise((resolve) => setTimeout(resolve, still ? 0 : INK)),
    ]);
    setInking(false);
    if (holds) onDone(stay);
    else if (words !== currentText(settled)) edit.change(words);
  }

  async function handleReject(how: Parameters<typeof reject>[2]) {
    setPanel(undefined);
    setEditing(false);
    const settled = await edit.settle();
    const holds = await reject(settled, name, how);
    if (holds && how.rewrite) announce(t("draft.rewriting"));
    if (holds && !how.rewrite) onDone(false);
  }

  function removeClaim() {
    if (!claim) return;
    edit.change(withoutRange(draft.text, text, claim.start, claim.end));
    setWarned(false);
  }

  function keepClaim() {
    if (claim) setKept(new Set([...kept, claim.start]));
    setWarned(false);
  }

  function showSource(number: number, anchor: HTMLElement, how: "hover" | "press") {
    window.clearTimeout(hover.current);
    if (how === "press") {
      setSource((open) =>
        open?.pinned && open.number === number ? undefined : { number, anchor, pinned: true },
      );
      return;
    }
    hover.current = window.setTimeout(
      () => setSource((open) => (open?.pinned ? open : { number, anchor, pinned: false })),
      120,
    );
  }

  function leaveSource() {
    window.clearTimeout(hover.current);
    hover.current = window.setTimeout(() => setSource((open) => (open?.pinned ? open : undefined)), 180);
  }

  useKeys({
    approve: (event) => {
      void handleApprove(false, event.repeat || fresh);
      return true;
    },
    approveStay: (event) => {
      void handleApprove(true, event.repeat || fresh);
      return true;
    },
    approveFromEditor: (event) => {
      if (!editing) return false;
      void handleApprove(false, event.repeat || fresh);
      return true;
    },
    edit: () => {
      if (writing || !mayDecide) return false;
      setPanel(undefined);
      setEditing(true);
      return true;
    },
    keepEdit: () => {
      if (source) setSource(undefined);
      else if (panel) setPanel(undefined);
      else if (editing) {
        setEditing(false);
        box.current?.blur();
      } else return false;
      return true;
    },
    rewrite: () => {
      if (writing || !mayDecide) return false;
      setEditing(false);
      setPanel(panel === "rewrite" ? undefined : "rewrite");
      return true;
    },
    reject: () => {
      if (writing || !mayDecide) return false;
      setEditing(false);
      setPanel(panel === "reject" ? undefined : "reject");
      return true;
    },
    earlier: () => {
      if (writing || !earlier || earlier.id === draft.id) return false;
      edit.change(currentText(earlier));
      return true;
    },
    nextClaim: (event) => {
      if (claims.length === 0 || event.target !== document.body) return false;
      setClaimAt((claimAt + 1) % claims.length);
      sheet.current?.querySelector<HTMLElement>(".check button")?.focus();
      return true;
    },
    removeClaim: () => {
      if (!claim || editing) return false;
      removeClaim();
      return true;
    },
    keepClaim: () => {
      if (!claim) return false;
      keepClaim();
      return true;
    },
    source: (event) => {
      const number = Number(event.key);
      const chip = chips.current?.querySelector<HTMLElement>(`[data-source="${number}"]`);
      if (!chip) return false;
      showSource(number, chip, "press");
      return true;
    },
  });

  const cited = source && draft.citations.find((citation) => citation.number === source.number);
  const against = contradiction(draft);
  const by =
    draft.edited_by === me.id
      ? t("draft.youEdited")
      : editor
        ? t("draft.editedBy", { name: editor })
        : undefined;

  return (
    <section
      ref={sheet}
      className="draft"
      aria-label={changed ? t("draft.edited") : t("draft.title")}
      aria-busy={writing}
      data-inking={inking}
      data-fresh={fresh}
      data-status={draft.status}
    >
      <div className="dh">
        <span className="tag">
          <Icon of={PencilLine} />
          {writing ? t("draft.writing") : changed ? t("draft.edited") : t("draft.title")}
        </span>
        <span className="by">
          {editing ? (
            <span className="text-ink3">
              {edit.state === "kept"
                ? t("draft.saved")
                : edit.state === "keeping"
                  ? t("draft.savingEdit")
                  : t("draft.notKept")}
            </span>
          ) : holder ? (
            <span className="onit">
              <Avatar id={holder.id} name={holder.name} className="tiny" />
              <span dir="auto">{t("draft.on", { names: holder.name })}</span>
            </span>
          ) : (
            (by ?? t("draft.by", { name: workspace.assistant_name }))
          )}
        </span>
        {writing ? null : <Confidence draft={draft} />}
      </div>
      <section
        className="dbody"
        ref={body}
        tabIndex={writing || editing ? undefined : 0}
        aria-label={t("draft.text")}
      >
        {editing ? (
          <div className="dedit" dir="auto">
            <div className="back" aria-hidden="true">
              <EditorMarks pieces={pieces} flagged={claims} text={text} />
            </div>
            <textarea
              ref={box}
              aria-label={t("draft.editor")}
              value={text}
              maxLength={10_000}
              spellCheck
              onChange={(event) => {
                edit.change(event.target.value);
                typingIn(draft.conversation);
              }}
            />
          </div>
        ) : (
          <div className="dtext" dir="auto" data-testid="draft-text">
            {writing ? (
              <>
                {draft.text}
                <span className="caret" aria-hidden="true" />
              </>
            ) : (
              <DraftText
                pieces={pieces}
                sentences={draft.sentences}
                citations={draft.citations}
                flagged={flagged}
                current={claims.length > 1 ? claim?.start : undefined}
                onSource={showSource}
                onLeaveSource={leaveSource}
              />
            )}
          </div>
        )}
      </section>
      {writing ? <Stages stages={props.stages} /> : null}
      {holder && asked === holder.id ? (
        <section className="check" aria-label={t("draft.lease")}>
          <Avatar id={holder.id} name={holder.name} />
          <p>
            <b dir="auto">{t("draft.on", { names: holder.name })}</b>
            <span>{t("draft.askFirst", { name: firstName(holder.name) })}</span>
          </p>
          <button type="button" className="mini" onClick={() => void takeLease(draft.conversation)}>
            {t("draft.take")}
          </button>
        </section>
      ) : null}
      {edit.conflict ? (
        <div className="check calm" role="alert">
          <Icon of={UsersRound} />
          <p>
            <b>{t("draft.changed", { name: editor ?? t("draft.someone") })}</b>
            <span>{t("draft.changedText")}</span>
          </p>
          <button type="button" className="mini" onClick={edit.takeTheirs}>
            {t("draft.useTheirs")}
          </button>
          <button type="button" className="mini" onClick={edit.keepMine}>
            {t("draft.keepMine")}
          </button>
        </div>
      ) : null}
      <Several draft={draft} />
      {claim && !panel ? (
        <section className="check" aria-label={t("draft.claim")}>
          <Icon of={TriangleAlert} />
          <p>
            <b dir="auto">{warned ? t("draft.checkFirst") : (against?.[0] ?? t("draft.unsupported"))}</b>
            <span dir="auto">
              {claims.length > 1
                ? `${t("draft.claimOf", { n: claims.indexOf(claim) + 1, of: claims.length })}. `
                : ""}
              {against?.[1] ?? `“${draft.text.slice(claim.start, claim.end)}”`}
            </span>
          </p>
          <button type="button" className="mini" onClick={removeClaim}>
            {t("draft.remove")}
            <Cap>
              <Delete className="i" />
            </Cap>
          </button>
          <button type="button" className="mini" onClick={keepClaim}>
            {t("draft.keepIt")}
          </button>
        </section>
      ) : null}
      {draft.citations.length > 0 && !editing && !writing ? (
        <fieldset className="srcs" ref={chips} aria-label={t("draft.sources")}>
          {draft.citations.map((citation) => (
            <button
              key={citation.number}
              type="button"
              data-source={citation.number}
              aria-expanded={source?.number === citation.number}
              onMouseEnter={(event) => showSource(citation.number, event.currentTarget, "hover")}
              onMouseLeave={leaveSource}
              onFocus={(event) => showSource(citation.number, event.currentTarget, "hover")}
              onBlur={leaveSource}
              onClick={(event) => showSource(citation.number, event.currentTarget, "press")}
            >
              <span className="sr-only">{t("draft.sources")} </span>
              <em>{citation.number}</em>
              <span dir="auto">
                {citation.heading &&
                draft.citations.some((one) => one !== citation && one.title === citation.title)
                  ? `${citation.title}, ${citation.heading}`
                  : citation.title}
              </span>
            </button>
          ))}
        </fieldset>
      ) : null}
      <Suspense>
        {editing ? <Changes pieces={pieces} /> : null}
        {writing ? null : <Proposals draft={draft} />}
      </Suspense>
      <Suspense>
        {panel === "rewrite" ? (
          <RewriteChoices onChoose={(how) => void handleReject(how)} onClose={() => setPanel(undefined)} />
        ) : null}
        {panel === "reject" ? (
          <RejectChoices onChoose={(how) => void handleReject(how)} onClose={() => setPanel(undefined)} />
        ) : null}
      </Suspense>
      {mayDecide ? (
        <div className="act">
          <button
            type="button"
            className="btn go"
            disabled={writing || text.trim() === ""}
            // A press of the mouse is meant: only the claim check may hold it up.
            onClick={(event) => void handleApprove(event.shiftKey, false)}
          >
            {changed ? t("draft.approveEdited") : t("draft.approve")}
            <Key name={editing ? "approveFromEditor" : "approve"} />
          </button>
          {editing ? (
            <>
              <button type="button" className="btn" onClick={() => setEditing(false)}>
                {t("draft.keep")}
                <Cap>Esc</Cap>
              </button>
              {changed ? (
                <button type="button" className="btn" onClick={() => edit.change(draft.text)}>
                  {t("draft.reset")}
                </button>
              ) : null}
            </>
          ) : (
            <>
              <button type="button" className="btn" disabled={writing} onClick={() => setEditing(true)}>
                {t("draft.edit")}
                <Key name="edit" />
              </button>
              <button
                type="button"
                className="btn"
                disabled={writing}
                aria-expanded={panel === "rewrite"}
                onClick={() => setPanel(panel === "rewrite" ? undefined : "rewrite")}
              >
                {t("draft.rewrite")}
                <Key name="rewrite" />
              </button>
              <button
                type="button"
                className="btn"
                disabled={writing}
                aria-expanded={panel === "reject"}
                onClick={() => setPanel(panel === "reject" ? undefined : "reject")}
              >
                {t("draft.reject")}
                <Key name="reject" />
              </button>
              {!writing && earlier && earlier.id !== draft.id && earlier.status === "rejected" ? (
                <button type="button" className="btn opt" onClick={() => edit.change(currentText(earlier))}>
                  {t("draft.earlier")}
                  <Key name="earlier" />
                </button>
              ) : null}
            </>
          )}
          {props.next ? (
            <span className="next">
              {t("draft.after")} <b dir="auto">{props.next.name ?? t("draft.last")}</b>
            </span>
          ) : null}
        </div>
      ) : null}
      {cited && source ? (
        <Suspense>
          <SourcePopover
            citation={cited}
            anchor={source.anchor}
            pinned={source.pinned}
            onClose={() => setSource(undefined)}
            onHover={() => window.clearTimeout(hover.current)}
            onLeave={leaveSource}
          />
        </Suspense>
      ) : null}
    </section>
  );
}

/** How sure the agent is, and of what. */
function Confidence({ draft }: { draft: DraftView }) {
  const { t } = useTranslation();
  const intent = draft.intent?.replaceAll("_", " ");
  const n = percent(draft.confidence);
  const fill =
    draft.confidence >= 0.85
      ? "var(--green)"
      : draft.confidence >= 0.5
        ? "var(--amber-mark)"
        : "var(--brick)";
  return (
    <span className="conf">
      <span className="meter" role="img" aria-label={t("draft.meter", { n })}>
        <i style={{ transform: `scaleX(${draft.confidence})`, background: fill }} />
      </span>
      <span className="num">
        <Trans
          t={t}
          i18nKey={intent ? "draft.sureOf" : "draft.sure"}
          values={{ n, intent: intent ?? "" }}
          components={[<b key="0" />]}
        />
      </span>
    </span>
  );
}

/** A draft that could not be finished: a person goes on. */
export function FailedDraft({ onWrite }: { onWrite: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="bar3">
      <Icon of={BrainCircuit} />
      <p className="flex-1">
        <b className="font-[600] text-ink">{t("draft.failed")}</b> {t("draft.failedText")}
      </p>
      <button type="button" className="btn line" onClick={onWrite}>
        {t("conv.write")}
        <Key name="reply" />
      </button>
    </div>
  );
}
