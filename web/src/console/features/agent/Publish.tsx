import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "../../lib/refusal";
import { Field } from "../../parts/Field";
import { Sheet } from "../../parts/Sheet";
import { Differences } from "./Differences";
import { type Agent, agentApi, askVersions, differences, renewAgent, type Version, type WorkingCopy } from "./model";
import { useQuery } from "@tanstack/react-query";

/** What a new version changes, how its cases stand, and the button. */
export function Publish(props: {
  agent: Agent;
  copy: WorkingCopy;
  onClose: () => void;
  onDone: (version: Version) => void;
}) {
  const { t } = useTranslation("agent");
  const { agent, copy } = props;
  const { data: versions } = useQuery(askVersions);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const next = (versions?.[0]?.version ?? 0) + 1;

  async function handlePublish() {
    setBusy(true);
    setWrong(undefined);
    try {
      const version = await agentApi.publish(copy.revision, note.trim(), false);
      await renewAgent();
      props.onDone(version);
    } catch (error) {
      setWrong(refusal(error));
      setBusy(false);
    }
  }

  return (
    <Sheet open onOpenChange={(open) => !open && props.onClose()} title={t("publishTitle", { n: next })} wide>
      <div className="agent sheetbody">
        <section aria-label={t("publishChanges")}>
          <h3>{t("publishChanges")}</h3>
          <Differences
            all={differences({ agent: agent.agent, bundle: agent.bundle }, copy)}
            none={t("same")}
          />
        </section>
        <Field label={t("note")}>
          {(field) => (
            <input
              {...field}
              className="input"
              dir="auto"
              maxLength={500}
              value={note}
              onChange={(event) => setNote(event.target.value)}
            />
          )}
        </Field>
        {wrong ? (
          <p className="err" role="alert">
            {wrong}
          </p>
        ) : null}
        <p className="flex flex-wrap justify-end gap-2">
          <button type="button" className="btn" onClick={props.onClose}>
            {t("cancel")}
          </button>
          <button type="button" className="btn go" disabled={busy} onClick={() => void handlePublish()}>
            {t("publishNow")}
          </button>
        </p>
      </div>
    </Sheet>
  );
}
