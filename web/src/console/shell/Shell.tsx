import { useQuery } from "@tanstack/react-query";
import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../api";
import { useKeys } from "../lib/keys";
import { late } from "../lib/late";
import { useLive } from "../live/live";
import { Nav } from "./Nav";
import { Offline } from "./Offline";
import { TopBar } from "./TopBar";
import { UndoBar } from "./UndoBar";

const Palette = late(() => import("./Palette"), "Palette");
const KeySheet = late(() => import("./KeySheet"), "KeySheet");

export function Shell() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [open, setOpen] = useState<"palette" | "keys">();
  const inside = useRouterState({
    select: (state) => /^\/(approvals|inbox)\/./.test(state.location.pathname),
  });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const link = useLive((state) => state.link);
  const down = useLive((state) => state.down);

  const { data: inbox } = useQuery(ask.inbox({ view: "open" }));
  const unread = inbox?.items.filter((row) => row.unread > 0).length ?? 0;

  useEffect(() => {
    const area = /^\/(\w+)/.exec(path)?.[1];
    const areas = {
      approvals: t("nav.approvals"),
      inbox: t("nav.inbox"),
      contacts: t("nav.contacts"),
      knowledge: t("nav.knowledge"),
      settings: t("nav.settings"),
      setup: t("nav.setup"),
    };
    const name = Object.entries(areas).find(([key]) => key === area)?.[1];
    const title = name ? `${name} · ${t("app.name")}` : t("app.name");
    document.title = unread > 0 ? `(${unread}) ${title}` : title;
  }, [path, unread, t]);

  useKeys({
    palette: () => void setOpen("palette"),
    keySheet: () => void setOpen("keys"),
    search: () => {
      const box = document.querySelector<HTMLInputElement>("input[type=search]");
      if (box && box.offsetParent !== null) box.focus();
      else setOpen("palette");
      return true;
    },
    goApprovals: () => void navigate({ to: "/approvals/{-$id}" }),
    goInbox: () => void navigate({ to: "/inbox/{-$id}" }),
    goContacts: () => void navigate({ to: "/contacts/{-$id}" }),
    goKnowledge: () => void navigate({ to: "/knowledge/{-$id}" }),
  });

  const close = (isOpen: boolean) => {
    if (!isOpen) setOpen(undefined);
  };

  return (
    <div className={`app ${inside ? "inside" : ""} ${down ? "down" : ""}`} data-link={link}>
      <a href="#main" className="skip">
        {t("app.skip")}
      </a>
      <TopBar onSearch={() => setOpen("palette")} onKeys={() => setOpen("keys")} />
      {down ? <Offline /> : null}
      <Nav />
      <div id="main" tabIndex={-1} className="min-h-0 min-w-0 outline-none">
        <Outlet />
      </div>
      <UndoBar />
      <Suspense>
        {open === "palette" ? <Palette onOpenChange={close} onKeys={() => setOpen("keys")} /> : null}
        {open === "keys" ? <KeySheet onOpenChange={close} /> : null}
      </Suspense>
    </div>
  );
}
