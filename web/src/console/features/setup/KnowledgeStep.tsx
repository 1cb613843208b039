import { useQuery } from "@tanstack/react-query";
import { FileUp } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { Field } from "../../parts/Field";
import type { Workspace } from "../../types";
import { ACCEPT } from "../knowledge/accept";
import { forgetUpload, sendFiles, useUploads } from "../knowledge/uploads";
import { Save, type StepProps } from "./Setup";

/** Things customers ask for that are named as worth writing. */
const NAMED = 3;

/** The weekdays' own names, Monday first. */
function dayName(day: string): string {
  const at = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].indexOf(day);
  // 5 January 2026 was a Monday.
  return new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" }).format(
    Date.UTC(2026, 0, 5 + at),
  );
}

/** The hours that were given, as a customer would read them. */
function useHoursText(workspace: Workspace): string {
  const { t } = useTranslation("setup");
  if (workspace.hours.length === 0) return t("articleAlways");
  const list = new Intl.ListFormat("en", { type: "conjunction" });
  const blocks = workspace.hours.map((one) =>
    t("articleBlock", { days: list.format(one.days.map(dayName)), from: one.from, to: one.to }),
  );
  return t("articleOpen", { business: workspace.name, hours: list.format(blocks) });
}

export function KnowledgeStep({ workspace, onDone }: StepProps) {
  const { t } = useTranslation("setup");
  const { data: known } = useQuery(ask.documents);
  const { data: agents } = useQuery(ask.agents);
  const uploads = useUploads((all) => all.all);
  const [title, setTitle] = useState<string>(t("articleHours"));
  const [body, setBody] = useState(useHoursText(workspace));
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const picker = useRef<HTMLInputElement>(null);
  const count = known?.items.length ?? 0;
  const written = known?.items.some((one) => one.title === title.trim()) ?? false;
  const asks = agents?.find((one) => one.key === workspace.agent)?.asks.slice(0, NAMED) ?? [];
  const language = workspace.locale.split("-")[0] ?? "en";

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      if (!written && body.trim() !== "") {
        await api.addDocument({ title: title.trim(), body: body.trim(), language });
        await queries.invalidateQueries({ queryKey: ["documents"] });
      }
      setWrong(await onDone());
    } catch (error) {
      setWrong(refusal(error));
    }
    setBusy(false);
  }

  return (
    <form className="grid max-w-[640px] gap-5" onSubmit={(event) => void handleSubmit(event)}>
      <p className="text-ink2">{t("articleText")}</p>
      {written ? null : (
        <>
          <Field label={t("articleTitle")}>
            {(field) => (
              <input
                {...field}
                className="input"
                required
                dir="auto"
                maxLength={200}
                value={title}
                onChange={(event) => setTitle(event.target.value)}
              />
            )}
          </Field>
          <Field label={t("articleBody")} hint={t("articleBodyHint")}>
            {(field) => (
              <textarea
                {...field}
                className="input"
                required={count === 0}
                dir="auto"
                rows={5}
                value={body}
                onChange={(event) => setBody(event.target.value)}
              />
            )}
          </Field>
        </>
      )}
      <div className="flex flex-wrap items-center gap-2 text-ink2">
        {t("orUpload")}
        <button type="button" className="btn line" onClick={() => picker.current?.click()}>
          <Icon of={FileUp} size="s" />
          {t("upload")}
        </button>
        <input
          ref={picker}
          type="file"
          className="sr-only"
          tabIndex={-1}
          aria-label={t("upload")}
          accept={ACCEPT}
          multiple
          onChange={(event) => {
            sendFiles([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </div>
      {uploads.map((one) => (
        <p key={one.key} className={`flex items-center gap-2 ${one.problem ? "text-brick" : "text-ink2"}`}>
          <bdi>{one.name}</bdi>
          <span className="num">{one.problem ?? `${Math.round(one.done * 100)} %`}</span>
          {one.problem ? (
            <button type="button" className="btn" onClick={() => forgetUpload(one.key)}>
              {t("app.close", { ns: "console" })}
            </button>
          ) : null}
        </p>
      ))}
      {count > 0 ? <p role="status">{t("uploaded", { count })}</p> : null}
      {asks.length > 0 ? (
        <p className="text-small text-ink3">{t("articleNext", { asks: asks.join(", ") })}</p>
      ) : null}
      <Save busy={busy} wrong={wrong} />
    </form>
  );
}
