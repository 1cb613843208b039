import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { refusal } from "../../lib/refusal";
import { Avatar, Chosen } from "../../parts/basics";
import { workspaceSaved } from "../settings/WorkspaceSettings";
import { Save, type StepProps } from "./Setup";

/** Things customers ask for that a card names. */
const SHOWN = 4;

export function AgentStep({ workspace, onDone }: StepProps) {
  const { t } = useTranslation("setup");
  const { data: agents } = useQuery(ask.agents);
  const taken = workspace.setup?.agent === "done" ? workspace.agent : undefined;
  const [key, setKey] = useState(taken);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    if (key === undefined) return;
    setBusy(true);
    try {
      if (key !== taken) {
        workspaceSaved(await api.chooseAgent(key));
        void queries.invalidateQueries({ queryKey: ask.schemas.queryKey });
        void queries.invalidateQueries({ queryKey: ["rules"] });
        void queries.invalidateQueries({ queryKey: ask.intents.queryKey });
      }
      setWrong(await onDone());
    } catch (error) {
      setWrong(refusal(error));
    }
    setBusy(false);
  }

  return (
    <form className="grid gap-5" onSubmit={(event) => void handleSubmit(event)}>
      <p className="max-w-[64ch] text-ink2">{t("agentText")}</p>
      <fieldset className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,255px),1fr))] gap-2.5">
        <legend className="sr-only">{t("agentList")}</legend>
        {(agents ?? []).map((agent) => (
          <label
            key={agent.key}
            className="relative flex cursor-pointer flex-col rounded-r3 bg-sheet p-3.5 shadow-[inset_0_0_0_1px_var(--line)] hover:bg-hover has-checked:bg-green-tint has-checked:shadow-[inset_0_0_0_1.5px_var(--green)] has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-green"
          >
            <span className="flex items-center gap-2.5">
              <input
                type="radio"
                name="agent"
                className="sr-only"
                value={agent.key}
                checked={agent.key === key}
                onChange={() => setKey(agent.key)}
              />
              <Avatar id={agent.key} name={agent.assistant_name} />
              <span className="min-w-0">
                <b className="block font-[620]">{agent.name}</b>
                <span className="block text-small text-ink3">{agent.assistant_name}</span>
              </span>
              <Chosen on={agent.key === key} />
            </span>
            <span className="mt-2 text-small text-ink2">
              <span className="sr-only">{t("agentFacts")}: </span>
              {agent.asks.slice(0, SHOWN).join(" · ")}
            </span>
          </label>
        ))}
      </fieldset>
      <Save busy={busy} wrong={wrong} disabled={key === undefined} />
    </form>
  );
}
