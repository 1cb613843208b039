import { AlarmClockOff } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api";
import { weekdayTime } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { patchInbox } from "../../live/inbox";
import { myId } from "../../live/live";
import { Icon } from "../../parts/basics";
import { MenuItem, MenuLine, MenuTitle } from "../../parts/Menu";
import { complain, toast } from "../../parts/toast";
import type { ConversationSummary } from "../../types";

const HOUR = 3_600_000;
const MORNING = 9;
const EVENING = 18;

type Choice = { readonly key: "hours" | "evening" | "tomorrow" | "monday" | "week"; readonly at: Date };

/** The times most people mean; those that are over or nearly the same are left out. */
export function choices(now: Date): readonly Choice[] {
  const at = (days: number, hour: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const monday = (8 - now.getDay()) % 7 || 7;
  const all: Choice[] = [
    { key: "hours", at: new Date(now.getTime() + 3 * HOUR) },
    { key: "evening", at: at(0, EVENING) },
    { key: "tomorrow", at: at(1, MORNING) },
    { key: "monday", at: at(monday, MORNING) },
    { key: "week", at: at(7, MORNING) },
  ];
  return all.filter(
    (one, index) =>
      one.at.getTime() > now.getTime() + HOUR / 2 &&
      !all.slice(0, index).some((other) => other.at.getTime() === one.at.getTime()),
  );
}

export async function snooze(row: ConversationSummary, until: Date | undefined): Promise<boolean> {
  try {
    patchInbox(await api.snooze(row.id, until?.toISOString()), myId(), true);
    return true;
  } catch (error) {
    complain(refusal(error));
    return false;
  }
}

/** Until when a conversation is put away. */
export function SnoozeMenu({ row, onAway }: { row: ConversationSummary; onAway: () => void }) {
  const { t } = useTranslation();
  const offered = useMemo(() => choices(new Date()), []);
  const [own, setOwn] = useState("");

  async function put(until: Date | undefined) {
    if (!(await snooze(row, until))) return;
    if (!until) return;
    toast(t("snooze.done", { at: weekdayTime(until) }));
    onAway();
  }

  return (
    <>
      <MenuTitle>{t("snooze.title")}</MenuTitle>
      {row.snoozed_until ? (
        <>
          <MenuItem onSelect={() => void put(undefined)}>
            <Icon of={AlarmClockOff} />
            {t("snooze.wake")}
          </MenuItem>
          <MenuLine />
        </>
      ) : null}
      {offered.map((one) => (
        <MenuItem key={one.key} onSelect={() => void put(one.at)}>
          {t(`snooze.${one.key}`)}
          <span className="num ms-auto ps-6 text-ink3">{weekdayTime(one.at)}</span>
        </MenuItem>
      ))}
      <MenuLine />
      <form
        className="flex items-center gap-1.5 p-1"
        onSubmit={(event) => {
          event.preventDefault();
          const until = new Date(own);
          if (!Number.isNaN(until.getTime())) void put(until);
        }}
      >
        <input
          type="datetime-local"
          className="input h-8! w-44! tabular-nums"
          aria-label={t("snooze.own")}
          value={own}
          onChange={(event) => setOwn(event.target.value)}
          onKeyDown={(event) => event.stopPropagation()}
        />
        <button type="submit" className="btn line h-8!" disabled={own === ""}>
          {t("snooze.set")}
        </button>
      </form>
    </>
  );
}
