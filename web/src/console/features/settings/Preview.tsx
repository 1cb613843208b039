import { ArrowUp, Mic, Paperclip } from "lucide-react";
import { useTranslation } from "react-i18next";
import "../../i18n/settings";
import { Icon } from "../../parts/basics";

/** The empty widget with what stands in the form, before it is saved. */
export function Preview(props: {
  name: string;
  accent: string;
  greeting: string;
  starters: readonly string[];
}) {
  const { t } = useTranslation();
  return (
    <figure className="wprev" aria-label={t("settings.preview")}>
      <figcaption className="lab">{t("settings.preview")}</figcaption>
      <div className="wbox" aria-hidden="true" style={{ "--accent": props.accent } as React.CSSProperties}>
        <div className="whead">
          <span className="wlogo">{[...props.name][0]}</span>
          <div className="min-w-0">
            <b dir="auto">{props.name}</b>
            <small>
              <i />
              {t("settings.previewOpen")}
            </small>
          </div>
        </div>
        <div className="wbody">
          <p dir="auto">{props.greeting}</p>
          {props.starters.map((starter, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines of a text box have no identity beyond their place.
            <span key={at} dir="auto">
              {starter}
            </span>
          ))}
        </div>
        <div className="wfoot">
          <div>
            <span className="flex-1">{t("settings.previewWrite")}</span>
            <Icon of={Paperclip} />
            <Icon of={Mic} />
            <span className="wsend">
              <Icon of={ArrowUp} />
            </span>
          </div>
          <small>
            <svg className="i xs" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
              <circle cx="12" cy="8" r="5" />
              <path d="M20 21a8 8 0 0 0-16 0" />
            </svg>
            {t("settings.previewPerson")}
          </small>
        </div>
      </div>
      <p className="hint">{t("settings.previewHint")}</p>
    </figure>
  );
}
