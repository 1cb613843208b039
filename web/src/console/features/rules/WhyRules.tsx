/** Why, and why not: every rule's answer about one conversation. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import "./rules.css";
import "./texts";
import { dayClock } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { type Answer, askRules } from "./model";
import { SequenceRuns } from "./SequenceRuns";
import { Tree } from "./Tree";

export function WhyRules({ conversation }: { conversation: string }) {
  const { t } = useTranslation("rules");
  const { data, error } = useQuery(askRules.answers(conversation));
  const rank = (one: Answer) => (one.verdict === "fired" ? 0 : one.verdict === "off" ? 2 : 1);
  const answers = data?.toSorted((a, b) => rank(a) - rank(b));
  return (
    <section className="rui px-5 py-4" aria-label={t("why.title")}>
      <p className="mb-3 text-ink2">{t("why.text")}</p>
      {error ? <p className="err">{refusal(error)}</p> : null}
      {answers?.length === 0 ? <p className="text-ink3">{t("why.none")}</p> : null}
      <ul className="grid gap-2">
        {answers?.map((one) => (
          <One key={one.rule} answer={one} />
        ))}
      </ul>
      <SequenceRuns conversation={conversation} />
    </section>
  );
}

function One({ answer }: { answer: Answer }) {
  const { t } = useTranslation("rules");
  const receipts = answer.verdict === "fired" ? (answer.runs[0]?.receipts ?? []) : [];
  return (
    <li>
      <details className="rcard p-0!">
        <summary className="grid cursor-pointer list-none gap-1 rounded-[12px] px-4 py-3 hover:bg-hover">
          <span className="flex items-center gap-2">
            <b className="min-w-0 flex-1 font-[600]" dir="auto">
              {answer.name}
            </b>
            <span className={`rverdict ${answer.verdict}`}>{t(`why.verdict.${answer.verdict}`)}</span>
          </span>
          {answer.says.slice(0, 3).map((line) => (
            <span key={line} className="text-small text-ink2" dir="auto">
              {line}
            </span>
          ))}
          {receipts.map((receipt, at) => (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: a rule may do the same twice.
              key={at}
              className={`text-small ${receipt.state === "failed" ? "text-brick" : "text-ink2"}`}
              dir="auto"
            >
              {receipt.action}: {t(`why.state.${receipt.state}`)}
              {receipt.because ? `, ${receipt.because}` : ""}
            </span>
          ))}
          {answer.due ? (
            <span className="num text-meta text-ink3">{t("why.due", { at: dayClock(answer.due) })}</span>
          ) : null}
        </summary>
        <div className="grid gap-3 px-4 pb-4">
          <p className="text-ink3" dir="auto">
            {answer.text}
          </p>
          <div>
            <p className="lab">{t("why.tree")}</p>
            <Tree of={answer.tree} />
          </div>
          <p className="num flex flex-wrap items-center gap-2 text-meta text-ink3">
            {answer.verdict === "not_asked" ? null : t("why.at", { at: dayClock(answer.at) })}
            <Link to="/rules/$rule" params={{ rule: answer.rule }} className="mini ms-auto">
              {t("why.open")}
            </Link>
          </p>
        </div>
      </details>
    </li>
  );
}
