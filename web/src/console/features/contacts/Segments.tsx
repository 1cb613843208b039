/** Segments: saved filters of customers, each with how many are in it, who they are, and its editor. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowLeft, Plus, Users } from "lucide-react";
import { type FormEvent, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import "../rules/rules.css";
import "../rules/texts";
import "./segment-texts";
import { call, queries, query } from "../../api";
import { isCode, refusal } from "../../lib/refusal";
import { Avatar, Icon } from "../../parts/basics";
import { nameOf, useMay } from "../../parts/data";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";
import type { Contact, Page } from "../../types";
import { ConditionGroup } from "../rules/Conditions";
import { askRules, type Condition, conditionOf, groupOf, keyOf, leafOf, treeOf } from "../rules/model";

type Segment = {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly when: Condition;
  readonly version: number;
};
type Row = Segment & { readonly text: string; readonly count: number; readonly more: boolean };
type Found = {
  readonly items: readonly Contact[];
  readonly next?: string;
  readonly text: string;
  readonly count?: number;
};

const listed = {
  queryKey: ["segments"],
  queryFn: async () => (await call<Page<Row>>("GET", "/v1/segments")).items,
  staleTime: 0,
};
async function renew() {
  await queries.invalidateQueries({ queryKey: ["segments"] });
  void queries.invalidateQueries({ queryKey: ["rule-vocabulary"] });
}

/** The way from the contacts to their segments. */
export function SegmentsLink() {
  const { t } = useTranslation("segments");
  return (
    <Link to="/contacts/{-$id}" params={{ id: "segments" }} className="btn line ms-auto sm:ms-0">
      <Icon of={Users} size="s" />
      {t("open")}
    </Link>
  );
}

export default function Segments({ id }: { id: string }) {
  const { t } = useTranslation("segments");
  const mayWrite = useMay("manager");
  const { data, error } = useQuery(listed);
  const [editing, setEditing] = useState<string>();
  const shown = data?.find((one) => one.id === id);
  return (
    <main className="page">
      <div className="rui mx-auto max-w-[1080px] px-6 py-6 max-sm:px-4">
        <Link to="/contacts/{-$id}" params={{ id: undefined }} className="btn -ms-2.5 mb-3">
          <ArrowLeft className="i s" aria-hidden="true" />
          {t("back")}
        </Link>
        <div className="mb-5 flex flex-wrap items-center gap-3">
          <div className="min-w-48 flex-1">
            <h1 className="mb-1">{t("title")}</h1>
            <p className="text-ink2">{t("text")}</p>
          </div>
          {mayWrite ? (
            <button type="button" className="btn line" onClick={() => setEditing("new")}>
              <Icon of={Plus} size="s" />
              {t("add")}
            </button>
          ) : null}
        </div>
        {mayWrite ? null : <p className="hint mb-3">{t("managersOnly")}</p>}
        {error ? <p className="err">{refusal(error)}</p> : null}
        {editing === "new" ? <Editor onDone={() => setEditing(undefined)} /> : null}
        {data?.length === 0 && editing !== "new" ? <p className="text-ink3">{t("none")}</p> : null}
        <ul>
          {data?.map((one) => (
            <li key={one.id} className="border-t border-line py-3.5">
              <div className="flex items-start gap-4">
                <div className="min-w-0 flex-1">
                  <Link
                    to="/contacts/{-$id}"
                    params={{ id: one.id }}
                    className="rounded-r1 font-[560] hover:underline"
                    aria-current={one.id === id ? "true" : undefined}
                    dir="auto"
                  >
                    {one.name}
                  </Link>
                  <p className="mt-0.5 text-small text-ink2 first-letter:uppercase" dir="auto">
                    {one.text || t("everybody")}
                  </p>
                  <p className="num mt-0.5 text-meta text-ink3" data-testid="segment-count">
                    {one.more ? t("more", { count: one.count }) : t("count", { count: one.count })}
                  </p>
                </div>
                {mayWrite ? (
                  <button type="button" className="mini" onClick={() => setEditing(one.id)}>
                    {t("edit")}
                  </button>
                ) : null}
              </div>
              {editing === one.id ? <Editor segment={one} onDone={() => setEditing(undefined)} /> : null}
            </li>
          ))}
        </ul>
        {shown ? <Members key={`${shown.id}${shown.version}`} segment={shown} /> : null}
      </div>
    </main>
  );
}

function Members({ segment }: { segment: Row }) {
  const { t } = useTranslation("segments");
  const { t: app } = useTranslation();
  const path = `/v1/segments/${segment.id}/contacts`;
  const { data, error } = useQuery({
    queryKey: ["segments", segment.id, segment.version],
    queryFn: () => call<Found>("GET", path),
  });
  const [older, setOlder] = useState<Found>();
  const items = data && [...data.items, ...(older?.items ?? [])];
  const next = older ? older.next : data?.next;

  async function handleMore() {
    if (!next) return;
    try {
      const page = await call<Found>("GET", `${path}${query({ cursor: next })}`);
      setOlder({ ...page, items: [...(older?.items ?? []), ...page.items] });
    } catch (problem) {
      complain(refusal(problem));
    }
  }

  return (
    <section className="mt-8" aria-labelledby="members-title">
      <h2 id="members-title" className="mb-3" dir="auto">
        {t("members", { name: segment.name })}
      </h2>
      {error ? <p className="err">{refusal(error)}</p> : null}
      {items?.length === 0 ? <p className="text-ink3">{t("nobody")}</p> : null}
      <ul>
        {items?.map((person) => (
          <li key={person.id} className="border-t border-line">
            <Link
              to="/contacts/{-$id}"
              params={{ id: person.id }}
              className="flex min-h-12 items-center gap-3 rounded-r1 py-2"
            >
              <Avatar id={person.id} name={nameOf(person)} />
              <bdi className="min-w-0 flex-1 truncate font-[560] hover:underline">{nameOf(person)}</bdi>
              <bdi className="num truncate text-ink2 max-sm:hidden">
                {[person.phone, person.email].filter(Boolean).join(" · ")}
              </bdi>
            </Link>
          </li>
        ))}
      </ul>
      {next ? (
        <button type="button" className="btn mx-auto mt-3 flex!" onClick={() => void handleMore()}>
          {app("app.loadMore")}
        </button>
      ) : null}
    </section>
  );
}

function Editor({ segment, onDone }: { segment?: Segment; onDone: () => void }) {
  const { t } = useTranslation("segments");
  const { t: app } = useTranslation();
  const { data: vocabulary } = useQuery(askRules.vocabulary);
  const facts = useMemo(
    () =>
      vocabulary?.facts.filter((one) => one.fact.startsWith("contact.") && one.fact !== "contact.segments") ??
      [],
    [vocabulary],
  );
  const [name, setName] = useState(segment?.name ?? "");
  const [chosen, setTree] = useState(() => (segment ? treeOf(segment.when) : undefined));
  const [theirs, setTheirs] = useState<Segment>();
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);
  const first = facts.find((one) => one.fact === "contact.phone") ?? facts[0];
  // A new one begins with a condition to change rather than with everybody.
  const begun = useMemo(
    () => groupOf(first ? [{ ...leafOf(first), op: "known" as const, value: undefined }] : []),
    [first],
  );
  const tree = chosen ?? begun;
  const when = useMemo(() => conditionOf(tree), [tree]);
  const [asked, setAsked] = useState(when);
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(when), 250);
    return () => window.clearTimeout(timer);
  }, [when]);
  const { data: found, error } = useQuery({
    queryKey: ["segment-try", asked],
    queryFn: () => call<Found>("POST", "/v1/contacts/search", { when: asked, limit: 1 }),
    enabled: facts.length > 0,
    placeholderData: (before) => before,
    retry: false,
    gcTime: 10_000,
  });

  async function save(version: number | undefined) {
    setBusy(true);
    setWrong(undefined);
    try {
      if (segment && version !== undefined)
        await call<Segment>("PUT", `/v1/segments/${segment.id}`, { version, name: name.trim(), when });
      else await call<Segment>("POST", "/v1/segments", { key: keyOf(name), name: name.trim(), when });
      await renew();
      toast(t("saved"));
      onDone();
    } catch (problem) {
      if (segment && isCode(problem, "conflict"))
        setTheirs(await call<Segment>("GET", `/v1/segments/${segment.id}`));
      else
        setWrong(
          isCode(problem, "conflict") && problem instanceof Error ? problem.message : refusal(problem),
        );
    } finally {
      setBusy(false);
    }
  }

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    void save(segment?.version);
  }

  async function handleDelete() {
    if (!segment || !window.confirm(t("confirmDelete"))) return;
    try {
      await call<undefined>("DELETE", `/v1/segments/${segment.id}`);
      await renew();
      onDone();
    } catch (problem) {
      complain(refusal(problem));
    }
  }

  return (
    <form className="rcard my-3 grid grid-cols-[minmax(0,1fr)] gap-4" onSubmit={handleSubmit}>
      <Field label={t("name")} hint={t("nameHint")}>
        {(field) => (
          <input
            {...field}
            className="input"
            dir="auto"
            required
            maxLength={80}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <section aria-label={t("who")}>
        <p className="lab">{t("who")}</p>
        <ConditionGroup group={tree} facts={facts} place="" onChange={setTree} />
      </section>
      {error ? (
        <p className="err" role="alert" dir="auto">
          {refusal(error)}
        </p>
      ) : (
        <p aria-live="polite" dir="auto" data-testid="segment-text">
          <b className="font-[560]">{found?.text || t("everybody")} </b>
          <span className="num text-ink3">{found ? t("count", { count: found.count ?? 0 }) : ""}</span>
        </p>
      )}
      {theirs ? (
        <div role="alert">
          <p className="mb-2 font-[560]">{t("overtaken", { n: theirs.version })}</p>
          <div className="flex flex-wrap gap-2">
            <button type="button" className="btn line" onClick={() => void renew().then(onDone)}>
              {t("takeTheirs")}
            </button>
            <button type="button" className="btn" onClick={() => void save(theirs.version)}>
              {t("keepMine")}
            </button>
          </div>
        </div>
      ) : null}
      {wrong ? (
        <p className="err" role="alert">
          {wrong}
        </p>
      ) : null}
      <div className="flex flex-wrap gap-2">
        <button
          type="submit"
          className="btn go plain"
          disabled={busy || name.trim() === "" || error !== null || theirs !== undefined}
        >
          {busy ? app("app.saving") : t("save")}
        </button>
        <button type="button" className="btn line" onClick={onDone}>
          {t("cancel")}
        </button>
        {segment ? (
          <button type="button" className="btn ms-auto text-brick!" onClick={() => void handleDelete()}>
            {t("delete")}
          </button>
        ) : null}
      </div>
    </form>
  );
}
