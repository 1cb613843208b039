/** Customers' questions that nothing answers: how often, when last, in which words, and what to do. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, ChevronDown, PenLine, RotateCcw } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { ago, useNow } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Empty, Icon, Segments } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { complain, toast } from "../../parts/toast";
import type { Gap } from "../../types";
import { BackToList } from "./Reader";

export function Gaps() {
  const { t } = useTranslation();
  const [side, setSide] = useState<"open" | "closed">("open");
  const { data, isPending } = useQuery(ask.gaps(side === "closed"));
  const items = data?.items ?? [];
  return (
    <div className="mx-auto w-full max-w-[760px] px-7 py-6 max-sm:px-4">
      <div className="mb-1 flex flex-wrap items-center gap-2">
        <BackToList />
        <h1 className="me-auto text-[22px]!">{t("gaps.title")}</h1>
        <Segments
          label={t("gaps.which")}
          value={side}
          options={[
            { value: "open", label: t("gaps.open") },
            { value: "closed", label: t("gaps.closed") },
          ]}
          onChange={setSide}
        />
      </div>
      <p className="mb-5 text-ink2">{t("gaps.hint")}</p>
      {items.length === 0 && !isPending ? (
        <Empty
          title={side === "open" ? t("gaps.none") : t("gaps.noneClosed")}
          text={side === "open" ? t("gaps.noneText") : ""}
        />
      ) : null}
      <ul className="grid gap-3">
        {items.map((gap) => (
          <Card key={gap.id} gap={gap} />
        ))}
      </ul>
    </div>
  );
}

function Card({ gap }: { gap: Gap }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const mayWrite = useMay("manager");
  const [open, setOpen] = useState(false);
  const examples = useId();

  async function handle(work: () => Promise<unknown>, says: string) {
    try {
      await work();
      await queries.invalidateQueries({ queryKey: ["gaps"] });
      toast(says);
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <li className="kcard">
      <div className="flex items-start gap-3">
        <span className="kcount num" title={t("gaps.asked", { count: gap.asked })}>
          {gap.asked}×
        </span>
        <div className="min-w-0 flex-1">
          <p className="font-semibold" dir="auto">
            {gap.question}
          </p>
          <p className="num text-meta text-ink3">
            {t("gaps.last", { ago: ago(now - Date.parse(gap.last_at)) })}
            {gap.closed_by ? ` · ${t("gaps.closedBy", { name: gap.closed_by })}` : ""}
            {gap.document ? (
              <>
                {" · "}
                <Link to="/knowledge/{-$id}" params={{ id: gap.document }} className="underline">
                  {t("gaps.answeredIn")}
                </Link>
              </>
            ) : null}
          </p>
        </div>
      </div>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        {mayWrite && !gap.closed_at ? (
          <>
            <Link
              to="/knowledge/{-$id}"
              params={{ id: "new" }}
              search={{ gap: gap.id }}
              className="btn go plain"
            >
              <Icon of={PenLine} size="s" />
              {t("gaps.write")}
            </Link>
            <button
              type="button"
              className="btn line"
              onClick={() => void handle(() => api.closeGap(gap.id), t("gaps.closedNow"))}
            >
              <Icon of={Check} size="s" />
              {t("gaps.close")}
            </button>
          </>
        ) : null}
        {mayWrite && gap.closed_at ? (
          <button
            type="button"
            className="btn line"
            onClick={() => void handle(() => api.reopenGap(gap.id), t("gaps.reopened"))}
          >
            <Icon of={RotateCcw} size="s" />
            {t("gaps.reopen")}
          </button>
        ) : null}
        <button
          type="button"
          className="btn ms-auto"
          aria-expanded={open}
          aria-controls={examples}
          onClick={() => setOpen(!open)}
        >
          {t("gaps.examples")}
          <ChevronDown
            className={`i s transition-transform ${open ? "rotate-180" : ""}`}
            aria-hidden="true"
          />
        </button>
      </div>
      <div id={examples}>{open ? <Examples id={gap.id} /> : null}</div>
    </li>
  );
}

function Examples({ id }: { id: string }) {
  const now = useNow(60_000);
  const { data } = useQuery(ask.gap(id));
  if (!data) return null;
  return (
    <ul className="mt-3 grid gap-1 border-t border-line pt-3">
      {data.examples.map((one) => (
        <li key={`${one.conversation}${one.seq}`}>
          <Link
            to="/inbox/{-$id}"
            params={{ id: one.conversation }}
            className="flex min-h-7 items-baseline gap-3 hover:underline"
          >
            <q className="min-w-0 flex-1" dir="auto">
              {one.text}
            </q>
            <span className="num flex-none text-meta text-ink3">{ago(now - Date.parse(one.at))}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
