import { useTranslation } from "react-i18next";
import { number } from "../../lib/amounts";
import { type Bin, percent } from "./model";

const SIZE = 180;

/** How confidence and outcome agree: a diagram, and the same as a table. */
export function Reliability({ bins }: { bins: readonly Bin[] }) {
  const { t } = useTranslation("autopilot");
  const known = bins.filter((bin) => bin.decided > 0);
  const most = Math.max(1, ...known.map((bin) => bin.decided));
  const place = (share: number) => share * SIZE;
  return (
    <section aria-label={t("reliability")}>
      <h3>{t("reliability")}</h3>
      {known.length === 0 ? (
        <p className="text-ink3">{t("reliabilityNone")}</p>
      ) : (
        <>
          <p className="max-w-[62ch] text-ink2">{t("reliabilityText")}</p>
          <div className="reliability">
            <svg
              viewBox={`-4 -4 ${SIZE + 8} ${SIZE + 8}`}
              width={SIZE + 8}
              height={SIZE + 8}
              aria-hidden="true"
            >
              <path className="frame" d={`M0 0V${SIZE}H${SIZE}`} />
              <path className="even" d={`M0 ${SIZE}L${SIZE} 0`} />
              {known.map((bin) => (
                <circle
                  key={bin.from}
                  cx={place(bin.confidence)}
                  cy={SIZE - place(bin.share)}
                  r={4 + 6 * Math.sqrt(bin.decided / most)}
                />
              ))}
            </svg>
            <table className="num">
              <thead>
                <tr>
                  <th scope="col">{t("confidence")}</th>
                  <th scope="col">{t("outcome")}</th>
                  <th scope="col">{t("decided")}</th>
                </tr>
              </thead>
              <tbody>
                {known.map((bin) => (
                  <tr key={bin.from}>
                    <th scope="row">{t("range", { from: percent(bin.from), to: percent(bin.to) })}</th>
                    <td>{percent(bin.share)} %</td>
                    <td>{number(bin.decided)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}
