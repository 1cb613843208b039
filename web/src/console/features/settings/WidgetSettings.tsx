import { useTranslation } from "react-i18next";
import { useMe } from "../../parts/data";
import { Snippet } from "./Snippet";

export function WidgetSettings() {
  const { t } = useTranslation();
  const { workspace } = useMe();
  return (
    <div className="grid gap-8 lg:grid-cols-[minmax(0,1fr)_340px]">
      <div>
        <p className="lab">{t("settings.snippet")}</p>
        <Snippet slug={workspace.slug} />
      </div>
      <div>
        <p className="lab">{t("settings.preview")}</p>
        <iframe
          // The preview loads again when what it shows was changed.
          key={workspace.accent + workspace.greeting + workspace.assistant_name}
          className="h-[560px] w-full rounded-r3 border border-line bg-paper"
          src={`/portal/${workspace.slug}?embed=1`}
          title={t("settings.preview")}
          allow="microphone"
        />
        <p className="hint">{t("settings.previewHint")}</p>
      </div>
    </div>
  );
}
