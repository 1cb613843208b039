import { useQuery } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { Field } from "../../parts/Field";
import { toast } from "../../parts/toast";
import { DAYS, type Day, type Hours, type Session, type Workspace } from "../../types";
import { Speech } from "./Speech";

export function WorkspaceSettings() {
  const { data } = useQuery(ask.workspace);
  return data ? (
    <>
      <Form key={data.id} workspace={data} />
      <div className="mt-8 max-w-[640px]">
        <Speech />
      </div>
    </>
  ) : null;
}

/** Keeps the session's copy of the workspace equal to the saved one. */
export function workspaceSaved(workspace: Workspace): void {
  queries.setQueryData(ask.workspace.queryKey, workspace);
  queries.setQueryData<Session>(ask.session.queryKey, (session) => session && { ...session, workspace });
}

function Form({ workspace }: { workspace: Workspace }) {
  const { t } = useTranslation();
  const mayWrite = useMay("manager");
  const [hours, setHours] = useState<readonly Hours[]>(workspace.hours);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const value = (name: string) => String(form.get(name) ?? "").trim();
    setBusy(true);
    setWrong(undefined);
    try {
      workspaceSaved(
        await api.changeWorkspace({
          name: value("name"),
          timezone: value("timezone"),
          undo_seconds: Number(value("undo_seconds")),
          hours: hours.filter((one) => one.days.length > 0),
        }),
      );
      toast(t("app.saved"));
    } catch (error) {
      setWrong(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  const change = (at: number, patch: Partial<Hours>) =>
    setHours(hours.map((one, index) => (index === at ? { ...one, ...patch } : one)));
  const toggle = (at: number, day: Day) => {
    const days = hours[at]?.days ?? [];
    change(at, { days: DAYS.filter((one) => (one === day ? !days.includes(one) : days.includes(one))) });
  };

  return (
    <form onSubmit={handleSubmit}>
      {mayWrite ? null : <p className="mb-4 text-ink3">{t("settings.managersOnly")}</p>}
      <fieldset disabled={!mayWrite} className="grid max-w-[640px] gap-5">
        <div className="grid gap-5 sm:grid-cols-2">
          <Field label={t("settings.business")}>
            {(field) => (
              <input
                {...field}
                className="input"
                name="name"
                required
                dir="auto"
                defaultValue={workspace.name}
                maxLength={120}
              />
            )}
          </Field>
        </div>
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
                setHours([
                  ...hours,
                  { days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "17:00" },
                ])
              }
            >
              <Icon of={Plus} size="s" />
              {t("settings.addHours")}
            </button>
          </div>
          <p className="hint">{t("settings.hoursHint")}</p>
        </fieldset>
        <div className="grid gap-5 sm:grid-cols-2">
          <Field label={t("settings.timezone")}>
            {(field) => (
              <>
                <input
                  {...field}
                  className="input"
                  name="timezone"
                  required
                  list="zones"
                  defaultValue={workspace.timezone}
                  dir="ltr"
                />
                <datalist id="zones">
                  {Intl.supportedValuesOf("timeZone").map((zone) => (
                    <option key={zone} value={zone} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
          <Field label={t("settings.undo")} hint={t("settings.undoHint")}>
            {(field) => (
              <input
                {...field}
                className="input w-24! tabular-nums"
                name="undo_seconds"
                type="number"
                min={0}
                max={60}
                defaultValue={workspace.undo_seconds}
              />
            )}
          </Field>
        </div>
        {wrong ? (
          <p className="err mt-0!" role="alert">
            {wrong}
          </p>
        ) : null}
        <div>
          <button type="submit" className="btn go plain" disabled={busy || !mayWrite}>
            {busy ? t("app.saving") : t("app.save")}
          </button>
        </div>
      </fieldset>
    </form>
  );
}
