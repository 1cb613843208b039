import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ask, queries } from "../../api";
import { dayClock, percent } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { complain } from "../../parts/toast";
import { asks, calls, type Doc, type FieldPreview, type Fill } from "./document";

/** What the fields, as they stand here, find in a real conversation. */
export function Found({ doc, waits }: { doc: Doc; waits: boolean }) {
  const { t } = useTranslation("schemas");
  const { data: inbox } = useQuery(ask.inbox({ view: "all" }));
  const [chosen, setChosen] = useState<string>();
  const rows = inbox?.items.slice(0, 50) ?? [];
  const conversation = chosen ?? rows[0]?.id;
  const { data, error } = useQuery({
    ...asks.test(doc, conversation ?? ""),
    enabled: conversation !== undefined && !waits,
    placeholderData: (before) => before,
  });
  return (
    <section aria-labelledby="found-title">
      <h3 id="found-title" className="sub">
        {t("preview.title")}
      </h3>
      {rows.length === 0 ? (
        <p className="text-ink3">{t("preview.noConversations")}</p>
      ) : (
        <select
          className="input"
          aria-label={t("preview.on")}
          value={conversation}
          onChange={(event) => setChosen(event.target.value)}
        >
          {rows.map((row) => (
            <option key={row.id} value={row.id}>
              {row.contact.name}: {row.title}
            </option>
          ))}
        </select>
      )}
      <div aria-live="polite">
        {waits ? <p className="mt-3 text-ink3">{t("preview.waits")}</p> : null}
        {error && !waits ? <p className="err">{t("error", { why: refusal(error) })}</p> : null}
        {data?.length === 0 && !waits ? <p className="mt-3 text-ink3">{t("preview.none")}</p> : null}
        <dl className="findings">
          {data?.map((one) => (
            <div key={one.field}>
              <dt>{one.label}</dt>
              <dd>
                <b dir="auto">{one.text}</b>
                <mark dir="auto">{one.evidence}</mark>
                <small className="num">{t("preview.sure", { n: percent(one.confidence) })}</small>
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </section>
  );
}

/** What a change would read in the past, and filling the past with what is saved. */
export function Past(props: { doc: Doc; schemaKey: string; dirty: boolean; waits: boolean }) {
  const { t } = useTranslation("schemas");
  const [seen, setSeen] = useState<{
    doc: Doc;
    conversations: number;
    fields: readonly FieldPreview[];
  }>();
  const [busy, setBusy] = useState(false);
  const { data: fill } = useQuery(asks.fill(props.schemaKey));

  async function handleLook() {
    setBusy(true);
    try {
      setSeen({ doc: props.doc, ...(await calls.preview(props.doc)) });
    } catch (error) {
      complain(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  async function handle(what: () => Promise<Fill>) {
    try {
      queries.setQueryData(asks.fill(props.schemaKey).queryKey, await what());
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <section aria-labelledby="past-title">
      <h3 id="past-title" className="sub">
        {t("past.title")}
      </h3>
      <p className="mb-3 text-ink2">{t("past.text", { n: 100 })}</p>
      <button
        type="button"
        className="btn line"
        disabled={busy || props.waits}
        onClick={() => void handleLook()}
      >
        {t(busy ? "past.running" : "past.run")}
      </button>
      {seen && seen.doc === props.doc ? (
        <div className="scroll mt-3">
          <table className="figures">
            <thead>
              <tr>
                <th scope="col">{t("field")}</th>
                <th scope="col">{t("past.before")}</th>
                <th scope="col">{t("past.after")}</th>
                <th scope="col">{t("past.disagree")}</th>
              </tr>
            </thead>
            <tbody>
              {seen.fields.map((one) => (
                <tr key={one.field}>
                  <th scope="row" dir="auto">
                    {one.label}
                  </th>
                  <td className="num">{t("past.of", { n: one.before, of: seen.conversations })}</td>
                  <td className="num">
                    <b>{t("past.of", { n: one.after, of: seen.conversations })}</b>
                  </td>
                  <td className="num">
                    {one.disagreements}
                    {one.examples[0] ? (
                      <small className="block" dir="auto">
                        {t("past.example", { now: one.examples[0].now, read: one.examples[0].read })}
                      </small>
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {props.dirty ? null : (
        <div className="mt-5">
          <p className="mb-3 text-ink2">{t("past.fillText")}</p>
          {fill?.state === "running" ? (
            <div className="grid gap-2">
              <progress
                className="w-full"
                value={fill.done}
                max={Math.max(fill.total, 1)}
                aria-label={t("past.fill")}
              />
              <p className="num text-ink2">{t("past.filling", { done: fill.done, of: fill.total })}</p>
              <p className="text-ink3">{t("past.goesOn")}</p>
              <button
                type="button"
                className="btn line w-fit"
                onClick={() => void handle(() => calls.stopFill(props.schemaKey))}
              >
                {t("past.stop")}
              </button>
            </div>
          ) : (
            <>
              {fill ? (
                <p className="mb-3" role="status">
                  {fill.state === "stopped"
                    ? t("past.stopped", { done: fill.done, of: fill.total })
                    : t("past.filled", { count: fill.changed })}{" "}
                  <span className="text-ink3">
                    {t("past.begun", { name: fill.started_by, at: dayClock(fill.started_at) })}
                  </span>
                </p>
              ) : null}
              <button
                type="button"
                className="btn line"
                onClick={() => void handle(() => calls.fill(props.schemaKey))}
              >
                {t("past.fill")}
              </button>
            </>
          )}
        </div>
      )}
    </section>
  );
}
