import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { fullTime } from "../../lib/format";
import { setPrefs, usePrefs } from "../../lib/prefs";
import { signOut } from "../../live/session";
import { Avatar, Segments, Switch } from "../../parts/basics";
import { useMe } from "../../parts/data";
import { Line } from "./Line";

export function Profile() {
  const { t } = useTranslation();
  const { me } = useMe();
  const { data: session } = useQuery(ask.session);
  const prefs = usePrefs();
  return (
    <>
      <div className="mb-6 flex items-center gap-4">
        <Avatar id={me.id} name={me.name} className="size-14! text-[19px]!" />
        <div>
          <p className="text-title font-[620]">
            <bdi>{me.name}</bdi>
          </p>
          <p className="text-ink3">
            {me.email} · {t(`settings.roles.${me.role}`)}
          </p>
        </div>
      </div>
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
      <Line
        label={t("settings.session")}
        hint={session ? t("settings.sessionUntil", { at: fullTime(session.expires_at) }) : ""}
      >
        <button type="button" className="btn line" onClick={() => void signOut()}>
          {t("settings.signOut")}
        </button>
      </Line>
    </>
  );
}
