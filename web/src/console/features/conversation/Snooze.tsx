import i18next from "i18next";
import { AlarmClockOff, CalendarClock } from "lucide-react";
import { type FormEvent, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api";
import { weekdayTime } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { patchInbox } from "../../live/inbox";
import { myId } from "../../live/live";
import { Icon } from "../../parts/basics";
import { Field } from "../../parts/Field";
import { MenuItem, MenuLine, MenuTitle } from "../../parts/Menu";
import { Sheet } from "../../parts/Sheet";
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
    if (until) toast(i18next.t("snooze.done", { at: weekdayTime(until) }));
    return true;
  } catch (error) {
    complain(refusal(error));
    return false;
  }
}

/** Until when a conversation is put away. */
export function SnoozeMenu(props: { row: ConversationSummary; onAway: () => void; onOwn: () => void }) {
  const { row, onAway, onOwn } = props;
  const { t } = useTranslation();
  const offered = useMemo(() => choices(new Date()), []);
  return (
    <>
      <MenuTitle>{t("snooze.title")}</MenuTitle>
      {row.snoozed_until ? (
        <>
          <MenuItem onSelect={() => void snooze(row, undefined)}>
            <Icon of={AlarmClockOff} />
            {t("snooze.wake")}
          </MenuItem>
          <MenuLine />
        </>
      ) : null}
      {offered.map((one) => (
        <MenuItem key={one.key} onSelect={() => void snooze(row, one.at).then((done) => done && onAway())}>
          {t(`snooze.${one.key}`)}
          <span className="num ms-auto ps-6 text-ink3">{weekdayTime(one.at)}</span>
        </MenuItem>
      ))}
      <MenuLine />
      <MenuItem onSelect={onOwn}>
        <Icon of={CalendarClock} />
        {t("snooze.own")}
      </MenuItem>
    </>
  );
}

/** A day and time of one's own. */
export function SnoozeSheet(props: { row: ConversationSummary; onAway: () => void; onClose: () => void }) {
  const { t } = useTranslation();
  const [own, setOwn] = useState("");
  const [wrong, setWrong] = useState<string>();

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    const until = new Date(own);
    if (Number.isNaN(until.getTime()) || until.getTime() <= Date.now()) {
      setWrong(t("snooze.past"));
      return;
    }
    if (!(await snooze(props.row, until))) return;
    props.onClose();
    props.onAway();
  }

  return (
    <Sheet open onOpenChange={(open) => !open && props.onClose()} title={t("snooze.title")}>
      <form className="grid gap-4 p-5" onSubmit={(event) => void handleSubmit(event)}>
        <Field label={t("snooze.until_label")} wrong={wrong}>
          {(field) => (
            <input
              {...field}
              type="datetime-local"
              className="input w-60! tabular-nums"
              required
              value={own}
              onChange={(event) => setOwn(event.target.value)}
            />
          )}
        </Field>
        <div>
          <button type="submit" className="btn go plain" disabled={own === ""}>
            {t("snooze.set")}
          </button>
        </div>
      </form>
    </Sheet>
  );
}
