import { useQuery } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ArrowLeft, FileText, Pencil, Plus, Search, Trash2 } from "lucide-react";
import { useDeferredValue, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { percent, span, useNow } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { refusal } from "../../lib/refusal";
import { Cap, Empty, Icon, Segments } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { Field } from "../../parts/Field";
import { Markdown, plain } from "../../parts/markdown";
import { complain, toast } from "../../parts/toast";
import type { Document } from "../../types";

export function Knowledge() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id } = useParams({ from: "/knowledge/{-$id}" });
  const mayWrite = useMay("manager");
  const now = useNow(60_000);
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const { data, isPending } = useQuery(ask.documents);
  const searching = q.length >= 3;
  const { data: found } = useQuery({ ...ask.hits(q), enabled: searching });
  const documents = data?.items ?? [];

  return (
    <main className={`desk wide ${id ? "open" : ""}`}>
      <section className="queue" aria-label={t("knowledge.title")}>
        <div className="qh">
          <h1>{t("knowledge.title")}</h1>
          <span className="c num">{documents.length > 0 ? documents.length : ""}</span>
          {mayWrite ? (
            <Link to="/knowledge/{-$id}" params={{ id: "new" }} className="sort">
              <Icon of={Plus} size="s" />
              {t("knowledge.new")}
            </Link>
          ) : null}
        </div>
        <div className="qsearch">
          <Icon of={Search} size="s" />
          <input
            type="search"
            value={text}
            aria-label={t("knowledge.search")}
            placeholder={t("knowledge.search")}
            title={t("knowledge.searchHint")}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <section className="list border-t border-line" aria-label={t("knowledge.documents")}>
          {searching && found ? (
            <>
              {found.hits.length === 0 ? <p className="p-4 text-ink2">{t("knowledge.noHits")}</p> : null}
              {found.hits.map((hit) => (
                <Link
                  key={hit.passage}
                  to="/knowledge/{-$id}"
                  params={{ id: hit.document }}
                  search={{ mark: hit.snippet }}
                  className="krow"
                  aria-current={hit.document === id ? "true" : undefined}
                >
                  <span className="r1">
                    <b>
                      <bdi>{hit.heading ?? hit.title}</bdi>
                    </b>
                    <span className="wait num">{t("knowledge.score", { n: percent(hit.score) })}</span>
                  </span>
                  <span className="line-clamp-2 text-ink2" dir="auto">
                    {plain(hit.snippet)}
                  </span>
                  <span className="text-meta text-ink3">
                    <bdi>{hit.title}</bdi>
                  </span>
                </Link>
              ))}
            </>
          ) : (
            <>
              {documents.length === 0 && !isPending ? (
                <Empty title={t("knowledge.none")} text={t("knowledge.noneText")} />
              ) : null}
              {documents.map((document) => (
                <Link
                  key={document.id}
                  to="/knowledge/{-$id}"
                  params={{ id: document.id }}
                  className="krow"
                  aria-current={document.id === id ? "true" : undefined}
                >
                  <span className="r1">
                    <b>
                      <bdi>{document.title}</bdi>
                    </b>
                  </span>
                  <span className="num text-meta text-ink3">
                    {t("knowledge.passages", { count: document.passages })} ·{" "}
                    {t("knowledge.updated", { span: span(now - Date.parse(document.updated_at)) })}
                  </span>
                </Link>
              ))}
            </>
          )}
        </section>
      </section>
      <section className="conv overflow-y-auto!">
        {id === "new" ? (
          <Editor
            key="new"
            onDone={(made) =>
              void navigate({
                to: "/knowledge/{-$id}",
                params: { id: made?.id },
                replace: true,
                ignoreBlocker: true,
              })
            }
          />
        ) : id ? (
          <Reader key={id} id={id} />
        ) : (
          <Empty title={t("knowledge.pick")} text={t("knowledge.searchHint")} />
        )}
      </section>
    </main>
  );
}

function Reader({ id }: { id: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const mayWrite = useMay("manager");
  const now = useNow(60_000);
  const { mark } = useSearch({ strict: false }) as { mark?: string };
  const { data: document, isError } = useQuery(ask.document(id));
  const [editing, setEditing] = useState(false);

  useKeys({
    edit: () => {
      if (!mayWrite || editing) return false;
      setEditing(true);
      return true;
    },
  });

  if (isError) return <Empty title={t("app.notFound")} />;
  if (!document) return null;
  if (editing) return <Editor document={document} onDone={() => setEditing(false)} />;

  async function handleDelete(gone: Document) {
    if (!window.confirm(t("knowledge.confirmDelete", { title: gone.title }))) return;
    try {
      await api.deleteDocument(gone.id);
      await queries.invalidateQueries({ queryKey: ["documents"] });
      void navigate({ to: "/knowledge/{-$id}", params: { id: undefined } });
    } catch (error) {
      complain(refusal(error));
    }
  }

  const titled = /^#\s/.test(document.body);
  return (
    <article className="mx-auto w-full max-w-[760px] px-7 py-6 max-sm:px-4">
      <div className="mb-5 flex items-center gap-1">
        <BackToList />
        <p className="num me-auto flex items-center gap-2 text-meta text-ink3">
          <Icon of={FileText} size="s" />
          {t("knowledge.version", { n: document.version })} ·{" "}
          {t("knowledge.passages", { count: document.passages })} ·{" "}
          {t("knowledge.updated", { span: span(now - Date.parse(document.updated_at)) })}
        </p>
        {mayWrite ? (
          <>
            <button type="button" className="btn line" onClick={() => setEditing(true)}>
              <Icon of={Pencil} size="s" />
              {t("app.edit")}
              <Cap>E</Cap>
            </button>
            <button
              type="button"
              className="icb"
              aria-label={`${t("app.delete")}: ${document.title}`}
              title={t("app.delete")}
              onClick={() => void handleDelete(document)}
            >
              <Icon of={Trash2} />
            </button>
          </>
        ) : null}
      </div>
      {titled ? null : (
        <h2 className="mb-3 text-[22px]!">
          <bdi>{document.title}</bdi>
        </h2>
      )}
      <Markdown text={document.body} {...(mark ? { mark } : {})} />
    </article>
  );
}

function BackToList() {
  const { t } = useTranslation();
  return (
    <Link
      to="/knowledge/{-$id}"
      params={{ id: undefined }}
      className="icb -ms-2 sm:hidden!"
      aria-label={t("app.back")}
    >
      <ArrowLeft className="i rtl:-scale-x-100" aria-hidden="true" />
    </Link>
  );
}

function Editor({ document, onDone }: { document?: Document; onDone: (saved?: Document) => void }) {
  const { t } = useTranslation();
  const [title, setTitle] = useState(document?.title ?? "");
  const [body, setBody] = useState(document?.body ?? "");
  const [language, setLanguage] = useState(document?.language ?? "en");
  const [side, setSide] = useState<"write" | "preview">("write");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const dirty =
    title !== (document?.title ?? "") ||
    body !== (document?.body ?? "") ||
    language !== (document?.language ?? "en");

  useBlocker({
    shouldBlockFn: () => dirty && !window.confirm(t("knowledge.leave")),
    enableBeforeUnload: dirty,
  });

  useEffect(() => {
    if (document === undefined && title === "") {
      const heading = /^#\s+(.+)$/m.exec(body)?.[1];
      if (heading) setTitle(heading);
    }
  }, [body, title, document]);

  async function handleSave() {
    if (busy) return;
    setBusy(true);
    setWrong(undefined);
    const form = { title: title.trim(), body, language: language.trim() };
    try {
      const saved = document ? await api.changeDocument(document.id, form) : await api.addDocument(form);
      queries.setQueryData(ask.document(saved.id).queryKey, { ...form, ...saved });
      void queries.invalidateQueries({ queryKey: ["documents"] });
      void queries.invalidateQueries({ queryKey: ["hits"] });
      toast(t("app.saved"));
      onDone(saved);
    } catch (error) {
      setWrong(refusal(error));
      setBusy(false);
    }
  }

  useKeys({
    approveFromEditor: () => {
      if (!dirty) return false;
      void handleSave();
      return true;
    },
  });

  return (
    <form
      className="mx-auto flex w-full max-w-[1200px] flex-1 flex-col gap-4 px-7 py-6 max-sm:px-4"
      onSubmit={(event) => {
        event.preventDefault();
        void handleSave();
      }}
    >
      <div className="flex flex-wrap items-center gap-2">
        <span className="2xl:hidden">
          <Segments
            label={t("knowledge.body")}
            value={side}
            options={[
              { value: "write", label: t("knowledge.write") },
              { value: "preview", label: t("knowledge.preview") },
            ]}
            onChange={setSide}
          />
        </span>
        <span className="me-auto text-meta text-ink3">{dirty ? t("knowledge.unsaved") : ""}</span>
        <button type="button" className="btn" onClick={() => onDone(undefined)}>
          {t("app.cancel")}
        </button>
        <button
          type="submit"
          className="btn go plain"
          disabled={busy || !dirty || title.trim() === "" || body.trim() === ""}
        >
          {busy ? t("app.saving") : t("app.save")}
        </button>
      </div>
      {wrong ? (
        <p className="err mt-0!" role="alert">
          {wrong}
        </p>
      ) : null}
      <div className="grid gap-4 sm:grid-cols-[1fr_120px]">
        <Field label={t("knowledge.titleField")}>
          {(field) => (
            <input
              {...field}
              className="input"
              dir="auto"
              required
              value={title}
              maxLength={200}
              onChange={(event) => setTitle(event.target.value)}
            />
          )}
        </Field>
        <Field label={t("knowledge.language")}>
          {(field) => (
            <input
              {...field}
              className="input"
              dir="ltr"
              value={language}
              maxLength={20}
              onChange={(event) => setLanguage(event.target.value)}
            />
          )}
        </Field>
      </div>
      <div className="grid min-h-[360px] flex-1 gap-6 2xl:grid-cols-2">
        <div className={`flex flex-col ${side === "preview" ? "max-2xl:hidden" : ""}`}>
          <label className="lab" htmlFor="knowledge-body">
            {t("knowledge.body")}
          </label>
          <textarea
            id="knowledge-body"
            className="input flex-1 resize-none font-mono text-[13px]! leading-relaxed!"
            dir="auto"
            value={body}
            aria-describedby="knowledge-hint"
            onChange={(event) => setBody(event.target.value)}
          />
          <p className="hint" id="knowledge-hint">
            {t("knowledge.bodyHint")}
          </p>
        </div>
        <div className={`min-w-0 ${side === "write" ? "max-2xl:hidden" : ""}`}>
          <p className="lab">{t("knowledge.preview")}</p>
          <div className="rounded-r2 border border-line p-5">
            <Markdown text={body} />
          </div>
        </div>
      </div>
    </form>
  );
}
