import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { CircleAlert, CircleHelp, Pencil, Plus, Search, Signpost, X } from "lucide-react";
import { type DragEvent, useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { percent, useNow } from "../../lib/format";
import { Empty, Icon, IconButton } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { plain } from "../../parts/markdown";
import type { DocumentRow, Hit, UseCount } from "../../types";
import "./knowledge.css";
import { Add } from "./Add";
import { Editor } from "./Editor";
import { Gaps } from "./Gaps";
import { Intents } from "./Intents";
import { Reader } from "./Reader";
import { Freshness, isUnderway, Progress, SourceIcon } from "./state";
import { forgetUpload, sendFiles, useUploads } from "./uploads";

export function Knowledge() {
  const { t } = useTranslation();
  const { id } = useParams({ from: "/knowledge/{-$id}" });
  const mayWrite = useMay("manager");
  const [over, setOver] = useState(false);

  const carriesFiles = (event: DragEvent) => mayWrite && event.dataTransfer.types.includes("Files");
  const drop = {
    onDragOver: (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: (event: DragEvent) => {
      if (event.currentTarget === event.target || event.relatedTarget === null) setOver(false);
    },
    onDrop: (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(false);
      sendFiles([...event.dataTransfer.files]);
    },
  };

  return (
    <main className={`desk wide ${id ? "open" : ""}`} {...drop}>
      <Shelf id={id} mayWrite={mayWrite} />
      <section className="conv overflow-y-auto!">
        <Pane id={id} />
      </section>
      {over ? (
        <div className="kdrop" aria-hidden="true">
          <p>{t("knowledge.dropHere")}</p>
        </div>
      ) : null}
    </main>
  );
}

function Pane({ id }: { id: string | undefined }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { gap } = useSearch({ strict: false }) as { gap?: string };
  if (id === "new")
    return (
      <Editor
        key={gap ?? "new"}
        gap={gap}
        onDone={(made) =>
          void navigate({
            to: "/knowledge/{-$id}",
            params: { id: made?.id ?? (gap ? "gaps" : undefined) },
            replace: true,
            ignoreBlocker: true,
          })
        }
      />
    );
  if (id === "add") return <Add />;
  if (id === "gaps") return <Gaps />;
  if (id === "intents") return <Intents />;
  if (id) return <Reader key={id} id={id} />;
  return <Empty title={t("knowledge.pick")} text={t("knowledge.searchHint")} />;
}

/** The list, and above it what can be asked and added. */
function Shelf({ id, mayWrite }: { id: string | undefined; mayWrite: boolean }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const searching = q.length >= 3;
  const { data, isPending } = useQuery(ask.documents);
  const { data: found } = useQuery({ ...ask.hits(q), enabled: searching });
  const { data: uses } = useQuery(ask.useCounts);
  const counts = useMemo(() => new Map(uses?.map((use) => [use.document, use])), [uses]);
  const documents = data?.items ?? [];

  return (
    <section className="queue" aria-label={t("knowledge.title")}>
      <div className="qh">
        <h1>{t("knowledge.title")}</h1>
        <span className="c num">{documents.length > 0 ? documents.length : ""}</span>
        {mayWrite ? (
          <span className="ms-auto flex gap-1">
            <Link to="/knowledge/{-$id}" params={{ id: "new" }} className="btn line">
              <Icon of={Pencil} size="s" />
              {t("knowledge.write")}
            </Link>
            <Link to="/knowledge/{-$id}" params={{ id: "add" }} className="btn line">
              <Icon of={Plus} size="s" />
              {t("knowledge.add")}
            </Link>
          </span>
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
          <Hits hits={found.hits} id={id} />
        ) : (
          <>
            <GapsRow current={id === "gaps"} />
            <IntentsRow current={id === "intents"} />
            <Underway />
            {documents.length === 0 && !isPending ? (
              <Empty title={t("knowledge.none")} text={t("knowledge.noneText")} />
            ) : null}
            {documents.map((row) => (
              <Row key={row.id} row={row} uses={counts.get(row.id)} current={row.id === id} />
            ))}
          </>
        )}
      </section>
    </section>
  );
}

function Row({ row, uses, current }: { row: DocumentRow; uses: UseCount | undefined; current: boolean }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  return (
    <Link
      to="/knowledge/{-$id}"
      params={{ id: row.id }}
      className="krow with"
      aria-current={current ? "true" : undefined}
    >
      <SourceIcon source={row.source} />
      <span className="grid min-w-0 gap-[3px]">
        <b className="truncate">
          <bdi>{row.title}</bdi>
        </b>
        {isUnderway(row) ? (
          <Progress row={row} />
        ) : row.status === "failed" ? (
          <span className="flex gap-1.5 text-meta text-brick">
            <CircleAlert className="i xs mt-[3px] flex-none" aria-hidden="true" />
            <span className="line-clamp-2">{row.source?.problem?.says}</span>
          </span>
        ) : (
          <span className="num text-meta text-ink3">
            <Freshness row={row} now={now} />
            {" · "}
            {uses ? t("knowledge.used", { count: uses.drafts }) : t("knowledge.unused")}
          </span>
        )}
      </span>
    </Link>
  );
}

function GapsRow({ current }: { current: boolean }) {
  const { t } = useTranslation();
  const { data } = useQuery(ask.gaps(false));
  const open = data?.open ?? 0;
  return (
    <Link
      to="/knowledge/{-$id}"
      params={{ id: "gaps" }}
      className="krow with kgaps"
      aria-current={current ? "true" : undefined}
    >
      <span className="ksrc amber">
        <Icon of={CircleHelp} size="s" />
      </span>
      <span className="grid min-w-0 gap-[3px]">
        <b>{t("gaps.title")}</b>
        <span className="num text-meta text-ink3">{t("gaps.count", { count: open })}</span>
      </span>
    </Link>
  );
}

function IntentsRow({ current }: { current: boolean }) {
  const { t } = useTranslation();
  return (
    <Link
      to="/knowledge/{-$id}"
      params={{ id: "intents" }}
      className="krow with kgaps"
      aria-current={current ? "true" : undefined}
    >
      <span className="ksrc">
        <Icon of={Signpost} size="s" />
      </span>
      <span className="grid min-w-0 gap-[3px]">
        <b>{t("intents.title")}</b>
        <span className="text-meta text-ink3">{t("intents.row")}</span>
      </span>
    </Link>
  );
}

/** Files on their way to the hub, and why one did not get there. */
function Underway() {
  const { t } = useTranslation();
  const all = useUploads((state) => state.all);
  return all.map((one) => (
    <div key={one.key} className="krow with">
      <SourceIcon source={undefined} />
      <span className="grid min-w-0 gap-[3px]">
        <b className="truncate">
          <bdi>{one.name}</bdi>
        </b>
        {one.problem ? (
          <span className="text-meta text-brick">
            {one.problem}{" "}
            {one.twin ? (
              <Link to="/knowledge/{-$id}" params={{ id: one.twin }} className="underline">
                {t("knowledge.showTwin")}
              </Link>
            ) : null}
          </span>
        ) : (
          <span className="grid gap-1">
            <span className="num text-meta text-ink3">
              {t("knowledge.sending", { n: percent(one.done) })}
            </span>
            <progress className="kbar" aria-label={one.name} value={one.done} max={1} />
          </span>
        )}
      </span>
      {one.problem ? (
        <IconButton
          says={t("knowledge.dismiss", { name: one.name })}
          icon={X}
          onClick={() => forgetUpload(one.key)}
        />
      ) : null}
    </div>
  ));
}

function Hits({ hits, id }: { hits: readonly Hit[]; id: string | undefined }) {
  const { t } = useTranslation();
  return (
    <>
      {hits.length === 0 ? <p className="p-4 text-ink2">{t("knowledge.noHits")}</p> : null}
      {hits.map((hit) => (
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
  );
}
