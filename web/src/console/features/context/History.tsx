import { useQuery, useQueryClient } from "@tanstack/react-query";
import i18next from "i18next";
import { useTranslation } from "react-i18next";
import { ask, call } from "../../api";
import { schemas as texts } from "../../i18n/schemas";
import { announce } from "../../lib/announce";
import { percent, span, useNow } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Sheet } from "../../parts/Sheet";
import { complain } from "../../parts/toast";
import type { ContextField, Page } from "../../types";

i18next.addResourceBundle("en", "schemas", texts);

type Step = {
  readonly seq: number;
  readonly at: string;
  readonly author: string;
  readonly origin: "person" | "rule" | "extracted";
  readonly confidence: number;
  readonly from?: string;
  readonly to?: string;
  readonly evidence?: string;
};

/** Every change of a field, who made it, and the way back. */
export default function History(props: {
  conversation: string;
  field: ContextField;
  onOpenChange: (open: boolean) => void;
}) {
  const { t } = useTranslation("schemas");
  const { t: tc } = useTranslation();
  const { conversation, field } = props;
  const cache = useQueryClient();
  const now = useNow(60_000);
  const path = `/v1/conversations/${conversation}/context/${field.key}`;
  const { data, error } = useQuery({
    queryKey: ["field-history", conversation, field.key],
    queryFn: async () => (await call<Page<Step>>("GET", `${path}/history`)).items,
    staleTime: 0,
  });

  async function change(work: Promise<unknown>, says: string) {
    try {
      await work;
      announce(says);
      await Promise.all([
        cache.invalidateQueries({ queryKey: ask.context(conversation).queryKey }),
        cache.invalidateQueries({ queryKey: ["field-history", conversation, field.key] }),
      ]);
    } catch (refused) {
      complain(refusal(refused));
    }
  }

  return (
    <Sheet open onOpenChange={props.onOpenChange} title={t("history.title", { label: field.label })}>
      <div className="grid gap-4 overflow-y-auto p-5">
        <p className="text-ink2">{t("history.text")}</p>
        {error ? <p className="err">{t("error", { why: refusal(error) })}</p> : null}
        {data?.length === 0 ? <p className="text-ink3">{t("history.none")}</p> : null}
        {field.locked ? (
          <p className="flex flex-wrap items-center gap-3">
            <span className="text-ink2">{t("history.locked")}</span>
            <button
              type="button"
              className="mini"
              onClick={() =>
                void change(
                  call("PUT", path, { value: field.value ?? null, locked: false }),
                  t("history.unlocked", { label: field.label }),
                )
              }
            >
              {t("history.unlock")}
            </button>
          </p>
        ) : null}
        <ol className="grid">
          {data?.map((step, index) => (
            <li key={step.seq} className="flex items-start gap-4 border-t border-line py-3">
              <div className="min-w-0 flex-1">
                <p dir="auto">
                  {step.from ? <del className="me-2 text-ink3">{step.from}</del> : null}
                  <ins className="font-[560] no-underline">{step.to ?? t("history.empty")}</ins>
                </p>
                <p className="text-small text-ink3">
                  {step.origin === "person"
                    ? t("history.person", { who: step.author })
                    : step.origin === "rule"
                      ? t("history.rule", { who: step.author })
                      : t("history.machine", { n: percent(step.confidence) })}
                  {", "}
                  <time dateTime={step.at}>{tc("time.ago", { span: span(now - Date.parse(step.at)) })}</time>
                </p>
                {step.evidence ? (
                  <p className="mt-1 text-small" dir="auto">
                    <mark>{step.evidence}</mark>
                  </p>
                ) : null}
              </div>
              {index === 0 ? (
                <span className="text-small text-ink3">{t("history.now")}</span>
              ) : (
                <button
                  type="button"
                  className="mini"
                  onClick={() =>
                    void change(
                      call("POST", `${path}/revert`, { seq: step.seq }),
                      t("history.reverted", {
                        label: field.label,
                        value: step.to ?? t("history.empty"),
                      }),
                    )
                  }
                >
                  {t("history.revert")}
                  <span className="sr-only">: {step.to ?? t("history.empty")}</span>
                </button>
              )}
            </li>
          ))}
        </ol>
      </div>
    </Sheet>
  );
}
