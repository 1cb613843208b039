import { useTranslation } from "react-i18next";
import { useNow } from "../lib/format";
import { useKeys } from "../lib/keys";
import { undo } from "../live/decide";
import { useHeld } from "../live/held";
import { Key } from "../parts/basics";

const AROUND = 2 * Math.PI * 8;

/** What was approved and is not sent yet, with the seconds left to take it back. */
export function UndoBar() {
  const { t } = useTranslation();
  const held = useHeld((state) => state.held);
  useKeys({
    undo: () => {
      const last = held.at(-1);
      if (!last) return false;
      void undo(last);
      return true;
    },
  });
  if (held.length === 0) return null;
  return <Bars label={t("draft.undoBar")} />;
}

function Bars({ label }: { label: string }) {
  const { t } = useTranslation();
  const now = useNow(200);
  const held = useHeld((state) => state.held);
  return (
    <section className="undo" aria-label={label}>
      {held.slice(-2).map((one, at, shown) => {
        const left = Math.max(0, one.sendAt - now);
        const share = left / Math.max(1, one.sendAt - one.from);
        return (
          <div key={one.draft}>
            <svg className="clock" viewBox="0 0 20 20" aria-hidden="true">
              <circle
                cx="10"
                cy="10"
                r="8"
                fill="none"
                stroke="currentColor"
                strokeOpacity=".25"
                strokeWidth="2"
              />
              <circle
                cx="10"
                cy="10"
                r="8"
                fill="none"
                stroke="currentColor"
                strokeWidth="2"
                strokeLinecap="round"
                strokeDasharray={AROUND}
                strokeDashoffset={AROUND * (1 - share)}
              />
            </svg>
            <span className="num overflow-hidden text-ellipsis">
              {left > 0
                ? t("draft.toSend", { name: one.name, n: Math.ceil(left / 1000) })
                : t("draft.sent", { name: one.name })}
            </span>
            {left > 0 ? (
              <button type="button" onClick={() => void undo(one)}>
                {t("draft.undo")}
                {at === shown.length - 1 ? <Key name="undo" /> : null}
              </button>
            ) : null}
          </div>
        );
      })}
    </section>
  );
}
