import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import {
  BookOpenText,
  CircleHelp,
  ContactRound,
  Inbox,
  LogOut,
  type LucideIcon,
  MessageSquare,
  MessageSquareQuote,
  Rows3,
  Search,
  Settings2,
  Stamp,
  SunMoon,
} from "lucide-react";
import { Dialog } from "radix-ui";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../api";
import type { KeyName } from "../lib/keys";
import { setPrefs, usePrefs } from "../lib/prefs";
import { signOut } from "../live/session";
import { Cap, Icon, Key } from "../parts/basics";
import { nameOf } from "../parts/data";

/** One box that finds people, conversations and pages, and does things. */
export function Palette(props: { onOpenChange: (open: boolean) => void; onKeys: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const density = usePrefs((prefs) => prefs.density);
  const searching = q.length >= 2;
  const { data: found } = useQuery({ ...ask.inbox({ view: "all", q }), enabled: searching });
  const { data: recent } = useQuery({ ...ask.inbox({ view: "open" }), enabled: !searching });
  const { data: people } = useQuery({ ...ask.contacts(q), enabled: searching });
  const { data: said } = useQuery({ ...ask.messages(q), enabled: q.length >= 3 });
  const { data: documents } = useQuery(ask.documents);

  const go = (act: () => unknown) => () => {
    props.onOpenChange(false);
    void act();
  };
  const rows = (searching ? found : recent)?.items.slice(0, searching ? 8 : 5) ?? [];

  return (
    <Dialog.Root open onOpenChange={props.onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content className="dialog" data-modal aria-describedby={undefined}>
          <Dialog.Title className="sr-only">{t("palette.title")}</Dialog.Title>
          <Command label={t("palette.title")} loop className="palette">
            <div className="flex items-center gap-2.5 border-b border-line px-4">
              <span className="text-ink3">
                <Icon of={Search} />
              </span>
              <Command.Input
                value={text}
                onValueChange={setText}
                placeholder={t("palette.placeholder")}
                className="h-12 flex-1 bg-transparent text-title outline-none placeholder:text-ink3"
              />
              <Cap>Esc</Cap>
            </div>
            <Command.List className="max-h-[min(56vh,440px)] overflow-y-auto p-1.5">
              <Command.Empty className="px-3 py-6 text-center text-ink2">
                {t("palette.none", { q: text })}
              </Command.Empty>
              {rows.length > 0 ? (
                <Command.Group heading={t("palette.conversations")}>
                  {rows.map((row) => (
                    <Item
                      key={row.id}
                      icon={row.draft?.status === "pending" ? Stamp : MessageSquare}
                      value={`${row.id} ${row.contact.name} ${row.title} ${q}`}
                      text={row.contact.name}
                      more={row.title || row.last_message?.text}
                      onSelect={go(() =>
                        row.draft?.status === "pending"
                          ? navigate({ to: "/approvals/{-$id}", params: { id: row.id } })
                          : navigate({
                              to: "/inbox/{-$id}",
                              params: { id: row.id },
                              search: { view: "all" },
                            }),
                      )}
                    />
                  ))}
                </Command.Group>
              ) : null}
              {searching && said && said.items.length > 0 ? (
                <Command.Group heading={t("palette.messages")}>
                  {said.items.slice(0, 6).map((hit) => (
                    <Item
                      key={`${hit.conversation}${hit.seq}`}
                      icon={MessageSquareQuote}
                      value={`${hit.conversation} ${hit.seq} ${hit.text} ${q}`}
                      text={hit.contact}
                      more={`${hit.author}: ${hit.text}`}
                      onSelect={go(() =>
                        navigate({
                          to: "/inbox/{-$id}",
                          params: { id: hit.conversation },
                          search: { view: "all", seq: hit.seq },
                        }),
                      )}
                    />
                  ))}
                </Command.Group>
              ) : null}
              {searching && people && people.items.length > 0 ? (
                <Command.Group heading={t("palette.contacts")}>
                  {people.items.slice(0, 5).map((person) => (
                    <Item
                      key={person.id}
                      icon={ContactRound}
                      value={`${person.id} ${person.name} ${person.email ?? ""} ${q}`}
                      text={nameOf(person)}
                      more={person.email ?? person.phone ?? undefined}
                      onSelect={go(() => navigate({ to: "/contacts/{-$id}", params: { id: person.id } }))}
                    />
                  ))}
                </Command.Group>
              ) : null}
              {searching ? (
                <Command.Group heading={t("palette.knowledge")}>
                  {documents?.items.map((document) => (
                    <Item
                      key={document.id}
                      icon={BookOpenText}
                      value={`${document.id} ${document.title}`}
                      text={document.title}
                      onSelect={go(() => navigate({ to: "/knowledge/{-$id}", params: { id: document.id } }))}
                    />
                  ))}
                </Command.Group>
              ) : null}
              <Command.Group heading={t("palette.go")}>
                <Item
                  icon={Stamp}
                  text={t("nav.approvals")}
                  keys="goApprovals"
                  onSelect={go(() => navigate({ to: "/approvals/{-$id}" }))}
                />
                <Item
                  icon={Inbox}
                  text={t("nav.inbox")}
                  keys="goInbox"
                  onSelect={go(() => navigate({ to: "/inbox/{-$id}" }))}
                />
                <Item
                  icon={ContactRound}
                  text={t("nav.contacts")}
                  keys="goContacts"
                  onSelect={go(() => navigate({ to: "/contacts/{-$id}" }))}
                />
                <Item
                  icon={BookOpenText}
                  text={t("nav.knowledge")}
                  keys="goKnowledge"
                  onSelect={go(() => navigate({ to: "/knowledge/{-$id}" }))}
                />
                {(["profile", "workspace", "team", "snippets", "widget", "portal", "rules"] as const).map(
                  (section) => (
                    <Item
                      key={section}
                      icon={Settings2}
                      text={`${t("nav.settings")}: ${t(`settings.${section}`)}`}
                      onSelect={go(() => navigate({ to: "/settings/{-$section}", params: { section } }))}
                    />
                  ),
                )}
              </Command.Group>
              <Command.Group heading={t("palette.actions")}>
                {(["light", "dark", "auto"] as const).map((theme) => (
                  <Item
                    key={theme}
                    icon={SunMoon}
                    text={t(`palette.theme.${theme}`)}
                    onSelect={go(() => setPrefs({ theme }))}
                  />
                ))}
                <Item
                  icon={Rows3}
                  text={t("palette.density")}
                  onSelect={go(() =>
                    setPrefs({ density: density === "compact" ? "comfortable" : "compact" }),
                  )}
                />
                <Item icon={CircleHelp} text={t("palette.keys")} keys="keySheet" onSelect={props.onKeys} />
                <Item icon={LogOut} text={t("palette.signOut")} onSelect={go(signOut)} />
              </Command.Group>
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Item(props: {
  icon: LucideIcon;
  text: string;
  more?: string | undefined;
  value?: string;
  keys?: KeyName;
  onSelect: () => void;
}) {
  return (
    <Command.Item className="pitem" value={props.value ?? props.text} onSelect={props.onSelect}>
      <Icon of={props.icon} />
      <span className="flex-none" dir="auto">
        {props.text}
      </span>
      {props.more ? (
        <span className="min-w-0 flex-1 truncate text-ink3" dir="auto">
          {props.more}
        </span>
      ) : null}
      {props.keys ? (
        <span className="ms-auto">
          <Key name={props.keys} />
        </span>
      ) : null}
    </Command.Item>
  );
}
