import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { AlarmClock, AtSign, Bell, Hourglass, type LucideIcon, UserRoundCheck } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask } from "../api";
import { span, useNow } from "../lib/format";
import { refusal } from "../lib/refusal";
import { says, seeNotices } from "../live/bell";
import { Icon } from "../parts/basics";
import { Menu, MenuItem, MenuTitle } from "../parts/Menu";
import { complain } from "../parts/toast";
import type { Notice, NoticeKind } from "../types";

/** What waits or has ended has the hourglass. */
const ICONS: Readonly<Partial<Record<NoticeKind, LucideIcon>>> = {
  mention: AtSign,
  assigned: UserRoundCheck,
  snooze_over: AlarmClock,
};

/** What this person is told of; opening it counts as having looked. */
export function BellMenu() {
  const { t } = useTranslation();
  const { data } = useQuery(ask.notices);
  const [older, setOlder] = useState<readonly Notice[]>([]);
  const [next, setNext] = useState<string | null>();
  /** What was new when the menu was opened stays marked while it is open. */
  const [seenBefore, setSeenBefore] = useState(0);
  const unread = data?.unread ?? 0;
  const shown = [...(data?.items ?? []), ...older];
  const cursor = next === undefined ? data?.next : next;

  const handleOpen = (open: boolean) => {
    if (open) {
      setSeenBefore(data?.seen ?? 0);
      void seeNotices();
    } else {
      setOlder([]);
      setNext(undefined);
    }
  };

  async function more() {
    if (!cursor) return;
    try {
      const page = await api.notices(cursor);
      setOlder([...older, ...page.items]);
      setNext(page.next ?? null);
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <Menu
      onOpenChange={handleOpen}
      trigger={
        <button
          type="button"
          className="icb"
          aria-label={unread > 0 ? t("top.notifications_new", { n: unread }) : t("top.notifications")}
          title={t("top.notifications")}
        >
          <Icon of={Bell} />
          {unread > 0 ? <em className="num">{unread > 99 ? "99+" : unread}</em> : null}
        </button>
      }
    >
      <MenuTitle>{t("bell.title")}</MenuTitle>
      {shown.length === 0 ? (
        <p className="max-w-[280px] px-2.5 pt-1 pb-3 text-ink2">{t("bell.none")}</p>
      ) : null}
      <div className="notices">
        {shown.map((notice) => (
          <Row key={notice.seq} notice={notice} fresh={notice.seq > seenBefore} />
        ))}
        {cursor ? (
          <MenuItem
            className="mi justify-center! text-ink2"
            onSelect={(event) => {
              event.preventDefault();
              void more();
            }}
          >
            {t("app.loadMore")}
          </MenuItem>
        ) : null}
      </div>
    </Menu>
  );
}

function Row({ notice, fresh }: { notice: Notice; fresh: boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const now = useNow(15_000);
  const open = () =>
    notice.kind === "draft_waits"
      ? navigate({ to: "/approvals/{-$id}", params: { id: notice.conversation } })
      : navigate({
          to: "/inbox/{-$id}",
          params: { id: notice.conversation },
          search: notice.kind === "mention" ? { view: "all" } : {},
        });
  return (
    <MenuItem className="notice" data-fresh={fresh} onSelect={() => void open()}>
      <span className={`nk ${notice.kind}`}>
        <Icon of={ICONS[notice.kind] ?? Hourglass} size="s" />
      </span>
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-3">
          <b className="min-w-0 flex-1 truncate font-[570]" dir="auto">
            {says(notice)}
          </b>
          <small className="num flex-none text-meta text-ink3">{span(now - Date.parse(notice.at))}</small>
        </span>
        {notice.text ? (
          <span className="line-clamp-2 text-small text-ink2" dir="auto">
            {notice.text}
          </span>
        ) : null}
        {fresh ? <span className="sr-only">{t("bell.new")}</span> : null}
      </span>
    </MenuItem>
  );
}
