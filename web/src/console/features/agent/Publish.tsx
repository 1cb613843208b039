import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { refusal } from "../../lib/refusal";
import { Field } from "../../parts/Field";
import { Sheet } from "../../parts/Sheet";
import { askCases, renewCases, runCases } from "./Cases";
import { Differences } from "./Differences";
import {
  type Agent,
  agentApi,
  askVersions,
  differences,
  renewAgent,
  type Version,
  type WorkingCopy,
} from "./model";

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
  const { data: cases } = useQuery(askCases);
  const [done, setDone] = useState(0);
  const [running, setRunning] = useState(true);
  const ids = useRef<readonly string[]>([]);
  ids.current = cases?.items.map((one) => one.id) ?? [];
  const isThere = cases !== undefined;
  // The suite runs as soon as it is known: with what drafts now, and with what is to be published.
  useEffect(() => {
    if (!isThere) return;
    let isOpen = true;
    const tell = (now: number) => isOpen && setDone(now);
    const both = async () => {
      await runCases({}, ids.current, () => undefined);
      await runCases({ agent: copy.agent, bundle: copy.bundle }, ids.current, tell);
      await renewCases();
    };
    both()
      .catch((error: unknown) => isOpen && setWrong(refusal(error)))
      .finally(() => isOpen && setRunning(false));
    return () => {
      isOpen = false;
    };
  }, [isThere, copy]);
  const isWorse = (cases?.worse.length ?? 0) > 0;
  const next = (versions?.[0]?.version ?? 0) + 1;

  async function handlePublish() {
    setBusy(true);
    setWrong(undefined);
    try {
      const version = await agentApi.publish(copy.revision, note.trim(), isWorse);
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
        <section aria-label={t("publishCases")} data-suite={running ? "running" : "done"}>
          <h3>{t("publishCases")}</h3>
          <p className="num" role="status">
            {running
              ? t("publishRunning", { done, of: ids.current.length })
              : cases?.standing
                ? t("publishStands", {
                    passed: cases.standing.passed,
                    run: cases.standing.run,
                    before: cases.standing.passed_before,
                  })
                : null}
          </p>
          {isWorse && !running ? (
            <>
              <p className="mt-1 text-brick">{t("publishWorse")}</p>
              <ul className="list-disc ps-5">
                {cases?.worse.map((name) => (
                  <li key={name} dir="auto">
                    {name}
                  </li>
                ))}
              </ul>
            </>
          ) : null}
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
          <button
            type="button"
            className="btn go"
            disabled={busy || running}
            onClick={() => void handlePublish()}
          >
            {t(isWorse ? "publishDespite" : "publishNow")}
          </button>
        </p>
      </div>
    </Sheet>
  );
}
