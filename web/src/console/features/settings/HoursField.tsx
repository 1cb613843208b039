import { Plus, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import "../../i18n/settings";
import { Icon } from "../../parts/basics";
import { DAYS, type Day, type Hours } from "../../types";

/** When people are there: any number of blocks of hours on some weekdays. */
export function HoursField(props: { hours: readonly Hours[]; onChange: (hours: readonly Hours[]) => void }) {
  const { t } = useTranslation();
  const { hours, onChange: setHours } = props;

  const change = (at: number, patch: Partial<Hours>) =>
    setHours(hours.map((one, index) => (index === at ? { ...one, ...patch } : one)));
  const toggle = (at: number, day: Day) => {
    const days = hours[at]?.days ?? [];
    change(at, { days: DAYS.filter((one) => (one === day ? !days.includes(one) : days.includes(one))) });
  };

  return (
    <fieldset>
      <legend className="lab">{t("settings.hours")}</legend>
      <div className="grid gap-2.5">
        {hours.length === 0 ? <p className="text-ink3">{t("settings.closed")}</p> : null}
        {hours.map((one, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows of hours have no identity beyond their place.
          <div key={at} className="flex flex-wrap items-center gap-2">
            <div className="flex gap-1">
              {DAYS.map((day) => (
                <button
                  key={day}
                  type="button"
                  aria-pressed={one.days.includes(day)}
                  onClick={() => toggle(at, day)}
                  className="h-8 min-w-10 rounded-r1 px-1.5 text-small font-[540] text-ink3 shadow-[inset_0_0_0_1px_var(--line2)] aria-pressed:bg-green-tint aria-pressed:text-green aria-pressed:shadow-[inset_0_0_0_1px_var(--green-line)]"
                >
                  {t(`settings.days.${day}`)}
                </button>
              ))}
            </div>
            <input
              type="time"
              className="input w-28! tabular-nums max-sm:w-34!"
              aria-label={t("settings.from")}
              value={one.from}
              onChange={(event) => change(at, { from: event.target.value })}
            />
            <span className="text-ink3">{t("settings.to")}</span>
            <input
              type="time"
              className="input w-28! tabular-nums max-sm:w-34!"
              aria-label={t("settings.to")}
              value={one.to}
              onChange={(event) => change(at, { to: event.target.value })}
            />
            <button
              type="button"
              className="icb"
              aria-label={t("settings.removeHours")}
              onClick={() => setHours(hours.filter((_, index) => index !== at))}
            >
              <Icon of={X} />
            </button>
          </div>
        ))}
        <button
          type="button"
          className="btn line justify-self-start"
          onClick={() =>
            setHours([...hours, { days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "17:00" }])
          }
        >
          <Icon of={Plus} size="s" />
          {t("settings.addHours")}
        </button>
      </div>
      <p className="hint">{t("settings.hoursHint")}</p>
    </fieldset>
  );
}
