import { ChevronLeft, ChevronRight, History, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { dayClock } from "../../lib/format";
import { Icon, IconButton } from "../../parts/basics";
import { plainValue, useWorkflow } from "../../parts/data";
import type { Entry } from "../../types";
import { told } from "./Thread";

type Props = {
  entries: readonly Entry[];
  /** How many entries are shown. */
  at: number;
  onAt: (at: number) => void;
  onClose: () => void;
};

/** Goes back through everything that happened in a conversation, entry by entry. */
export function LookBack({ entries, at, onAt, onClose }: Props) {
  const { t } = useTranslation();
  const { label } = useWorkflow();
  const range = useRef<HTMLInputElement>(null);
  const entry = entries[at - 1];

  useEffect(() => range.current?.focus(), []);

  const what = (one: Entry): string => {
    const { content } = one;
    if (content.kind === "message" || content.kind === "note") return `${one.author}: ${one.body ?? "📎"}`;
    if (content.kind === "draft_proposed") return t("back.proposed", { gist: content.gist });
    if (content.kind === "field_changed")
      return t("back.field", { label: content.label, value: plainValue(content.to) || t("ctx.unknown") });
    if (
      content.kind === "draft_decided" &&
      content.decision !== "rejected" &&
      content.decision !== "undone" &&
      content.decision !== "auto_approved"
    )
      return t(`conv.sys.${content.decision}`, { name: one.author });
    return told(one, label, t);
  };

  return (
    <section
      className="lookback"
      aria-label={t("back.title")}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <div className="flex items-center gap-2">
        <span className="text-pencil2">
          <Icon of={History} />
        </span>
        <b className="num font-[600]">{entry ? dayClock(entry.at) : t("back.start")}</b>
        <span className="num ms-auto text-ink3">{t("back.step", { n: at, of: entries.length })}</span>
        <IconButton says={t("back.close")} icon={X} onClick={onClose} />
      </div>
      <div className="flex items-center gap-1.5">
        <IconButton
          says={t("back.earlier")}
          icon={ChevronLeft}
          disabled={at <= 1}
          onClick={() => onAt(at - 1)}
        />
        <input
          ref={range}
          type="range"
          min={1}
          max={Math.max(1, entries.length)}
          value={at}
          aria-label={t("back.slider")}
          aria-valuetext={entry ? `${dayClock(entry.at)}, ${what(entry)}` : ""}
          onChange={(event) => onAt(Number(event.target.value))}
        />
        <IconButton
          says={t("back.later")}
          icon={ChevronRight}
          disabled={at >= entries.length}
          onClick={() => onAt(at + 1)}
        />
      </div>
      <p className="truncate text-ink2" dir="auto">
        {entry ? what(entry) : t("back.none")}
      </p>
    </section>
  );
}
