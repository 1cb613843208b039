/** Which drafts and answers rest on a document. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { fullTime, span, useNow } from "../../lib/format";
import { Empty } from "../../parts/basics";
import { plain } from "../../parts/markdown";

export function Uses({ id }: { id: string }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const { data } = useQuery(ask.uses(id));
  if (!data) return null;
  if (data.length === 0) return <Empty title={t("knowledge.unused")} text={t("knowledge.unusedText")} />;
  const sent = data.filter((use) => use.status === "sent").length;
  return (
    <>
      <p className="num mb-3 text-ink2">{t("knowledge.usesSum", { count: data.length, sent })}</p>
      <ul className="grid gap-2">
        {data.map((use) => (
          <li key={use.draft}>
            <Link to="/inbox/{-$id}" params={{ id: use.conversation }} className="kcard kuse">
              <span className="flex items-baseline gap-2">
                <b className="truncate">
                  <bdi>{use.title}</bdi>
                </b>
                <span className={`ktag ${use.status === "sent" ? "good" : ""}`}>
                  {t(`knowledge.useStatus.${use.status}`)}
                </span>
                <time
                  className="num ms-auto flex-none text-meta text-ink3"
                  dateTime={use.at}
                  title={fullTime(use.at)}
                >
                  {span(now - Date.parse(use.at))}
                </time>
              </span>
              <q className="line-clamp-2 text-ink2" dir="auto">
                {plain(use.quote)}
              </q>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
