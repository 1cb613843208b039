import { PencilLine } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Stage } from "@/wire/timeline";
import { Icon } from "../../parts/basics";

/** What the agent is doing, stage by stage. */
export function Stages({ stages }: { stages: readonly Stage[] }) {
  const { t } = useTranslation();
  return (
    <div className="stages">
      {stages
        .filter((one) => one.state !== "skipped")
        .map((one) => (
          <span key={one.stage} className={one.state} title={one.summary}>
            <i />
            {t(`stage.${one.stage}`)}
          </span>
        ))}
    </div>
  );
}

/** Before the first word of a draft there are only the stages. */
export function Thinking({ stages }: { stages: readonly Stage[] }) {
  const { t } = useTranslation();
  return (
    <section className="draft" aria-label={t("draft.title")}>
      <div className="dh pb-2">
        <span className="tag">
          <Icon of={PencilLine} />
          {t("draft.writing")}
        </span>
      </div>
      <Stages stages={stages} />
    </section>
  );
}

export const isThinking = (stages: readonly Stage[]): boolean =>
  stages.length > 0 &&
  !stages.some((one) => one.stage === "gate" && one.state !== "started") &&
  !stages.some((one) => one.state === "failed");
