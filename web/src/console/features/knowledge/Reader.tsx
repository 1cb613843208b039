/** A document: its text, what the agent sees of it, who used it, and how it was before. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ArrowLeft, CircleAlert, Download, Ellipsis, FileUp, Pencil, RefreshCw, Trash2 } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, documentFileUrl, queries } from "../../api";
import { bytes, useNow } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { refusal } from "../../lib/refusal";
import { Cap, Empty, Icon, IconButton, Segments } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { Menu, MenuItem, MenuLine } from "../../parts/Menu";
import { Markdown } from "../../parts/markdown";
import { complain, toast } from "../../parts/toast";
import type { Document } from "../../types";
import { ACCEPT } from "./accept";
import { Editor } from "./Editor";
import { Seen } from "./Seen";
import { Freshness, isUnderway, Progress, SourceIcon } from "./state";
import { Uses } from "./Uses";
import { sendFiles } from "./uploads";
import { Versions } from "./Versions";

type Side = "text" | "seen" | "uses" | "versions";

export function Reader({ id }: { id: string }) {
  const { t } = useTranslation();
  const mayWrite = useMay("manager");
  const { mark } = useSearch({ strict: false }) as { mark?: string };
  const { data: document, isError } = useQuery(ask.document(id));
  const [editing, setEditing] = useState(false);
  const [side, setSide] = useState<Side>("text");

  useKeys({
    edit: () => {
      if (!mayWrite || editing || !document?.version) return false;
      setEditing(true);
      return true;
    },
  });

  if (isError) return <Empty title={t("app.notFound")} />;
  if (!document) return null;
  if (document.status === "deleted") return <Empty title={t("knowledge.gone")} />;
  if (editing) return <Editor document={document} onDone={() => setEditing(false)} />;
  const titled = /^#\s/.test(document.body);
  return (
    <article className="mx-auto w-full max-w-[760px] px-7 py-6 max-sm:px-4">
      <Head document={document} onEdit={() => setEditing(true)} />
      {titled && side === "text" ? null : (
        <h1 className="mb-3 text-[22px]!">
          <bdi>{document.title}</bdi>
        </h1>
      )}
      <Standing document={document} />
      {document.version > 0 ? (
        <>
          <div className="mb-5 overflow-x-auto">
            <Segments<Side>
              label={t("knowledge.sides")}
              value={side}
              options={[
                { value: "text", label: t("knowledge.text") },
                { value: "seen", label: t("knowledge.seen") },
                { value: "uses", label: t("knowledge.uses") },
                { value: "versions", label: t("knowledge.versions") },
              ]}
              onChange={setSide}
            />
          </div>
          {side === "text" ? <Markdown text={document.body} {...(mark ? { mark } : {})} /> : null}
          {side === "seen" ? <Seen id={id} /> : null}
          {side === "uses" ? <Uses id={id} /> : null}
          {side === "versions" ? <Versions document={document} /> : null}
        </>
      ) : null}
    </article>
  );
}

function Head({ document, onEdit }: { document: Document; onEdit: () => void }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const mayWrite = useMay("manager");
  const { source } = document;
  const facts: ReactNode[] = [];
  if (source?.kind === "page")
    facts.push(
      <a
        key="page"
        href={source.name}
        target="_blank"
        rel="noreferrer noopener"
        className="truncate underline"
      >
        <bdi>{source.name.replace(/^https?:\/\//, "")}</bdi>
      </a>,
    );
  else if (source) facts.push(<bdi key="file">{source.name}</bdi>);
  if (source?.size !== undefined && source.kind === "upload") facts.push(bytes(source.size));
  if (document.version > 0) {
    facts.push(t("knowledge.version", { n: document.version }));
    facts.push(t("knowledge.passages", { count: document.passages }));
    facts.push(<Freshness key="fresh" row={document} now={now} />);
  }
  return (
    <div className="mb-5 flex items-center gap-1">
      <BackToList />
      <p className="num me-auto flex min-w-0 flex-wrap items-center gap-x-2 text-meta text-ink3">
        <SourceIcon source={source} />
        {facts.map((fact, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: facts have no identity beyond their place.
          <span key={at} className="max-w-full truncate">
            {at > 0 ? "· " : ""}
            {fact}
          </span>
        ))}
      </p>
      {mayWrite && document.version > 0 ? (
        <button type="button" className="btn line" onClick={onEdit}>
          <Icon of={Pencil} size="s" />
          {t("app.edit")}
          <Cap>E</Cap>
        </button>
      ) : null}
      {mayWrite ? <More document={document} /> : null}
    </div>
  );
}

function More({ document }: { document: Document }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const picker = useRef<HTMLInputElement>(null);
  const { source } = document;

  async function handleDelete() {
    if (!window.confirm(t("knowledge.confirmDelete", { title: document.title }))) return;
    try {
      await api.deleteDocument(document.id);
      await queries.invalidateQueries({ queryKey: ["documents"] });
      void queries.invalidateQueries({ queryKey: ["hits"] });
      void navigate({ to: "/knowledge/{-$id}", params: { id: undefined } });
      toast(t("knowledge.deleted", { title: document.title }));
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <>
      <Menu trigger={<IconButton says={t("knowledge.more")} icon={Ellipsis} />}>
        {source?.kind === "page" ? null : (
          <MenuItem onSelect={() => picker.current?.click()}>
            <Icon of={FileUp} size="s" />
            {t("knowledge.newFile")}
          </MenuItem>
        )}
        {source && !isUnderway(document) ? (
          <MenuItem onSelect={() => void readAgain(document.id)}>
            <Icon of={RefreshCw} size="s" />
            {source.kind === "page" ? t("knowledge.refresh") : t("knowledge.retry")}
          </MenuItem>
        ) : null}
        {source?.size !== undefined ? (
          <MenuItem asChild>
            <a href={documentFileUrl(document.id)} download>
              <Icon of={Download} size="s" />
              {t("knowledge.download")}
            </a>
          </MenuItem>
        ) : null}
        <MenuLine />
        <MenuItem className="bad" onSelect={() => void handleDelete()}>
          <Icon of={Trash2} size="s" />
          {t("app.delete")}
        </MenuItem>
      </Menu>
      <input
        ref={picker}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-label={t("knowledge.newFile")}
        accept={ACCEPT}
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          if (file) sendFiles([file], document.id);
          event.target.value = "";
        }}
      />
    </>
  );
}

async function readAgain(id: string): Promise<void> {
  try {
    const document = await api.readAgain(id);
    queries.setQueryData(ask.document(id).queryKey, document);
    void queries.invalidateQueries({ queryKey: ["documents"] });
  } catch (error) {
    complain(refusal(error));
  }
}

/** What keeps a document's text from being there, or from being new. */
function Standing({ document }: { document: Document }) {
  const { t } = useTranslation();
  const mayWrite = useMay("manager");
  const { source } = document;
  if (isUnderway(document))
    return (
      <div className="knote" role="status">
        <Progress row={document} />
        {document.version > 0 ? <p className="hint">{t("knowledge.oldStays")}</p> : null}
      </div>
    );
  if (document.status === "failed")
    return (
      <div className="knote bad" role="alert">
        <p className="flex items-start gap-2">
          <Icon of={CircleAlert} size="s" />
          <span dir="auto">
            <b>{document.version > 0 ? t("knowledge.failedAgain") : t("knowledge.failed")}</b>{" "}
            {source?.problem?.says}
          </span>
        </p>
        {mayWrite ? (
          <button type="button" className="btn line mt-2" onClick={() => void readAgain(document.id)}>
            <Icon of={RefreshCw} size="s" />
            {t("knowledge.retry")}
          </button>
        ) : null}
      </div>
    );
  if (source && source.broken_pages > 0)
    return (
      <div className="knote" role="status">
        <p>{t("knowledge.brokenPages", { count: source.broken_pages, pages: source.pages ?? 0 })}</p>
      </div>
    );
  return null;
}

export function BackToList() {
  const { t } = useTranslation();
  return (
    <Link
      to="/knowledge/{-$id}"
      params={{ id: undefined }}
      className="icb -ms-2 sm:hidden!"
      aria-label={t("app.back")}
    >
      <ArrowLeft className="i" aria-hidden="true" />
    </Link>
  );
}
