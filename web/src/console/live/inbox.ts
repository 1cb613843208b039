/** Keeps the cached lists equal to what the hub would answer now. */
import type { InboxFilter } from "../api";
import { queries } from "../api";
import type { ConversationSummary, DraftView, Page, QueueItem } from "../types";
import { newsOf, renew } from "./news";

export function belongs(row: ConversationSummary, filter: InboxFilter, me: string): boolean {
  if (filter.contact && row.contact.id !== filter.contact) return false;
  if (filter.label && !row.labels.includes(filter.label)) return false;
  if (filter.status && row.status !== filter.status) return false;
  if (filter.assignee && row.assignee !== filter.assignee) return false;
  const open = !row.resolved && row.snoozed_until === undefined;
  switch (filter.view) {
    case "open":
      return open;
    case "mine":
      return open && row.assignee === me;
    case "unassigned":
      return open && row.assignee === undefined;
    case "waiting":
      return open && row.waiting_since !== undefined;
    case "snoozed":
      return row.snoozed_until !== undefined;
    case "resolved":
      return row.resolved;
    case "all":
      return true;
  }
}

/** Signals go to everybody and carry no unread count: what this person had read stays read. */
export function withUnread(
  row: ConversationSummary,
  known: ConversationSummary | undefined,
  open: boolean,
): ConversationSummary {
  if (open) return { ...row, unread: 0 };
  const read = known ? known.inbound_count - known.unread : 0;
  return { ...row, unread: Math.max(0, row.inbound_count - read) };
}

export const lastAt = (row: ConversationSummary): string => row.last_message?.at ?? row.created_at;

export const waitingSince = (row: ConversationSummary): string => row.waiting_since ?? lastAt(row);

export const inQueue = (row: ConversationSummary): boolean =>
  row.snoozed_until === undefined && (row.draft?.status === "pending" || row.draft?.status === "writing");

export function patchList(
  items: readonly ConversationSummary[],
  row: ConversationSummary,
  filter: InboxFilter,
  me: string,
  open: boolean,
): readonly ConversationSummary[] {
  const known = items.find((item) => item.id === row.id);
  // Words and conditions are the hub's to judge.
  if (!known && (filter.q || filter.when)) return items;
  const others = items.filter((item) => item.id !== row.id);
  if (!belongs(row, filter, me)) return known ? others : items;
  const next = withUnread(row, known, open);
  const at = others.findIndex((item) => lastAt(item) < lastAt(next));
  return at < 0 ? [...others, next] : others.toSpliced(at, 0, next);
}

export function patchQueue(items: readonly QueueItem[], row: ConversationSummary): readonly QueueItem[] {
  const known = items.find((item) => item.conversation.id === row.id);
  if (!inQueue(row)) return known ? items.filter((item) => item !== known) : items;
  const draft = known?.draft?.id === row.draft?.id ? known?.draft : undefined;
  const next: QueueItem = draft ? { draft, conversation: row } : { conversation: row };
  if (known) return items.map((item) => (item === known ? next : item));
  return [...items, next];
}

type Lists = Page<ConversationSummary>;

export function patchInbox(row: ConversationSummary, me: string, open: boolean): void {
  for (const key of [["inbox"], ["drafts"], ["conversation", row.id]]) newsOf(key);
  for (const [key, page] of queries.getQueriesData<Lists>({ queryKey: ["inbox"] })) {
    if (!page) continue;
    const filter = key[1] as InboxFilter;
    const items = patchList(page.items, row, filter, me, open);
    if (items !== page.items) queries.setQueryData<Lists>(key, { ...page, items });
  }
  queries.setQueryData<Page<QueueItem>>(
    ["drafts"],
    (page) => page && { ...page, items: patchQueue(page.items, row) },
  );
  queries.setQueryData<ConversationSummary>(
    ["conversation", row.id],
    (known) => known && withUnread(row, known, open),
  );
}

/** This person has read a conversation: its mark goes from every list, without waiting for a signal. */
export function markRead(conversation: string): void {
  for (const [key, page] of queries.getQueriesData<Lists>({ queryKey: ["inbox"] })) {
    if (!page?.items.some((row) => row.id === conversation && row.unread > 0)) continue;
    const items = page.items.map((row) => (row.id === conversation ? { ...row, unread: 0 } : row));
    queries.setQueryData<Lists>(key, { ...page, items });
  }
}

export function patchDraft(draft: DraftView): void {
  newsOf(["drafts"]);
  queries.setQueryData(["draft", draft.id], draft);
  queries.setQueryData<Page<QueueItem>>(["drafts"], (page) => {
    if (!page) return page;
    const gone = draft.status !== "pending" && draft.status !== "writing";
    const items = page.items.flatMap((item) => {
      if (item.conversation.id !== draft.conversation) return [item];
      if (gone && item.conversation.draft?.id === draft.id) return [];
      return item.conversation.draft?.id === draft.id ? [{ ...item, draft }] : [item];
    });
    return { ...page, items };
  });
}

/** Takes a conversation out of the queue at once, before the hub says so; the result puts it back. */
export function leaveQueue(conversation: string): () => void {
  const before = queries.getQueryData<Page<QueueItem>>(["drafts"]);
  const item = before?.items.find((one) => one.conversation.id === conversation);
  if (!item) return () => {};
  queries.setQueryData<Page<QueueItem>>(
    ["drafts"],
    (page) => page && { ...page, items: page.items.filter((one) => one.conversation.id !== conversation) },
  );
  return () =>
    queries.setQueryData<Page<QueueItem>>(
      ["drafts"],
      (page) =>
        page && {
          ...page,
          items: [...page.items.filter((one) => one.conversation.id !== conversation), item],
        },
    );
}

export function staleInbox(): void {
  for (const key of ["inbox", "drafts", "conversation", "context", "notices"]) renew([key]);
}
