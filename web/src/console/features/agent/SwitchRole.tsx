import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Sheet } from "../../parts/Sheet";
import { Differences } from "./Differences";
import { type Agent, agentApi, type Bundle, differences, type RoleView } from "./model";

/** What another role changes, before it is taken. */
export function SwitchRole(props: {
  agent: Agent;
  from: { readonly agent: string; readonly bundle: Bundle };
  to: string;
  onTake: (role: RoleView) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation("agent");
  const { data: role } = useQuery({
    queryKey: ["agent", "role", props.to],
    queryFn: () => agentApi.role(props.to),
  });
  if (!role) return null;
  const labels = (rows: RoleView["intents"]) => new Set(rows.map((row) => row.label));
  const [own, its] = [labels(props.agent.intents), labels(role.intents)];
  const lists = [
    [t("intentsNew"), [...its].filter((label) => !own.has(label))],
    [t("intentsGone"), [...own].filter((label) => !its.has(label))],
  ] as const;
  return (
    <Sheet
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={t("switchTitle", { role: role.name })}
      wide
    >
      <div className="agent sheetbody">
        <p className="text-ink2">{t("switchText")}</p>
        <Differences
          all={differences(props.from, { agent: role.key, bundle: role.bundle })}
          none={t("same")}
        />
        {lists.map(([title, rows]) =>
          rows.length > 0 ? (
            <p key={title}>
              <b className="font-[600]">{title}:</b> {rows.join(" · ")}
            </p>
          ) : null,
        )}
        <p className="text-small text-ink3">{t("schemaHint")}</p>
        <p className="flex flex-wrap justify-end gap-2">
          <button type="button" className="btn" onClick={props.onClose}>
            {t("cancel")}
          </button>
          <button type="button" className="btn go" onClick={() => props.onTake(role)}>
            {t("switchTake")}
          </button>
        </p>
      </div>
    </Sheet>
  );
}
