import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleHelp, Search } from "lucide-react";
import { useMemo } from "react";
import { Trans, useTranslation } from "react-i18next";
import { ask } from "../api";
import { span } from "../lib/format";
import { keyCap } from "../lib/keys";
import { useTally } from "../live/held";
import { inQueue } from "../live/inbox";
import { useLive } from "../live/live";
import { Avatar, Cap, Icon, IconButton } from "../parts/basics";
import { useMe } from "../parts/data";
import { BellMenu } from "./BellMenu";
import { Logo } from "./Logo";

export function TopBar(props: { onSearch: () => void; onKeys: () => void }) {
  const { t } = useTranslation();
  return (
    <header className="top">
      <Link to="/approvals/{-$id}" params={{ id: undefined }} className="brand" aria-label={t("app.name")}>
        <Logo />
        <span>{t("app.name")}</span>
      </Link>
      <button type="button" className="search" onClick={props.onSearch}>
        <Icon of={Search} />
        <span className="t">{t("top.search")}</span>
        {keyCap("Mod+K").map((cap) => (
          <Cap key={cap}>{cap}</Cap>
        ))}
      </button>
      <SessionBar />
      <div className="ms-auto" />
      <Colleagues />
      <BellMenu />
      <IconButton says={t("top.keys")} icon={CircleHelp} keys="keySheet" onClick={props.onKeys} />
    </header>
  );
}

/** How far this person is through what waits. */
function SessionBar() {
  const { t } = useTranslation();
  const { data } = useQuery(ask.drafts);
  const { done, perDraft } = useTally();
  const left = (data?.items ?? []).filter((item) => inQueue(item.conversation)).length;
  if (done + left === 0) return <div className="session" />;
  return (
    <div className="session">
      <div
        className="track"
        role="progressbar"
        aria-label={t("top.progress")}
        aria-valuenow={done}
        aria-valuemin={0}
        aria-valuemax={done + left}
      >
        <i style={{ transform: `scaleX(${done / (done + left)})` }} />
      </div>
      <span className="num">
        <Trans
          t={t}
          i18nKey="top.session"
          count={left}
          values={{ done, count: left }}
          components={[<b key="0" />]}
        />
      </span>
      {left > 0 ? (
        <span className="eta text-ink3">
          {t("top.about", { span: span(Math.max(60_000, left * perDraft)) })}
        </span>
      ) : null}
    </div>
  );
}

/** Colleagues who have a conversation open that we see. */
function Colleagues() {
  const { t } = useTranslation();
  const { me } = useMe();
  const rooms = useLive((state) => state.rooms);
  const here = useMemo(() => {
    const people = new Map<string, string>();
    for (const room of Object.values(rooms)) {
      if (room.live) for (const person of room.viewers) people.set(person.id, person.name);
    }
    people.delete(me.id);
    return [...people].map(([id, name]) => ({ id, name }));
  }, [rooms, me.id]);
  if (here.length === 0) return null;
  const names = here.map((person) => person.name).join(", ");
  return (
    <div
      className="faces"
      role="img"
      aria-label={t("top.colleagues", { names })}
      title={t("top.colleagues", { names })}
    >
      {here.slice(0, 3).map((person) => (
        <Avatar key={person.id} id={person.id} name={person.name} />
      ))}
      {here.length > 3 ? <span className="av bg-sunk! text-ink2!">+{here.length - 3}</span> : null}
    </div>
  );
}
