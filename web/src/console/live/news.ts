/**
 * News and answers meet: an answer that is on its way when news comes may have been given before it, and
 * would undo it or hide it. So what is being fetched then is fetched once more when it is there.
 */
import type { Query, QueryKey } from "@tanstack/react-query";
import { queries } from "../api";

const owed = new Set<Query>();

/** There is news of what stands under a key, and it was patched into what is known. */
export function newsOf(queryKey: QueryKey): void {
  for (const query of queries.getQueryCache().findAll({ queryKey, fetchStatus: "fetching" })) {
    if (owed.has(query)) continue;
    owed.add(query);
    const again = () => {
      owed.delete(query);
      void queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
    };
    query.promise?.then(again, again);
  }
}

/** There is news of what stands under a key, and only the hub knows what. */
export function renew(queryKey: QueryKey): void {
  newsOf(queryKey);
  void queries.invalidateQueries({ queryKey }, { cancelRefetch: false });
}
