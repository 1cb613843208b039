import { WifiOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useLive } from "../live/live";
import { Icon } from "../parts/basics";

export function Offline() {
  const { t } = useTranslation();
  const link = useLive((state) => state.link);
  return (
    <div className="offline" role="status">
      <Icon of={WifiOff} size="s" />
      {link === "offline" ? t("app.offline") : t("app.reconnecting")}
    </div>
  );
}
