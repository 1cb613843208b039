/** How a document stands, in words and marks. */
import { Code2, FileText, FileType2, Globe, Pencil, Table2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { ago } from "../../lib/format";
import { Icon } from "../../parts/basics";
import type { DocumentRow, DocumentSource } from "../../types";

const SHAPES = {
  pdf: FileType2,
  docx: FileType2,
  html: Code2,
  markdown: FileText,
  text: FileText,
  csv: Table2,
} as const;

/** A page of the web, a file of some kind, or something written here. */
export function SourceIcon({ source }: { source?: DocumentSource | undefined }) {
  const shape = !source ? Pencil : source.kind === "page" ? Globe : SHAPES[source.format ?? "text"];
  return (
    <span className="ksrc">
      <Icon of={shape} size="s" />
    </span>
  );
}

export const isUnderway = (row: DocumentRow): boolean => row.status === "waiting" || row.status === "reading";

/** How far a reading is, as a bar; before the number of pages is known it only moves. */
export function Progress({ row }: { row: DocumentRow }) {
  const { t } = useTranslation();
  const pages = row.source?.pages ?? 0;
  const page = row.source?.page ?? 0;
  const says =
    row.status === "waiting"
      ? t("knowledge.waiting")
      : pages > 1
        ? t("knowledge.readingPage", { page, pages })
        : t("knowledge.reading");
  return (
    <span className="grid gap-1">
      <span className="num text-meta text-ink3">{says}</span>
      <progress className="kbar" aria-label={says} {...(pages > 1 ? { value: page, max: pages } : {})} />
    </span>
  );
}

/** How fresh a source is: when a page was last looked at, when a file was read, when words were changed. */
export function Freshness({ row, now }: { row: DocumentRow; now: number }) {
  const { t } = useTranslation();
  const since = (at: string) => ago(now - Date.parse(at));
  const { source } = row;
  if (source?.kind === "page" && source.checked_at)
    return <>{t("knowledge.checked", { ago: since(source.checked_at) })}</>;
  if (source?.read_at) return <>{t("knowledge.read", { ago: since(source.read_at) })}</>;
  return <>{t("knowledge.updated", { ago: since(row.updated_at) })}</>;
}
