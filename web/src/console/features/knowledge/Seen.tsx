/** What the agent sees of a document: its passages, as they are searched and cited. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { Markdown } from "../../parts/markdown";

export function Seen({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data } = useQuery(ask.passages(id));
  if (!data) return null;
  return (
    <>
      <p className="hint mb-3!">{t("knowledge.seenHint")}</p>
      <ol className="grid gap-3">
        {data.map((passage) => (
          <li key={passage.id} className="kcard">
            <p className="num mb-1 flex gap-2 text-meta text-ink3">
              <b className="text-ink2">{passage.position + 1}</b>
              {passage.heading ? <bdi className="truncate">{passage.heading}</bdi> : null}
              <span className="ms-auto flex-none">
                {t("knowledge.characters", { count: passage.text.length })}
              </span>
            </p>
            <Markdown text={passage.text} />
          </li>
        ))}
      </ol>
    </>
  );
}
