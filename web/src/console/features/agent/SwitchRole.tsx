import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ask, call, queries } from "../../api";
import { refusal } from "../../lib/refusal";
import { Sheet } from "../../parts/Sheet";
import { complain, toast } from "../../parts/toast";
import { Differences } from "./Differences";
import { type Agent, agentApi, type Bundle, differences, type RoleView } from "./model";

/** The schema that comes with a role. */
type Pack = {
  readonly name: string;
  readonly fields: readonly string[];
  readonly installed: boolean;
  readonly document: unknown;
};

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
  const { data: pack } = useQuery({
    queryKey: ["agent", "role", props.to, "schema"],
    queryFn: () => call<Pack>("GET", `/v1/agent/roles/${encodeURIComponent(props.to)}/schema`),
    staleTime: 0,
  });
  const [too, setToo] = useState(true);
  const [busy, setBusy] = useState(false);
  if (!role) return null;
  const offered = pack && !pack.installed ? pack : undefined;

  async function handleTake(taken: RoleView) {
    setBusy(true);
    try {
      if (offered && too) {
        await call("POST", "/v1/schemas", { document: offered.document });
        await queries.invalidateQueries({ queryKey: ask.schemas.queryKey });
        toast(t("packInstalled", { name: offered.name }));
      }
      props.onTake(taken);
    } catch (error) {
      complain(refusal(error));
      setBusy(false);
    }
  }

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
        {offered ? (
          <div data-pack={offered.name}>
            <label className="flex items-baseline gap-2">
              <input type="checkbox" checked={too} onChange={(event) => setToo(event.target.checked)} />
              <span>
                <b className="font-[600]">{t("packToo", { name: offered.name })}</b>
                <span className="block text-ink2">{offered.fields.join(" · ")}</span>
              </span>
            </label>
          </div>
        ) : null}
        <p className="text-small text-ink3">{t("schemaHint")}</p>
        <p className="flex flex-wrap justify-end gap-2">
          <button type="button" className="btn" onClick={props.onClose}>
            {t("cancel")}
          </button>
          <button type="button" className="btn go" disabled={busy} onClick={() => void handleTake(role)}>
            {t("switchTake")}
          </button>
        </p>
      </div>
    </Sheet>
  );
}
