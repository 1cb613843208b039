import { Link, useParams } from "@tanstack/react-router";
import {
  Clock,
  Globe,
  type LucideIcon,
  MessagesSquare,
  SplitIcon,
  UserRound,
  UsersRound,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../parts/basics";
import { Portal } from "./Portal";
import { Profile } from "./Profile";
import { Rules } from "./Rules";
import { Team } from "./Team";
import { WidgetSettings } from "./WidgetSettings";
import { WorkspaceSettings } from "./WorkspaceSettings";

const SECTIONS = ["profile", "workspace", "team", "widget", "portal", "rules"] as const;
type Section = (typeof SECTIONS)[number];

const ICONS: Readonly<Record<Section, LucideIcon>> = {
  profile: UserRound,
  workspace: Clock,
  team: UsersRound,
  widget: MessagesSquare,
  portal: Globe,
  rules: SplitIcon,
};

const SCREENS: Readonly<Record<Section, () => React.ReactNode>> = {
  profile: Profile,
  workspace: WorkspaceSettings,
  team: Team,
  widget: WidgetSettings,
  portal: Portal,
  rules: Rules,
};

export function Settings() {
  const { t } = useTranslation();
  const { section: given } = useParams({ from: "/settings/{-$section}" });
  const section = SECTIONS.find((one) => one === given) ?? "workspace";
  const Screen = SCREENS[section];
  return (
    <main className="page">
      <div className="mx-auto grid max-w-[1080px] gap-x-10 gap-y-5 px-6 py-6 max-sm:px-4 md:grid-cols-[180px_minmax(0,1fr)]">
        <div>
          <h1 className="mb-3 ps-2.5 max-md:ps-0">{t("settings.title")}</h1>
          <nav
            aria-label={t("settings.title")}
            className="flex gap-px max-md:-mx-4 max-md:overflow-x-auto max-md:px-4 md:flex-col"
          >
            {SECTIONS.map((one) => (
              <Link
                key={one}
                to="/settings/{-$section}"
                params={{ section: one }}
                aria-current={one === section ? "page" : undefined}
                className="flex h-8 flex-none items-center gap-2.5 rounded-r2 px-2.5 font-[500] text-ink2 hover:bg-hover aria-[current=page]:bg-sunk aria-[current=page]:text-ink"
              >
                <Icon of={ICONS[one]} />
                {t(`settings.${one}`)}
              </Link>
            ))}
          </nav>
        </div>
        <div className="min-w-0 pb-16">
          <h2 className="mb-5 text-[17px]!">{t(`settings.${section}`)}</h2>
          <Screen />
        </div>
      </div>
    </main>
  );
}
