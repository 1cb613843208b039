import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import "../../i18n/settings";
import { refusal } from "../../lib/refusal";
import { useMay } from "../../parts/data";
import { Field } from "../../parts/Field";
import { toast } from "../../parts/toast";
import type { Hours, Session, Workspace } from "../../types";
import { HoursField } from "./HoursField";
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
        <HoursField hours={hours} onChange={setHours} />
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
