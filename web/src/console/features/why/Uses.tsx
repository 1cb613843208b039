import { useTranslation } from "react-i18next";
import "../../i18n/models";
import { number } from "../../lib/amounts";
import type { ModelUse } from "../../types";

/** Each call of a model that a turn made. */
export function Uses({ uses }: { uses: readonly ModelUse[] }) {
  const { t } = useTranslation("models");
  return (
    <section className="mt-4 border-t border-line pt-3" aria-label={t("calls")}>
      <h3 className="mb-1 font-[600]">{t("calls")}</h3>
      <ol className="grid gap-1">
        {uses.map((use, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: calls have no identity beyond their order.
          <li key={at} className="flex flex-wrap items-baseline gap-x-2 text-small">
            <bdi className="tag2">{use.model}</bdi>
            <span className="num text-ink3">
              {t("call", {
                prompt: number(use.prompt_tokens),
                answer: number(use.answer_tokens),
                ms: number(use.ms),
              })}
            </span>
            {use.outcome === "answered" ? null : <span className="text-brick">{use.outcome}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
