import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import "../../i18n/settings";
import { Line } from "./Line";

/** Whether voice messages are transcribed, by what, and what to do where they are not. */
export function Speech() {
  const { t } = useTranslation();
  const { data, isError } = useQuery(ask.speech);
  if (isError) return <p className="err">{t("settings.speechUnknown")}</p>;
  if (!data) return null;
  const by = [data.local, data.remote].filter((engine) => engine.ready);
  return (
    <section data-speech={data.ready}>
      <Line label={t("settings.speech")} hint={data.ready ? t("settings.speechReady") : data.advice}>
        <div className="text-end text-small">
          {by.length === 0 ? <span className="text-ink3">{t("settings.speechNone")}</span> : null}
          {by.map((engine) => (
            <p key={engine.model}>
              <bdi>{engine.model}</bdi>
              {engine.sha1 ? (
                <small className="block font-mono text-ink3" title={engine.sha1}>
                  SHA-1 {engine.sha1.slice(0, 12)}…
                </small>
              ) : null}
            </p>
          ))}
        </div>
      </Line>
    </section>
  );
}
