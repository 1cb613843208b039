import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { dayClock } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { complain, toast } from "../../parts/toast";
import { Differences } from "./Differences";
import { type Agent, agentApi, askVersions, differences, renewAgent, type VersionRow } from "./model";

/** All published versions, which of them draft, and going back. */
export function Versions({ agent }: { agent: Agent }) {
  const { t } = useTranslation("agent");
  const { data, error } = useQuery(askVersions);
  if (error) return <p className="err">{refusal(error)}</p>;
  if (!data) return null;
  return (
    <div className="grid gap-7">
      {data.length === 0 ? <p className="text-ink3">{t("versionsNone")}</p> : null}
      <ol className="versions">
        {data.map((row) => (
          <Row key={row.version} row={row} agent={agent} />
        ))}
      </ol>
      {agent.events.length > 0 ? (
        <section aria-label={t("events")}>
          <h3>{t("events")}</h3>
          <ol className="events">
            {agent.events.map((event) => (
              <li key={`${event.at}${event.what}`}>
                <time className="num" dateTime={event.at}>
                  {dayClock(event.at)}
                </time>
                <span dir="auto">
                  {t(`event.${event.what}`, { name: event.by_name, n: event.version, says: event.says })}
                </span>
              </li>
            ))}
          </ol>
        </section>
      ) : null}
    </div>
  );
}

function Row({ row, agent }: { row: VersionRow; agent: Agent }) {
  const { t } = useTranslation("agent");
  const [compared, setCompared] = useState(false);
  const [trying, setTrying] = useState(false);
  const isLive = row.version === agent.version;
  const share = agent.canary?.version === row.version ? agent.canary.share : 0;
  const { data: version } = useQuery({
    queryKey: ["agent", "version", row.version],
    queryFn: () => agentApi.version(row.version),
    enabled: compared,
    staleTime: Number.POSITIVE_INFINITY,
  });

  async function act(work: () => Promise<unknown>, says: string) {
    try {
      await work();
      await renewAgent();
      toast(says);
    } catch (error) {
      complain(refusal(error));
    }
  }

  async function handleShare(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const wanted = Number(new FormData(event.currentTarget).get("share"));
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > 90) {
      complain(t("canaryWrong"));
      return;
    }
    setTrying(false);
    await act(() => agentApi.canary(row.version, wanted), t("canaryDone", { n: row.version, share: wanted }));
  }

  return (
    <li data-version={row.version}>
      <div className="head">
        <b>{t("version", { n: row.version })}</b>
        {isLive ? <span className="state on">{t("versionNow")}</span> : null}
        {share > 0 ? <span className="state">{t("versionCanary", { share })}</span> : null}
        <span className="num text-small text-ink3">
          {t("versionBy", { at: dayClock(row.published_at), name: row.published_by_name })}
        </span>
      </div>
      {row.note ? <p dir="auto">{row.note}</p> : null}
      {row.evals && row.evals.run > 0 ? (
        <p className="num text-small text-ink2">
          {t("versionEvals", {
            passed: row.evals.passed,
            run: row.evals.run,
            before: row.evals.passed_before,
          })}
        </p>
      ) : null}
      {isLive ? null : (
        <p className="flex flex-wrap gap-2">
          <button
            type="button"
            className="btn line"
            aria-expanded={compared}
            onClick={() => setCompared(!compared)}
          >
            {t("compare")}
          </button>
          <button
            type="button"
            className="btn line"
            onClick={() =>
              void act(() => agentApi.restore(row.version, agent.version), t("restored", { n: row.version }))
            }
          >
            {t("restore")}
          </button>
          {share > 0 ? (
            <button
              type="button"
              className="btn line"
              onClick={() => void act(() => agentApi.canary(row.version, 0), t("canaryEnded"))}
            >
              {t("canaryEnd")}
            </button>
          ) : (
            <button
              type="button"
              className="btn line"
              aria-expanded={trying}
              onClick={() => setTrying(!trying)}
            >
              {t("canary")}
            </button>
          )}
        </p>
      )}
      {trying ? (
        <form className="flex flex-wrap items-center gap-2" onSubmit={(event) => void handleShare(event)}>
          <label className="flex items-center gap-2">
            {t("canaryShare", { n: row.version })}
            <input name="share" className="input num w-20" inputMode="numeric" defaultValue={10} />
          </label>
          <button type="submit" className="btn line">
            {t("canarySet")}
          </button>
        </form>
      ) : null}
      {compared && version ? (
        <Differences
          all={differences({ agent: agent.agent, bundle: agent.bundle }, version)}
          none={t("compareNone")}
        />
      ) : null}
    </li>
  );
}
