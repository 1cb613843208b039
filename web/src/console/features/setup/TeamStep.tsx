import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import "../../i18n/settings";
import { Avatar, Icon } from "../../parts/basics";
import { useStaff } from "../../parts/data";
import { Sheet } from "../../parts/Sheet";
import { Invite } from "../settings/Team";
import { Save, type StepProps } from "./Setup";

export function TeamStep({ onDone }: StepProps) {
  const { t } = useTranslation("setup");
  const { t: say } = useTranslation("console");
  const staff = useStaff();
  const [adding, setAdding] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setWrong(await onDone());
    setBusy(false);
  }

  return (
    <>
      <form className="grid max-w-[640px] gap-5" onSubmit={(event) => void handleSubmit(event)}>
        <p className="text-ink2">{t("teamText")}</p>
        <ul className="grid gap-3" aria-label={t("teamNow", { count: staff.length })}>
          {staff.map((person) => (
            <li key={person.id} className="flex items-center gap-3">
              <Avatar id={person.id} name={person.name} />
              <span className="min-w-0">
                <b className="block font-[560]">
                  <bdi>{person.name}</bdi>
                </b>
                <span className="block truncate text-small text-ink3">{person.email}</span>
              </span>
              <span className="tag2 ms-auto">{say(`settings.roles.${person.role}`)}</span>
            </li>
          ))}
        </ul>
        <div>
          <button type="button" className="btn line" onClick={() => setAdding(true)}>
            <Icon of={Plus} size="s" />
            {t("teamAdd")}
          </button>
        </div>
        <Save busy={busy} wrong={wrong} label={t("next")} />
      </form>
      <Sheet open={adding} onOpenChange={setAdding} title={t("teamAdd")}>
        <Invite onDone={() => setAdding(false)} />
      </Sheet>
    </>
  );
}
