import { Link, useParams } from "@tanstack/react-router";
import {
  BotMessageSquare,
  BrainCircuit,
  Clock,
  Globe,
  type LucideIcon,
  MessagesSquare,
  SplitIcon,
  Sprout,
  TextQuote,
  UserRound,
  UsersRound,
  Webhook,
  Workflow,
} from "lucide-react";
import { Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import "../../i18n/settings";
import { late } from "../../lib/late";
import { Icon } from "../../parts/basics";
import { Autopilot } from "../autopilot/Autopilot";
import { Hooks } from "./Hooks";
import { Models } from "./Models";
import { Portal } from "./Portal";
import { Profile } from "./Profile";
import { Rules } from "./Rules";
import { Snippets } from "./Snippets";
import { Team } from "./Team";
import { WidgetSettings } from "./WidgetSettings";
import { WorkspaceSettings } from "./WorkspaceSettings";

const Agent = late(() => import("../agent/Agent"), "Agent");
/** The shell has no room for its name. */
const AGENT = "Agent";

const SECTIONS = [
  "profile",
  "workspace",
  "team",
  "snippets",
  "widget",
  "portal",
  "rules",
  "hooks",
  "agent",
  "models",
  "autopilot",
] as const;
type Section = (typeof SECTIONS)[number];

const ICONS: Readonly<Record<Section, LucideIcon>> = {
  profile: UserRound,
  workspace: Clock,
  team: UsersRound,
  snippets: TextQuote,
  widget: MessagesSquare,
  portal: Globe,
  rules: SplitIcon,
  hooks: Webhook,
  agent: BotMessageSquare,
  models: BrainCircuit,
  autopilot: Sprout,
};

const SCREENS: Readonly<Record<Section, () => React.ReactNode>> = {
  profile: Profile,
  workspace: WorkspaceSettings,
  team: Team,
  snippets: Snippets,
  widget: WidgetSettings,
  portal: Portal,
  rules: Rules,
  hooks: Hooks,
  agent: () => <Agent />,
  models: Models,
  autopilot: Autopilot,
};

export function Settings() {
  const { t } = useTranslation();
  const { section: given } = useParams({ from: "/settings/{-$section}" });
  const section = SECTIONS.find((one) => one === given) ?? "workspace";
  const Screen = SCREENS[section];
  const name = (one: Section) => (one === "agent" ? AGENT : t(`settings.${one}`));
  const nav = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a phone the section's own tab comes into view.
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [section]);
  return (
    <main className="page">
      <div className="mx-auto grid max-w-[1080px] grid-cols-[minmax(0,1fr)] gap-x-10 gap-y-5 px-6 py-6 max-sm:px-4 md:grid-cols-[180px_minmax(0,1fr)]">
        <div>
          <h1 className="mb-3 ps-2.5 max-md:ps-0">{t("settings.title")}</h1>
          <nav
            ref={nav}
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
                {name(one)}
              </Link>
            ))}
            <Link
              to="/schemas/{-$key}"
              params={{ key: undefined }}
              className="flex h-8 flex-none items-center gap-2.5 rounded-r2 px-2.5 font-[500] text-ink2 hover:bg-hover"
            >
              <Icon of={Workflow} />
              {t("settings.schemas")}
            </Link>
          </nav>
        </div>
        <div className="min-w-0 pb-16">
          <h2 className="mb-5 text-[17px]!">{name(section)}</h2>
          <Suspense>
            <Screen />
          </Suspense>
        </div>
      </div>
    </main>
  );
}
