import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask } from "../../api";
import "../../i18n/settings";
import { contrast } from "../../lib/contrast";
import { refusal } from "../../lib/refusal";
import { useMay } from "../../parts/data";
import { Field } from "../../parts/Field";
import { toast } from "../../parts/toast";
import type { Workspace } from "../../types";
import { Preview } from "./Preview";
import { Snippet } from "./Snippet";
import { workspaceSaved } from "./WorkspaceSettings";

const ENOUGH = 4.5;
const MOST_STARTERS = 3;

const lines = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

export function WidgetSettings() {
  const { data } = useQuery(ask.workspace);
  return data ? <Form key={data.id} workspace={data} /> : null;
}

function Form({ workspace }: { workspace: Workspace }) {
  const { t } = useTranslation();
  const mayWrite = useMay("manager");
  const [look, setLook] = useState({
    accent: workspace.accent,
    assistant_name: workspace.assistant_name,
    greeting: workspace.greeting,
    starters: workspace.starters.join("\n"),
    allowed_origins: workspace.allowed_origins.join("\n"),
  });
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const hex = /^#[0-9a-f]{6}$/i.test(look.accent);
  const ratio = hex ? contrast(look.accent, "#ffffff") : 0;
  const pale = ratio < ENOUGH;
  const set = (key: keyof typeof look) => (event: { target: { value: string } }) =>
    setLook({ ...look, [key]: event.target.value });

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setWrong(undefined);
    try {
      workspaceSaved(
        await api.changeWorkspace({
          ...look,
          starters: lines(look.starters).slice(0, MOST_STARTERS),
          allowed_origins: lines(look.allowed_origins),
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
    <>
      <div className="mb-6">
        <p className="lab">{t("settings.snippet")}</p>
        <Snippet slug={workspace.slug} />
      </div>
      <div className="grid gap-8 lg:grid-cols-[minmax(0,1fr)_328px]">
        <form onSubmit={handleSubmit}>
          {mayWrite ? null : <p className="mb-4 text-ink3">{t("settings.managersOnly")}</p>}
          <fieldset disabled={!mayWrite} className="grid gap-5">
            <div className="grid gap-5 sm:grid-cols-2">
              <Field label={t("settings.assistant")}>
                {(field) => (
                  <input
                    {...field}
                    className="input"
                    required
                    dir="auto"
                    value={look.assistant_name}
                    maxLength={60}
                    onChange={set("assistant_name")}
                  />
                )}
              </Field>
              <Field
                label={t("settings.accent")}
                hint={t("settings.accentHint", { n: ratio.toFixed(1) })}
                wrong={pale ? t("settings.accentLow", { n: ratio.toFixed(1) }) : undefined}
              >
                {(field) => (
                  <div className="flex items-center gap-2">
                    <input
                      type="color"
                      className="size-[34px] cursor-pointer rounded-r2 bg-transparent"
                      aria-label={t("settings.accent")}
                      value={hex ? look.accent : "#000000"}
                      onChange={set("accent")}
                    />
                    <input
                      {...field}
                      className="input w-28! font-mono"
                      value={look.accent}
                      pattern="#[0-9a-fA-F]{6}"
                      aria-invalid={pale}
                      dir="ltr"
                      onChange={set("accent")}
                    />
                  </div>
                )}
              </Field>
            </div>
            <Field label={t("settings.greeting")} hint={t("settings.greetingHint")}>
              {(field) => (
                <textarea
                  {...field}
                  className="input"
                  dir="auto"
                  rows={3}
                  value={look.greeting}
                  maxLength={500}
                  onChange={set("greeting")}
                />
              )}
            </Field>
            <Field label={t("settings.starters")} hint={t("settings.startersHint")}>
              {(field) => (
                <textarea
                  {...field}
                  className="input"
                  dir="auto"
                  rows={3}
                  value={look.starters}
                  onChange={set("starters")}
                />
              )}
            </Field>
            <Field label={t("settings.origins")} hint={t("settings.originsHint")}>
              {(field) => (
                <textarea
                  {...field}
                  className="input font-mono text-[12.5px]!"
                  dir="ltr"
                  rows={2}
                  spellCheck={false}
                  value={look.allowed_origins}
                  onChange={set("allowed_origins")}
                />
              )}
            </Field>
            {wrong ? (
              <p className="err mt-0!" role="alert">
                {wrong}
              </p>
            ) : null}
            <div className="flex gap-2">
              <button type="submit" className="btn go plain" disabled={busy || pale || !mayWrite}>
                {busy ? t("app.saving") : t("app.save")}
              </button>
              <a className="btn" href={`/demo/${workspace.slug}`} target="_blank" rel="noreferrer">
                {t("settings.tryIt")}
              </a>
            </div>
          </fieldset>
        </form>
        <Preview
          name={workspace.name}
          accent={hex ? look.accent : workspace.accent}
          greeting={look.greeting}
          starters={lines(look.starters).slice(0, MOST_STARTERS)}
        />
      </div>
    </>
  );
}
