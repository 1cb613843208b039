import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import "../../i18n/settings";
import { contrast } from "../../lib/contrast";
import { Field } from "../../parts/Field";
import { Preview } from "../settings/Preview";
import { Snippet } from "../settings/Snippet";
import { Save, type StepProps } from "./Setup";

/** Accents that white text can be read on. */
const ACCENTS = ["#0d5c49", "#1f4e8c", "#6a3fa0", "#a3341f", "#8a5200", "#1d1c1a"];
const ENOUGH = 4.5;

export function WidgetStep({ workspace, onDone }: StepProps) {
  const { t } = useTranslation("setup");
  const { t: say } = useTranslation("console");
  const [accent, setAccent] = useState(workspace.accent);
  const [name, setName] = useState(workspace.assistant_name);
  const [greeting, setGreeting] = useState(workspace.greeting);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const ratio = contrast(accent, "#ffffff");
  const pale = ratio < ENOUGH;

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setWrong(await onDone({ accent, assistant_name: name.trim(), greeting: greeting.trim() }));
    setBusy(false);
  }

  return (
    <div className="grid gap-8 lg:grid-cols-[minmax(0,1fr)_300px]">
      <form className="grid content-start gap-5" onSubmit={(event) => void handleSubmit(event)}>
        <p className="text-ink2">{t("widgetText")}</p>
        <fieldset>
          <legend className="lab">{say("settings.accent")}</legend>
          <div className="flex flex-wrap items-center gap-2">
            {ACCENTS.map((one) => (
              <button
                key={one}
                type="button"
                aria-label={one}
                aria-pressed={one === accent}
                style={{ background: one }}
                className="size-8 rounded-full aria-pressed:shadow-[0_0_0_2px_var(--paper),0_0_0_4px_var(--green)]"
                onClick={() => setAccent(one)}
              />
            ))}
            <input
              type="color"
              className="size-8 cursor-pointer bg-transparent"
              aria-label={say("settings.accent")}
              value={accent}
              onChange={(event) => setAccent(event.target.value)}
            />
          </div>
          {pale ? <p className="err">{say("settings.accentLow", { n: ratio.toFixed(1) })}</p> : null}
        </fieldset>
        <div className="max-w-[300px]">
          <Field label={say("settings.assistant")}>
            {(field) => (
              <input
                {...field}
                className="input"
                required
                dir="auto"
                maxLength={60}
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
        </div>
        <Field label={say("settings.greeting")} hint={say("settings.greetingHint")}>
          {(field) => (
            <textarea
              {...field}
              className="input"
              required
              dir="auto"
              rows={3}
              maxLength={500}
              value={greeting}
              onChange={(event) => setGreeting(event.target.value)}
            />
          )}
        </Field>
        <div>
          <p className="lab">{t("snippet")}</p>
          <Snippet slug={workspace.slug} />
        </div>
        <Save busy={busy} wrong={wrong} disabled={pale} />
      </form>
      <Preview name={workspace.name} accent={accent} greeting={greeting} starters={workspace.starters} />
    </div>
  );
}
