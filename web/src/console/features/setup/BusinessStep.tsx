import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Field } from "../../parts/Field";
import type { Hours } from "../../types";
import { HoursField } from "../settings/HoursField";
import { Save, type StepProps } from "./Setup";

export function BusinessStep({ workspace, onDone }: StepProps) {
  const { t } = useTranslation("setup");
  const [name, setName] = useState(workspace.name);
  const [hours, setHours] = useState<readonly Hours[]>(
    workspace.setup?.business === "done" || workspace.hours.length > 0
      ? workspace.hours
      : [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "17:00" }],
  );
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setWrong(await onDone({ name: name.trim(), hours: hours.filter((one) => one.days.length > 0) }));
    setBusy(false);
  }

  return (
    <form className="grid max-w-[640px] gap-6" onSubmit={(event) => void handleSubmit(event)}>
      <div className="max-w-[380px]">
        <Field label={t("business")} hint={t("businessHint")}>
          {(field) => (
            <input
              {...field}
              className="input"
              required
              dir="auto"
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
      </div>
      <HoursField hours={hours} onChange={setHours} />
      <Save busy={busy} wrong={wrong} />
    </form>
  );
}
