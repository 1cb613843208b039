import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import "../../i18n/settings";
import { refusal } from "../../lib/refusal";
import { Avatar, Icon } from "../../parts/basics";
import { useMay, useMe, useStaff } from "../../parts/data";
import { Field } from "../../parts/Field";
import { Sheet } from "../../parts/Sheet";
import { complain, toast } from "../../parts/toast";
import type { Role, Staff } from "../../types";

const ROLES: readonly Role[] = ["viewer", "staff", "manager", "owner"];

export function Team() {
  const { t } = useTranslation();
  const { me } = useMe();
  const staff = useStaff();
  const mayWrite = useMay("manager");
  const [adding, setAdding] = useState(false);

  async function change(person: Staff, patch: Partial<Pick<Staff, "role" | "disabled">>) {
    try {
      await api.changeStaff(person.id, patch);
      await queries.invalidateQueries({ queryKey: ask.staff.queryKey });
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <>
      <table className="table">
        <thead>
          <tr>
            <th>{t("settings.name")}</th>
            <th>{t("settings.role")}</th>
            <th className="max-sm:hidden">
              <span className="sr-only">{t("app.more")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {staff.map((person) => (
            <tr key={person.id} className={person.disabled ? "text-ink3" : ""}>
              <td>
                <div className="flex items-center gap-3">
                  <Avatar id={person.id} name={person.name} />
                  <div className="min-w-0">
                    <p className="font-[560]">
                      <bdi>{person.name}</bdi>
                      {person.id === me.id ? (
                        <span className="font-[400] text-ink3"> ({t("app.you")})</span>
                      ) : null}
                      {person.disabled ? <span className="tag2 ms-2">{t("settings.disabled")}</span> : null}
                    </p>
                    <p className="truncate text-small text-ink3">{person.email}</p>
                  </div>
                </div>
              </td>
              <td>
                {mayWrite && person.id !== me.id ? (
                  <select
                    className="input w-32!"
                    aria-label={`${t("settings.role")}: ${person.name}`}
                    value={person.role}
                    onChange={(event) => void change(person, { role: event.target.value as Role })}
                  >
                    {ROLES.map((role) => (
                      <option key={role} value={role}>
                        {t(`settings.roles.${role}`)}
                      </option>
                    ))}
                  </select>
                ) : (
                  t(`settings.roles.${person.role}`)
                )}
                <span className="sm:hidden">
                  {mayWrite && person.id !== me.id ? <Access person={person} onChange={change} /> : null}
                </span>
                <span className="ms-2 text-small text-ink3 max-lg:hidden">
                  {t(`settings.roleText.${person.role}`)}
                </span>
              </td>
              <td className="text-end max-sm:hidden">
                {mayWrite && person.id !== me.id ? <Access person={person} onChange={change} /> : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {mayWrite ? (
        <button type="button" className="btn line mt-4" onClick={() => setAdding(true)}>
          <Icon of={Plus} size="s" />
          {t("settings.invite")}
        </button>
      ) : null}
      <Sheet open={adding} onOpenChange={setAdding} title={t("settings.invite")}>
        <Invite onDone={() => setAdding(false)} />
      </Sheet>
    </>
  );
}

/** Takes somebody's access, or gives it back. */
function Access(props: {
  person: Staff;
  onChange: (person: Staff, patch: Partial<Pick<Staff, "role" | "disabled">>) => Promise<void>;
}) {
  const { t } = useTranslation();
  const { person } = props;
  return (
    <button
      type="button"
      className="btn"
      onClick={() => void props.onChange(person, { disabled: !person.disabled })}
    >
      {person.disabled ? t("settings.enable") : t("settings.disable")}
      <span className="sr-only"> {person.name}</span>
    </button>
  );
}

/** The form that lets a colleague in. */
export function Invite({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const value = (name: string) => String(form.get(name) ?? "");
    setBusy(true);
    setWrong(undefined);
    try {
      const made = await api.addStaff({
        name: value("name").trim(),
        email: value("email").trim(),
        role: value("role"),
        password: value("password"),
      });
      await queries.invalidateQueries({ queryKey: ask.staff.queryKey });
      toast(t("settings.added", { name: made.name }));
      onDone();
    } catch (error) {
      setWrong(refusal(error));
      setBusy(false);
    }
  }

  return (
    <form className="grid gap-4 overflow-y-auto p-5" onSubmit={handleSubmit}>
      <Field label={t("settings.name")}>
        {(field) => <input {...field} className="input" name="name" required dir="auto" maxLength={120} />}
      </Field>
      <Field label={t("settings.email")}>
        {(field) => (
          <input
            {...field}
            className="input"
            name="email"
            type="email"
            required
            dir="ltr"
            autoComplete="off"
          />
        )}
      </Field>
      <Field label={t("settings.role")}>
        {(field) => (
          <select {...field} className="input" name="role" defaultValue="staff">
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {t(`settings.roles.${role}`)}: {t(`settings.roleText.${role}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t("settings.initialPassword")} hint={t("settings.initialPasswordHint")}>
        {(field) => (
          <input
            {...field}
            className="input"
            name="password"
            type="password"
            required
            minLength={12}
            dir="ltr"
            autoComplete="new-password"
          />
        )}
      </Field>
      {wrong ? (
        <p className="err mt-0!" role="alert">
          {wrong}
        </p>
      ) : null}
      <div>
        <button type="submit" className="btn go plain" disabled={busy}>
          {t("settings.add")}
        </button>
      </div>
    </form>
  );
}
