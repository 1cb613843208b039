import { useQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "../../lib/refusal";
import { Segments } from "../../parts/basics";
import { useMay } from "../../parts/data";
import "./agent.css";
import { Cases } from "./Cases";
import { Editor } from "./Editor";
import { Lessons } from "./Lessons";
import { askAgent, type Which } from "./model";
import "./texts";
import { late } from "../../lib/late";
import { TryIt } from "./TryIt";
import { Versions } from "./Versions";

const Replay = late(() => import("./Replay"), "Replay");
const Tools = late(() => import("./Tools"), "Tools");

const VIEWS = ["edit", "try", "replay", "cases", "lessons", "tools", "versions"] as const;
type View = (typeof VIEWS)[number];

/** The agent of this business: what drafts, what is edited, a trial, and all versions. */
export function Agent() {
  const { t } = useTranslation("agent");
  const manager = useMay("manager");
  const { data, error } = useQuery({ ...askAgent, enabled: manager });
  const [view, setView] = useState<View>("edit");
  const [edited, setEdited] = useState<Which>();
  if (!manager) return <p className="text-ink3">{t("managers")}</p>;
  if (error) return <p className="err">{refusal(error)}</p>;
  if (!data) return null;
  return (
    <div className="agent" data-agent={data.version}>
      <p className="max-w-[62ch] text-ink2">{t("text")}</p>
      <p className="num font-[560]">
        {data.version === 0 ? t("liveRole", { role: data.name }) : t("liveVersion", { n: data.version })}
        {data.canary ? (
          <span className="font-[400] text-ink2">
            {" "}
            {t("canaryNow", { n: data.canary.version, share: data.canary.share })}
          </span>
        ) : null}
      </p>
      <Segments
        label={t("views")}
        value={view}
        options={VIEWS.map((value) => ({ value, label: t(`view.${value}`) }))}
        onChange={setView}
      />
      {/* The editor stays, so that what is typed outlives a trial. */}
      <div hidden={view !== "edit"}>
        <Editor agent={data} onEdit={setEdited} />
      </div>
      {view === "try" ? <TryIt agent={data} edited={edited} /> : null}
      <Suspense>
        {view === "replay" ? <Replay agent={data} edited={edited} /> : null}
        {view === "tools" ? <Tools /> : null}
      </Suspense>
      {view === "cases" ? <Cases edited={edited} /> : null}
      {view === "lessons" ? <Lessons /> : null}
      {view === "versions" ? <Versions agent={data} /> : null}
    </div>
  );
}
