import { useQuery } from "@tanstack/react-query";
import { Camera, Laptop, Smartphone, Trash2 } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { hue as hueOf } from "@/kit/person";
import { api, ask, queries } from "../../api";
import "../../i18n/settings";
import { dayClock } from "../../lib/format";
import { LANGUAGES } from "../../lib/language";
import { squarePicture } from "../../lib/picture";
import { setPrefs, usePrefs } from "../../lib/prefs";
import { refusal } from "../../lib/refusal";
import { signOut } from "../../live/session";
import { Avatar, Icon, Segments, Switch } from "../../parts/basics";
import { useMe } from "../../parts/data";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";
import type { OpenSession, Session, Staff } from "../../types";
import { Line } from "./Line";

const HUES = [25, 60, 95, 140, 170, 205, 240, 275, 310, 345] as const;

/** What the hub has of this person now, wherever it is cached. */
function saved(staff: Staff): void {
  queries.setQueryData<Session>(ask.session.queryKey, (session) => session && { ...session, staff });
  queries.setQueryData<readonly Staff[]>(ask.staff.queryKey, (all) =>
    all?.map((one) => (one.id === staff.id ? staff : one)),
  );
}

export function Profile() {
  const { t } = useTranslation();
  const { me } = useMe();
  const prefs = usePrefs();

  async function change(patch: { name?: string; hue?: number; language?: string }) {
    try {
      saved(await api.changeProfile(patch));
      toast(t("app.saved"));
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <>
      <div className="mb-5 flex items-center gap-5">
        <Picture me={me} />
        <div className="min-w-0">
          <p className="text-title font-[620]">
            <bdi>{me.name}</bdi>
          </p>
          <p className="truncate text-ink3">
            {me.email} · {t(`settings.roles.${me.role}`)}
          </p>
        </div>
      </div>
      <Line label={t("settings.name")} hint={t("settings.nameHint")}>
        <NameForm key={me.name} name={me.name} onSave={(name) => void change({ name })} />
      </Line>
      <Line label={t("settings.colour")} hint={t("settings.colourHint")}>
        <fieldset className="hues">
          <legend className="sr-only">{t("settings.colour")}</legend>
          {HUES.map((hue, at) => (
            <button
              key={hue}
              type="button"
              aria-pressed={(me.hue ?? hueOf(me.id)) === hue}
              aria-label={t("settings.colourN", { n: at + 1 })}
              style={{ "--h": hue } as React.CSSProperties}
              onClick={() => void change({ hue })}
            />
          ))}
        </fieldset>
      </Line>
      <Line label={t("settings.language")} hint={t("settings.languageHint")}>
        <select
          className="input w-56!"
          aria-label={t("settings.language")}
          value={me.language ?? ""}
          onChange={(event) => void change({ language: event.target.value })}
        >
          {me.language === undefined ? <option value="">{t("settings.languageDevice")}</option> : null}
          {LANGUAGES.map((one) => (
            <option key={one} value={one}>
              {new Intl.DisplayNames([one], { type: "language" }).of(one)}
            </option>
          ))}
        </select>
      </Line>
      <Line label={t("settings.theme")}>
        <Segments
          label={t("settings.theme")}
          value={prefs.theme}
          options={(["auto", "light", "dark"] as const).map((value) => ({
            value,
            label: t(`settings.themes.${value}`),
          }))}
          onChange={(theme) => setPrefs({ theme })}
        />
      </Line>
      <Line label={t("settings.density")}>
        <Segments
          label={t("settings.density")}
          value={prefs.density}
          options={(["comfortable", "compact"] as const).map((value) => ({
            value,
            label: t(`settings.densities.${value}`),
          }))}
          onChange={(density) => setPrefs({ density })}
        />
      </Line>
      <Line label={t("settings.singleKeys")} hint={t("settings.singleKeysHint")}>
        <Switch
          label={t("settings.singleKeys")}
          checked={prefs.singleKeys}
          onChange={(singleKeys) => setPrefs({ singleKeys })}
        />
      </Line>
      <Password />
      <Sessions />
    </>
  );
}

function NameForm({ name, onSave }: { name: string; onSave: (name: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(name);
  const changed = text.trim() !== name && text.trim() !== "";
  return (
    <form
      className="flex gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (changed) onSave(text.trim());
      }}
    >
      <input
        className="input w-56!"
        aria-label={t("settings.name")}
        value={text}
        dir="auto"
        maxLength={100}
        autoComplete="name"
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="btn line" disabled={!changed}>
        {t("app.save")}
      </button>
    </form>
  );
}

function Picture({ me }: { me: Staff }) {
  const { t } = useTranslation();
  const picker = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);

  async function set(file: File | undefined) {
    setBusy(true);
    try {
      const uploaded = file && (await api.upload(await squarePicture(file), () => {}));
      saved(await api.setPicture(uploaded?.id));
    } catch (error) {
      complain(error instanceof DOMException ? t("settings.pictureBad") : refusal(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <div className="relative flex-none">
      <Avatar id={me.id} name={me.name} className="size-16! text-[21px]!" />
      <input
        ref={picker}
        type="file"
        accept="image/png,image/jpeg,image/webp,image/gif"
        hidden
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) void set(file);
        }}
      />
      <button
        type="button"
        className="picbtn -end-2 -bottom-1.5"
        aria-label={me.picture ? t("settings.pictureChange") : t("settings.pictureAdd")}
        disabled={busy}
        onClick={() => picker.current?.click()}
      >
        <Icon of={Camera} size="s" />
      </button>
      {me.picture ? (
        <button
          type="button"
          className="picbtn -end-2 -top-1.5"
          aria-label={t("settings.pictureRemove")}
          disabled={busy}
          onClick={() => void set(undefined)}
        >
          <Icon of={Trash2} size="s" />
        </button>
      ) : null}
    </div>
  );
}

function Password() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const value = (name: string) => String(form.get(name) ?? "");
    setBusy(true);
    setWrong(undefined);
    try {
      await api.changePassword(value("current"), value("new"));
      void queries.invalidateQueries({ queryKey: ask.sessions.queryKey });
      toast(t("settings.passwordChanged"));
      setOpen(false);
    } catch (error) {
      setWrong(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Line label={t("settings.password")} hint={t("settings.passwordHint")}>
      {open ? (
        <form className="grid w-full max-w-[420px] gap-3" onSubmit={handleSubmit}>
          <Field label={t("settings.passwordNow")}>
            {(field) => (
              <input
                {...field}
                className="input"
                name="current"
                type="password"
                required
                dir="ltr"
                autoComplete="current-password"
              />
            )}
          </Field>
          <Field label={t("settings.passwordNew")} hint={t("settings.passwordRule")} wrong={wrong}>
            {(field) => (
              <input
                {...field}
                className="input"
                name="new"
                type="password"
                required
                minLength={8}
                dir="ltr"
                autoComplete="new-password"
              />
            )}
          </Field>
          <div className="flex gap-2">
            <button type="submit" className="btn go plain" disabled={busy}>
              {t("settings.passwordChange")}
            </button>
            <button type="button" className="btn" onClick={() => setOpen(false)}>
              {t("app.cancel")}
            </button>
          </div>
        </form>
      ) : (
        <button type="button" className="btn line" onClick={() => setOpen(true)}>
          {t("settings.passwordChange")}
        </button>
      )}
    </Line>
  );
}

/** "Firefox on Linux", as well as a browser's own words tell. */
function device(agent: string | undefined): { name: string | undefined; phone: boolean } {
  if (!agent) return { name: undefined, phone: false };
  const browser = /(Edg|Firefox|Chrome|Safari)\//.exec(agent)?.[1]?.replace("Edg", "Edge");
  const system = /(Android|iPhone|iPad|Windows|Mac OS X|CrOS|Linux)/.exec(agent)?.[1];
  const name = [browser, system?.replace("Mac OS X", "macOS")].filter(Boolean).join(", ");
  return { name: name || agent.slice(0, 40), phone: /Android|iPhone/.test(agent) };
}

function Sessions() {
  const { t } = useTranslation();
  const { data } = useQuery(ask.sessions);

  async function end(session: OpenSession) {
    if (session.here) {
      await signOut();
      return;
    }
    try {
      await api.endSession(session.id);
      await queries.invalidateQueries({ queryKey: ask.sessions.queryKey });
      toast(t("settings.sessionEnded"));
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <section className="border-t border-line py-3.5" aria-label={t("settings.sessions")}>
      <p className="font-[560]">{t("settings.sessions")}</p>
      <p className="mt-0.5 mb-2 text-small text-ink3">{t("settings.sessionsHint")}</p>
      <ul className="grid gap-px">
        {data?.map((session) => {
          const { name, phone } = device(session.agent);
          return (
            <li key={session.id} className="flex items-center gap-3 py-1.5">
              <span className="text-ink3">
                <Icon of={phone ? Smartphone : Laptop} />
              </span>
              <span className="min-w-0 flex-1">
                <span className="block truncate">
                  {name ?? t("settings.sessionUnknown")}
                  {session.here ? <span className="tag2 ms-2">{t("settings.sessionHere")}</span> : null}
                </span>
                <span className="num block text-small text-ink3">
                  {t("settings.sessionSince", { at: dayClock(session.created_at) })}
                </span>
              </span>
              <button type="button" className="btn" onClick={() => void end(session)}>
                {session.here ? t("settings.signOut") : t("settings.sessionEnd")}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
