/** One's own notices: the cached first page follows the signals, the number of unread ones is the hub's. */
import i18next from "i18next";
import { api, ask, queries } from "../api";
import { announce } from "../lib/announce";
import type { Notice, NoticePage } from "../types";
import { newsOf, renew } from "./news";

const KEPT = 60;

const patch = (change: (page: NoticePage) => NoticePage): void => {
  newsOf(ask.notices.queryKey);
  queries.setQueryData<NoticePage>(ask.notices.queryKey, (page) => page && change(page));
};

export function hearNotice(notice: Notice, unread: number): void {
  patch((page) =>
    page.items.some((known) => known.seq === notice.seq)
      ? page
      : { ...page, items: [notice, ...page.items].slice(0, KEPT), unread },
  );
  announce(says(notice));
}

export function hearSeen(seq: number, unread: number): void {
  patch((page) => ({ ...page, seen: Math.max(page.seen, seq), unread }));
}

/** Marks everything as seen, here at once and at the hub. */
export async function seeNotices(): Promise<void> {
  const page = queries.getQueryData<NoticePage>(ask.notices.queryKey);
  const newest = page?.items[0]?.seq ?? 0;
  if (!page || page.unread === 0 || newest === 0) return;
  hearSeen(newest, 0);
  try {
    const { seen, unread } = await api.seeNotices(newest);
    hearSeen(seen, unread);
  } catch {
    renew(ask.notices.queryKey);
  }
}

/** A notice in one line. */
export function says(notice: Notice): string {
  const { kind, by, contact } = notice;
  return i18next.t(`bell.kind.${kind}`, { by, name: contact || i18next.t("contacts.visitor") });
}
