/** The texts a document has had, what changed between them, and the way back. */
import { useQuery } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { ago, fullTime, useNow } from "../../lib/format";
import { folded, lineDiff } from "../../lib/lines";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { complain, toast } from "../../parts/toast";
import type { Document, VersionRow } from "../../types";

export function Versions({ document }: { document: Document }) {
  const { t } = useTranslation();
  const { data } = useQuery(ask.versions(document.id));
  const [open, setOpen] = useState<number>();
  if (!data) return null;
  return (
    <ol className="grid gap-2">
      {data.map((row) => (
        <li key={row.version} className="kcard">
          <Row
            row={row}
            current={row.version === document.version}
            open={open === row.version}
            onToggle={() => setOpen(open === row.version ? undefined : row.version)}
          />
          {open === row.version ? <Changes document={document} version={row.version} /> : null}
        </li>
      ))}
      {data.length === 1 ? <p className="hint">{t("knowledge.oneVersion")}</p> : null}
    </ol>
  );
}

function Row(props: { row: VersionRow; current: boolean; open: boolean; onToggle: () => void }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const { row } = props;
  const by = row.made_by || (row.file_name ?? "");
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <b className="num">{t("knowledge.versionN", { n: row.version })}</b>
      <span className="min-w-0 truncate text-meta text-ink3">
        <time dateTime={row.made_at} title={fullTime(row.made_at)}>
          {ago(now - Date.parse(row.made_at))}
        </time>
        {by ? (
          <>
            {" · "}
            <bdi>{by}</bdi>
          </>
        ) : null}
        {" · "}
        {t("knowledge.characters", { count: row.characters })}
      </span>
      <span className="ms-auto">
        {props.current ? (
          <span className="ktag good">{t("knowledge.current")}</span>
        ) : (
          <button type="button" className="btn line" aria-expanded={props.open} onClick={props.onToggle}>
            {props.open ? t("knowledge.hideChanges") : t("knowledge.showChanges")}
          </button>
        )}
      </span>
    </div>
  );
}

/** What came since a version, and the button that brings it back. */
function Changes({ document, version }: { document: Document; version: number }) {
  const { t } = useTranslation();
  const mayWrite = useMay("manager");
  const { data } = useQuery(ask.version(document.id, version));
  const [busy, setBusy] = useState(false);
  const lines = useMemo(() => folded(lineDiff(data?.body ?? "", document.body)), [data, document.body]);
  if (!data) return null;

  async function handleRestore() {
    setBusy(true);
    try {
      await api.restore(document.id, version);
      await queries.invalidateQueries({ queryKey: ["document", document.id] });
      void queries.invalidateQueries({ queryKey: ["documents"] });
      void queries.invalidateQueries({ queryKey: ["hits"] });
      toast(t("knowledge.restored", { n: version }));
    } catch (error) {
      complain(refusal(error));
    }
    setBusy(false);
  }

  return (
    <>
      <p className="hint mt-3!">{t("knowledge.changesSince", { n: version })}</p>
      <section className="kdiff" aria-label={t("knowledge.changesSince", { n: version })}>
        {lines.map((line, at) =>
          "folded" in line ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity beyond their place.
            <p key={at} className="fold num">
              {t("knowledge.sameLines", { count: line.folded })}
            </p>
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity beyond their place.
            <p key={at} className={line.kind} dir="auto">
              {line.kind === "gone" ? (
                <del>{line.text || " "}</del>
              ) : line.kind === "new" ? (
                <ins>{line.text || " "}</ins>
              ) : (
                line.text || " "
              )}
            </p>
          ),
        )}
      </section>
      {mayWrite ? (
        <button type="button" className="btn line mt-3" disabled={busy} onClick={() => void handleRestore()}>
          <Icon of={RotateCcw} size="s" />
          {t("knowledge.restore", { n: version })}
        </button>
      ) : null}
    </>
  );
}
