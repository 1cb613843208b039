/** What a rule would have done, beside the rule. */
import { Link } from "@tanstack/react-router";
import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { announce } from "../../lib/announce";
import { dayClock } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { type DryRun as Found, type RuleDocument, rulesApi } from "./model";
import { Tree } from "./Tree";

const DAYS = [7, 30, 90, 366] as const;

export function DryRun({ document, ready }: { document: RuleDocument; ready: boolean }) {
  const { t } = useTranslation("rules");
  const [days, setDays] = useState<number>(30);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [found, setFound] = useState<{ of: string; run: Found }>();
  const text = JSON.stringify([document, days]);

  async function handleRun() {
    setBusy(true);
    setWrong(undefined);
    try {
      const run = await rulesApi.test(document, days);
      setFound({ of: text, run });
      announce(t("found", { count: run.matched, where: t("where", { count: run.touched_conversations }) }));
    } catch (error) {
      setFound(undefined);
      setWrong(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <section className="rcard" aria-label={t("try")}>
      <h2>{t("try")}</h2>
      <p className="hint mt-0!">{t("tryHint")}</p>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <select
          className="input rfit"
          aria-label={t("lookBack")}
          value={days}
          onChange={(event) => setDays(Number(event.target.value))}
        >
          {DAYS.map((count) => (
            <option key={count} value={count}>
              {t("daysN", { count })}
            </option>
          ))}
        </select>
        <button type="button" className="btn line" disabled={!ready || busy} onClick={() => void handleRun()}>
          <Icon of={FlaskConical} size="s" />
          {busy ? t("running") : t("run")}
        </button>
      </div>
      {wrong ? (
        <p className="err" role="alert">
          {wrong}
        </p>
      ) : null}
      {found && !busy ? (
        <div className={found.of === text ? "" : "opacity-55"} data-testid="dry-run">
          <Result run={found.run} />
        </div>
      ) : null}
    </section>
  );
}

function Result({ run }: { run: Found }) {
  const { t } = useTranslation("rules");
  const most = Math.max(1, ...run.by_day.map((day) => day.count));
  return (
    <div className="mt-4 grid gap-3">
      <p className="text-[15px] font-[600]">
        {t("found", { count: run.matched, where: t("where", { count: run.touched_conversations }) })}
        {run.out_of_hours > 0 ? (
          <span className="ktag ms-2">{t("night", { n: run.out_of_hours })}</span>
        ) : null}
      </p>
      <p className="num text-meta text-ink3">
        {t("looked", { moments: run.moments, conversations: run.conversations })}
        {run.unread > 0 ? ` ${t("unread", { n: run.unread })}` : ""}
        {run.stopped > 0 ? ` ${t("stopped", { n: run.stopped })}` : ""}
      </p>
      {run.by_day.length > 1 ? (
        <div className="rdays" aria-hidden="true">
          {run.by_day.map((day) => (
            <i
              key={day.what}
              title={`${day.what}: ${day.count}`}
              style={{ height: `${(day.count / most) * 100}%` }}
            />
          ))}
        </div>
      ) : null}
      {run.conflicts.length > 0 ? (
        <div>
          <h3 className="lab">{t("conflicts")}</h3>
          <ul className="grid gap-1">
            {run.conflicts.map((one) => (
              <li key={one.rule + one.about} className="text-brick">
                {t("conflict", { count: one.count, name: one.name, about: one.about })}
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      {run.twice.length > 0 ? (
        <div>
          <h3 className="lab">{t("twice")}</h3>
          <ul className="grid gap-1">
            {run.twice.map((one) => (
              <li key={one.contact}>{t("twiceOf", { name: one.name, n: one.count })}</li>
            ))}
          </ul>
        </div>
      ) : null}
      {run.touched.length > 0 ? (
        <div>
          <h3 className="lab">{t("touched")}</h3>
          <ul className="grid gap-1">
            {run.touched.map((one) => (
              <li key={`${one.conversation}${one.seq}`}>
                <details className="rtouched">
                  <summary>
                    <bdi className="truncate font-[560]">{one.contact}</bdi>
                    <span className="truncate text-ink2" dir="auto">
                      {one.title}
                    </span>
                    <time className="num ms-auto flex-none text-meta text-ink3">{dayClock(one.at)}</time>
                  </summary>
                  <Tree of={one.tree} />
                  <Link
                    to="/inbox/{-$id}"
                    params={{ id: one.conversation }}
                    search={{ seq: one.seq }}
                    className="mini mt-2 inline-flex"
                  >
                    {one.title || one.contact}
                  </Link>
                </details>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </div>
  );
}
