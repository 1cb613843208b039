import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ArrowLeft, Plus, Search } from "lucide-react";
import { type FormEvent, Suspense, useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { monthYear, shortTime, span, useNow } from "../../lib/format";
import { late } from "../../lib/late";
import { refusal } from "../../lib/refusal";
import { lastAt } from "../../live/inbox";
import { Avatar, Empty, Icon } from "../../parts/basics";
import { nameOf, stateColour, useMay, useWorkflow } from "../../parts/data";
import { Field } from "../../parts/Field";
import { Sheet } from "../../parts/Sheet";
import { complain, toast } from "../../parts/toast";
import type { Contact } from "../../types";

const Segments = late(() => import("./Segments"), "default");
const SegmentsLink = late(() => import("./Segments"), "SegmentsLink");

export function Contacts() {
  const { id } = useParams({ from: "/contacts/{-$id}" });
  // Segments are groups of contacts: their page is beside the contacts' own.
  if (id === "segments" || id?.startsWith("seg_"))
    return (
      <Suspense fallback={<main className="page" aria-busy="true" />}>
        <Segments id={id} />
      </Suspense>
    );
  return id ? <Detail key={id} id={id} /> : <Table />;
}

function Table() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const mayAdd = useMay("staff");
  const now = useNow(60_000);
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const [adding, setAdding] = useState(false);
  const { data, isPending } = useQuery({ ...ask.contacts(q), placeholderData: keepPreviousData });
  const [older, setOlder] = useState<{ q: string; items: readonly Contact[]; next: string | null }>();
  const items = [...(data?.items ?? []), ...(older?.q === q ? older.items : [])];
  const next = older?.q === q ? older.next : data?.next;

  async function handleMore() {
    if (!next) return;
    try {
      const page = await api.contacts(q, next);
      setOlder({ q, items: [...(older?.q === q ? older.items : []), ...page.items], next: page.next });
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <main className="page">
      <div className="mx-auto max-w-[1080px] px-6 py-6 max-sm:px-4">
        <div className="mb-4 flex flex-wrap items-center gap-3">
          <h1>{t("contacts.title")}</h1>
          <div className="qsearch bare ms-auto w-[280px] p-0! max-sm:order-last max-sm:w-full">
            <Icon of={Search} size="s" />
            <input
              type="search"
              value={text}
              aria-label={t("contacts.search")}
              placeholder={t("contacts.search")}
              onChange={(event) => setText(event.target.value)}
            />
          </div>
          <Suspense>
            <SegmentsLink />
          </Suspense>
          {mayAdd ? (
            <button type="button" className="btn line" onClick={() => setAdding(true)}>
              <Icon of={Plus} size="s" />
              {t("contacts.new")}
            </button>
          ) : null}
        </div>
        {items.length === 0 && !isPending ? (
          <Empty
            title={q ? t("contacts.noMatch") : t("contacts.none")}
            {...(q ? {} : { text: t("contacts.noneText") })}
          />
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th>{t("contacts.name")}</th>
                <th className="max-md:hidden">{t("contacts.email")}</th>
                <th className="max-sm:hidden">{t("contacts.phone")}</th>
                <th className="text-end!">{t("contacts.lastSeen")}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((person) => (
                <tr key={person.id}>
                  <td>
                    <Link
                      to="/contacts/{-$id}"
                      params={{ id: person.id }}
                      className="flex items-center gap-3 rounded-r1 font-[560]"
                    >
                      <Avatar id={person.id} name={nameOf(person)} />
                      <bdi className="hover:underline">{nameOf(person)}</bdi>
                    </Link>
                  </td>
                  <td className="text-ink2 max-md:hidden">{person.email}</td>
                  <td className="num text-ink2 max-sm:hidden">
                    <bdi>{person.phone}</bdi>
                  </td>
                  <td className="num text-end whitespace-nowrap text-ink3">
                    {person.last_seen_at
                      ? t("time.ago", { span: span(now - Date.parse(person.last_seen_at)) })
                      : t("contacts.never")}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {next ? (
          <button type="button" className="btn mx-auto mt-3 flex!" onClick={() => void handleMore()}>
            {t("app.loadMore")}
          </button>
        ) : null}
      </div>
      {adding ? (
        <Sheet open onOpenChange={setAdding} title={t("contacts.new")}>
          <ContactForm
            submit={t("contacts.create")}
            onSave={async (form) => {
              const made = await api.addContact(form);
              await queries.invalidateQueries({ queryKey: ["contacts"] });
              void navigate({ to: "/contacts/{-$id}", params: { id: made.id } });
            }}
          />
        </Sheet>
      ) : null}
    </main>
  );
}

type FormValues = { name: string; email?: string; phone?: string; locale?: string; note?: string };

function ContactForm(props: {
  contact?: Contact;
  submit: string;
  onSave: (form: FormValues) => Promise<void>;
  plain?: boolean;
}) {
  const { t } = useTranslation();
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [dirty, setDirty] = useState(false);
  const { contact } = props;

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const value = (name: string) => String(data.get(name) ?? "").trim();
    const optional = (name: "email" | "phone" | "locale" | "note") =>
      value(name) === "" && !contact?.[name] ? {} : { [name]: value(name) };
    setBusy(true);
    setWrong(undefined);
    try {
      await props.onSave({
        name: value("name"),
        ...optional("email"),
        ...optional("phone"),
        ...optional("locale"),
        ...optional("note"),
      });
      setDirty(false);
    } catch (error) {
      setWrong(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form
      onSubmit={handleSubmit}
      onChange={() => setDirty(true)}
      className={`grid gap-4 overflow-y-auto ${props.plain ? "" : "p-5"}`}
    >
      <Field label={t("contacts.name")}>
        {(field) => (
          <input
            {...field}
            className="input"
            name="name"
            required
            dir="auto"
            defaultValue={contact?.name ?? ""}
            maxLength={200}
          />
        )}
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("contacts.email")}>
          {(field) => (
            <input
              {...field}
              className="input"
              name="email"
              type="email"
              dir="ltr"
              defaultValue={contact?.email ?? ""}
            />
          )}
        </Field>
        <Field label={t("contacts.phone")}>
          {(field) => (
            <input
              {...field}
              className="input"
              name="phone"
              type="tel"
              dir="ltr"
              defaultValue={contact?.phone ?? ""}
            />
          )}
        </Field>
      </div>
      <Field label={t("contacts.language")}>
        {(field) => (
          <input
            {...field}
            className="input w-32!"
            name="locale"
            dir="ltr"
            defaultValue={contact?.locale ?? ""}
            maxLength={20}
          />
        )}
      </Field>
      <Field label={t("contacts.note")} hint={t("contacts.noteHint")}>
        {(field) => (
          <textarea
            {...field}
            className="input"
            name="note"
            dir="auto"
            defaultValue={contact?.note ?? ""}
            maxLength={4000}
          />
        )}
      </Field>
      {wrong ? (
        <p className="err mt-0!" role="alert">
          {wrong}
        </p>
      ) : null}
      <div>
        <button type="submit" className="btn go plain" disabled={busy || (contact !== undefined && !dirty)}>
          {busy ? t("app.saving") : props.submit}
        </button>
      </div>
    </form>
  );
}

function Detail({ id }: { id: string }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const mayEdit = useMay("staff");
  const { label, states } = useWorkflow();
  const { data: contact, isError } = useQuery(ask.contact(id));
  const { data: all } = useQuery(ask.inbox({ view: "all", contact: id }));
  const theirs = all?.items ?? [];
  return (
    <main className="page">
      <div className="mx-auto max-w-[980px] px-6 py-6 max-sm:px-4">
        <Link to="/contacts/{-$id}" params={{ id: undefined }} className="btn -ms-2.5 mb-3">
          <ArrowLeft className="i s" aria-hidden="true" />
          {t("contacts.title")}
        </Link>
        {isError ? <Empty title={t("app.notFound")} /> : null}
        {contact ? (
          <>
            <div className="mb-7 flex flex-wrap items-center gap-4">
              <Avatar id={contact.id} name={nameOf(contact)} className="size-14! text-[19px]!" />
              <div className="me-auto min-w-0">
                <h1 className="text-[22px]!">
                  <bdi>{nameOf(contact)}</bdi>
                </h1>
                <p className="text-ink3">
                  <bdi>{[contact.email, contact.phone].filter(Boolean).join(" · ")}</bdi>
                </p>
              </div>
              <div className="facts my-0! text-end">
                <div>
                  <b className="num">{theirs.length}</b>
                  {t("ctx.conversations", { count: theirs.length })}
                </div>
                <div>
                  <b className="num">{monthYear(contact.created_at)}</b>
                  {t("ctx.firstSeen")}
                </div>
                {contact.last_seen_at ? (
                  <div>
                    <b className="num">
                      {t("time.ago", { span: span(now - Date.parse(contact.last_seen_at)) })}
                    </b>
                    {t("ctx.lastSeen")}
                  </div>
                ) : null}
              </div>
            </div>
            <div className="grid gap-x-10 gap-y-8 md:grid-cols-[minmax(0,1fr)_minmax(0,1.1fr)]">
              <section>
                <fieldset disabled={!mayEdit}>
                  <ContactForm
                    plain
                    contact={contact}
                    submit={t("app.save")}
                    onSave={async (form) => {
                      queries.setQueryData(ask.contact(id).queryKey, await api.changeContact(id, form));
                      void queries.invalidateQueries({ queryKey: ["contacts"] });
                      toast(t("app.saved"));
                    }}
                  />
                </fieldset>
              </section>
              <section>
                <h2 className="mb-2">{t("contacts.conversations")}</h2>
                {theirs.length === 0 ? <p className="text-ink3">{t("contacts.noConversations")}</p> : null}
                <ul>
                  {theirs.map((row) => (
                    <li key={row.id}>
                      <Link
                        to="/inbox/{-$id}"
                        params={{ id: row.id }}
                        search={{ view: "all" }}
                        className="-mx-3 block rounded-r2 border-b border-line px-3 py-2.5 hover:bg-hover"
                      >
                        <span className="flex items-baseline gap-3">
                          <b className="min-w-0 flex-1 truncate font-[570]">
                            <bdi>{row.title || row.last_message?.text || t("conv.untitled")}</bdi>
                          </b>
                          <span className="num text-meta text-ink3">{shortTime(lastAt(row), now)}</span>
                        </span>
                        <span className="mt-0.5 flex items-center gap-2 text-ink2">
                          <span
                            className="size-[7px] flex-none rounded-full"
                            style={{ background: stateColour(states.find((one) => one.key === row.status)) }}
                          />
                          <span className="flex-none text-meta">{label(row.status)}</span>
                          <span className="truncate text-ink3">
                            <bdi>{row.last_message?.text}</bdi>
                          </span>
                        </span>
                      </Link>
                    </li>
                  ))}
                </ul>
              </section>
            </div>
          </>
        ) : null}
      </div>
    </main>
  );
}
