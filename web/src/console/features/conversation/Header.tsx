import { Link } from "@tanstack/react-router";
import {
  AlarmClock,
  ArrowLeft,
  CircleCheck,
  Ellipsis,
  Hand,
  History,
  PanelRight,
  RotateCcw,
  Tag,
  UserRound,
  Workflow,
} from "lucide-react";
import { memo, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Timeline } from "@/wire/timeline";
import { api } from "../../api";
import { span, useNow, weekdayTime } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { late } from "../../lib/late";
import { NARROW, NO_CONTEXT, useMedia } from "../../lib/media";
import { refusal } from "../../lib/refusal";
import { patchInbox } from "../../live/inbox";
import { line, myId } from "../../live/live";
import { Avatar, Chosen, Icon, IconButton, Key } from "../../parts/basics";
import { stateColour, useMay, useMe, useStaff, useWorkflow } from "../../parts/data";
import { Menu, MenuItem, MenuLine, MenuTitle } from "../../parts/Menu";
import { complain } from "../../parts/toast";
import type { Command, ConversationSummary } from "../../types";

const SnoozeSheet = late(() => import("./Snooze"), "SnoozeSheet");
const LabelsPopover = late(() => import("./Labels"), "LabelsPopover");
const SnoozeMenu = late(() => import("./Snooze"), "SnoozeMenu");

type MenuName = "status" | "assign" | "labels" | "snooze";

type Props = {
  summary: ConversationSummary;
  timeline: Timeline;
  back: "approvals" | "inbox";
  onWhy: () => void;
  onContext: () => void;
  onLookBack: () => void;
  /** It was put away: there is nothing more to do here now. */
  onAway: () => void;
};

const names = (people: readonly { readonly name: string }[]): string =>
  people.map((one) => one.name).join(", ");

/** Runs a command whose result comes back as a signal. */
export async function command(request: Command): Promise<boolean> {
  try {
    await line().request(request);
    return true;
  } catch (error) {
    complain(refusal(error));
    return false;
  }
}

export async function resolve(summary: ConversationSummary): Promise<void> {
  try {
    patchInbox(await api.resolve(summary.id, !summary.resolved), myId(), true);
  } catch (error) {
    complain(refusal(error));
  }
}

export const Header = memo(function Header(props: Props) {
  const { summary, timeline, back, onWhy, onContext, onLookBack, onAway } = props;
  const { t } = useTranslation();
  const { me, workspace } = useMe();
  const mayAct = useMay("staff");
  const narrow = useMedia(NARROW);
  const noContext = useMedia(NO_CONTEXT);
  const now = useNow(15_000);
  const staff = useStaff();
  const workflow = useWorkflow();
  const [menu, setMenu] = useState<MenuName>();
  const [ownTime, setOwnTime] = useState(false);
  const Title = narrow ? "h1" : "h2";
  const state = workflow.states.find((one) => one.key === summary.status);
  const assignee = staff.find((one) => one.id === summary.assignee);
  const viewers = timeline.viewers.filter((person) => person.id !== me.id);
  const moves = workflow.moves(summary.status);

  function opened(name: MenuName): boolean {
    if (!mayAct) return false;
    setMenu(name);
    return true;
  }

  useKeys({
    status: () => moves.length > 0 && opened("status"),
    assign: () => opened("assign"),
    labels: () => opened("labels"),
    takeOver: () => {
      if (!mayAct) return false;
      void command({ cmd: summary.owner === "person" ? "hand_back" : "take_over", conversation: summary.id });
      return true;
    },
    resolve: () => {
      if (!mayAct) return false;
      void resolve(summary);
      return true;
    },
    snooze: () => !summary.resolved && opened("snooze"),
    why: () => void onWhy(),
    lookBack: () => void onLookBack(),
    context: () => {
      if (!noContext) return false;
      onContext();
      return true;
    },
  });

  const opens = (name: MenuName) => ({
    open: menu === name,
    onOpenChange: (open: boolean) => setMenu(open ? name : undefined),
  });
  const meta = timeline.contactOnline
    ? t("conv.online")
    : summary.waiting_since
      ? t("conv.waiting", { span: span(now - Date.parse(summary.waiting_since)) })
      : "";

  const labelsButton = (
    <button
      type="button"
      className={summary.labels.length > 0 && !narrow ? "pill labelled" : "at-end"}
      tabIndex={summary.labels.length > 0 && !narrow ? 0 : -1}
      aria-label={`${t("conv.labels")}: ${summary.labels.join(", ")}`}
      disabled={!mayAct}
    >
      <Icon of={Tag} size="xs" />
      <span className="t" dir="auto">
        {summary.labels[0]}
        {summary.labels.length > 1 ? ` +${summary.labels.length - 1}` : ""}
      </span>
    </button>
  );

  return (
    <header className="chd">
      {narrow ? (
        <Link
          to={back === "approvals" ? "/approvals/{-$id}" : "/inbox/{-$id}"}
          params={{ id: undefined }}
          search={(old) => old}
          className="icb"
          aria-label={t("app.back")}
        >
          <ArrowLeft className="i" aria-hidden="true" />
        </Link>
      ) : null}
      <Title dir="auto">{summary.title || summary.contact.name || t("conv.untitled")}</Title>
      <span className="m num">
        {/* Beside the pane that names the customer, the title needs the room. */}
        {narrow || !noContext || !summary.title ? null : <bdi>{summary.contact.name}</bdi>}
        {narrow ? "" : noContext && summary.title && meta ? `, ${meta}` : meta}
      </span>
      <span className="ms-auto" />
      {viewers.length > 0 ? (
        <span
          className="faces"
          role="img"
          aria-label={t("conv.here", { count: viewers.length, names: names(viewers) })}
          title={t("conv.here", { count: viewers.length, names: names(viewers) })}
        >
          {viewers.slice(0, 3).map((person) => (
            <Avatar key={person.id} id={person.id} name={person.name} />
          ))}
        </span>
      ) : null}
      <Menu
        {...opens("status")}
        trigger={
          <button
            type="button"
            className="pill"
            disabled={!mayAct || moves.length === 0}
            aria-label={`${t("conv.status")}: ${workflow.label(summary.status)}`}
          >
            <i style={{ background: stateColour(state) }} />
            {workflow.label(summary.status)}
          </button>
        }
      >
        <MenuTitle>{t("conv.status")}</MenuTitle>
        {moves.map((move) => (
          <MenuItem
            key={move.key}
            onSelect={() => void command({ cmd: "set_status", conversation: summary.id, status: move.key })}
          >
            <span className="size-2 rounded-full" style={{ background: stateColour(move) }} />
            {move.label}
          </MenuItem>
        ))}
      </Menu>
      <Menu
        {...opens("assign")}
        trigger={
          <button
            type="button"
            className="pill"
            disabled={!mayAct}
            aria-label={`${t("conv.assign")}: ${assignee?.name ?? t("conv.unassigned")}`}
          >
            <Icon of={UserRound} size="s" />
            <span className="t" dir="auto">
              {assignee ? assignee.name.split(" ")[0] : t("conv.unassigned")}
            </span>
          </button>
        }
      >
        <MenuTitle>{t("conv.assign")}</MenuTitle>
        {staff
          .filter((one) => !one.disabled && one.role !== "viewer")
          .map((one) => (
            <MenuItem
              key={one.id}
              onSelect={() => void command({ cmd: "assign", conversation: summary.id, staff: one.id })}
            >
              <Avatar id={one.id} name={one.name} className="size-6! text-[9.5px]!" />
              <span dir="auto">
                {one.name}
                {one.id === me.id ? ` (${t("app.you")})` : ""}
              </span>
              <Chosen on={one.id === summary.assignee} />
            </MenuItem>
          ))}
        <MenuLine />
        <MenuItem onSelect={() => void command({ cmd: "assign", conversation: summary.id })}>
          {t("app.nobody")}
          <Chosen on={summary.assignee === undefined} />
        </MenuItem>
      </Menu>
      <Suspense fallback={labelsButton}>
        <LabelsPopover {...opens("labels")} summary={summary} trigger={labelsButton} />
      </Suspense>
      <Menu
        {...opens("snooze")}
        trigger={
          <button
            type="button"
            className={summary.snoozed_until ? "pill snoozed" : "at-end"}
            tabIndex={summary.snoozed_until ? 0 : -1}
            aria-label={
              summary.snoozed_until
                ? t("snooze.until", { at: weekdayTime(new Date(summary.snoozed_until)) })
                : t("snooze.title")
            }
            disabled={!mayAct}
          >
            <Icon of={AlarmClock} size="s" />
            {summary.snoozed_until ? (
              <span className="t num">{weekdayTime(new Date(summary.snoozed_until))}</span>
            ) : null}
          </button>
        }
      >
        <Suspense>
          <SnoozeMenu row={summary} onAway={onAway} onOwn={() => setOwnTime(true)} />
        </Suspense>
      </Menu>
      <Menu
        trigger={
          <button type="button" className="icb" aria-label={t("app.more")}>
            <Icon of={Ellipsis} />
          </button>
        }
      >
        {mayAct ? (
          <>
            <MenuItem
              onSelect={() =>
                void command({
                  cmd: summary.owner === "person" ? "hand_back" : "take_over",
                  conversation: summary.id,
                })
              }
            >
              <Icon of={Hand} />
              {summary.owner === "person"
                ? t("conv.handBack", { name: workspace.assistant_name })
                : t("conv.takeOver")}
              <Key name="takeOver" />
            </MenuItem>
            <MenuItem onSelect={() => void resolve(summary)}>
              <Icon of={summary.resolved ? RotateCcw : CircleCheck} />
              {summary.resolved ? t("conv.reopen") : t("conv.resolve")}
              <Key name="resolve" />
            </MenuItem>
            {summary.resolved ? null : (
              <MenuItem onSelect={() => setMenu("snooze")}>
                <Icon of={AlarmClock} />
                {t("snooze.title")}
                <Key name="snooze" />
              </MenuItem>
            )}
            <MenuItem onSelect={() => setMenu("labels")}>
              <Icon of={Tag} />
              {t("conv.labels")}
              <Key name="labels" />
            </MenuItem>
            <MenuLine />
          </>
        ) : null}
        <MenuItem onSelect={onWhy}>
          <Icon of={Workflow} />
          {t("conv.why")}
          <Key name="why" />
        </MenuItem>
        <MenuItem onSelect={onLookBack}>
          <Icon of={History} />
          {t("back.title")}
          <Key name="lookBack" />
        </MenuItem>
        {noContext ? (
          <MenuItem onSelect={onContext}>
            <Icon of={PanelRight} />
            {t("conv.details")}
            <Key name="context" />
          </MenuItem>
        ) : null}
      </Menu>
      {noContext && !narrow ? (
        <IconButton says={t("conv.details")} icon={PanelRight} keys="context" onClick={onContext} />
      ) : null}
      <Suspense>
        {ownTime ? <SnoozeSheet row={summary} onAway={onAway} onClose={() => setOwnTime(false)} /> : null}
      </Suspense>
    </header>
  );
});
