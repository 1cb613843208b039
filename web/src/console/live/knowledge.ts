/** News of documents, patched into what the screens show. */
import { ask, queries } from "../api";
import type { DocumentRow, Signal } from "../types";
import { newsOf, renew } from "./news";

type News = Extract<Signal, { signal: "document" }>;

/** While a document is read only its progress changes; everything else is fetched anew. */
export function patchDocument(news: News): void {
  if (news.status === "deleted") {
    // Asking for it again would only say that it is gone.
    queries.setQueryData(ask.document(news.document).queryKey, (known) =>
      known ? { ...known, status: news.status } : undefined,
    );
    renew(["documents"]);
    renew(["hits"]);
    return;
  }
  if (news.status !== "reading" || news.pages === undefined) {
    renew(["documents"]);
    renew(["document", news.document]);
    renew(["hits"]);
    return;
  }
  newsOf(ask.documents.queryKey);
  newsOf(ask.document(news.document).queryKey);
  const progress = <T extends DocumentRow>(row: T): T =>
    row.source
      ? {
          ...row,
          status: news.status,
          source: {
            ...row.source,
            page: news.page,
            ...(news.pages === undefined ? {} : { pages: news.pages }),
          },
        }
      : row;
  queries.setQueryData(ask.documents.queryKey, (list) =>
    list
      ? { ...list, items: list.items.map((row) => (row.id === news.document ? progress(row) : row)) }
      : undefined,
  );
  queries.setQueryData(ask.document(news.document).queryKey, (known) =>
    known ? progress(known) : undefined,
  );
}
