import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { span } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Segments } from "../../parts/basics";
import type { Schema } from "../../types";
import { asks } from "./document";

const DAYS = ["7", "30", "90"] as const;

/** How well a schema works: what is known, what was corrected, how long statuses last. */
export function Statistics({ schema }: { schema: Schema }) {
  const { t } = useTranslation("schemas");
  const [days, setDays] = useState<(typeof DAYS)[number]>("90");
  const { data, error } = useQuery(asks.figures(schema.key, Number(days)));
  const lasted = (minutes: number | undefined) => (minutes === undefined ? "" : span(minutes * 60_000));
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <span className="text-ink2">{t("figures.days")}</span>
        <Segments
          label={t("figures.days")}
          value={days}
          options={DAYS.map((value) => ({ value, label: t("figures.dayCount", { n: value }) }))}
          onChange={setDays}
        />
        {data ? (
          <span className="num text-ink2">{t("figures.conversations", { count: data.conversations })}</span>
        ) : null}
      </div>
      {error ? <p className="err">{t("error", { why: refusal(error) })}</p> : null}
      {data?.conversations === 0 ? <p className="text-ink3">{t("figures.none")}</p> : null}
      {data ? (
        <>
          <section>
            <h3 className="sub">{t("figures.fieldsTitle")}</h3>
            <div className="scroll">
              <table className="figures">
                <thead>
                  <tr>
                    <th scope="col">{t("field")}</th>
                    <th scope="col">{t("figures.known")}</th>
                    <th scope="col">{t("figures.byPerson")}</th>
                    <th scope="col">{t("figures.corrections")}</th>
                  </tr>
                </thead>
                <tbody>
                  {data.fields.map((one) => (
                    <tr key={one.field}>
                      <th scope="row" dir="auto">
                        {one.label}
                      </th>
                      <td className="num">
                        <meter
                          min={0}
                          max={Math.max(data.conversations, 1)}
                          value={one.known}
                          aria-hidden="true"
                        />
                        {t("past.of", { n: one.known, of: data.conversations })}
                      </td>
                      <td className="num">{one.by_person}</td>
                      <td className="num">{one.corrections}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </section>
          <section>
            <h3 className="sub">{t("figures.statusTitle")}</h3>
            <div className="scroll">
              <table className="figures">
                <thead>
                  <tr>
                    <th scope="col">{t("figures.status")}</th>
                    <th scope="col">{t("figures.now")}</th>
                    <th scope="col">{t("figures.stays")}</th>
                    <th scope="col">{t("figures.median")}</th>
                    <th scope="col">{t("figures.decile")}</th>
                  </tr>
                </thead>
                <tbody>
                  {data.statuses.map((one) => (
                    <tr key={one.status}>
                      <th scope="row" dir="auto">
                        {one.label}
                      </th>
                      <td className="num">{one.now}</td>
                      <td className="num">{one.stays}</td>
                      <td className="num">{lasted(one.median_minutes)}</td>
                      <td className="num">{lasted(one.ninth_decile_minutes)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </section>
        </>
      ) : null}
    </>
  );
}
