import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask, queries } from "../../api";
import { announce } from "../../lib/announce";
import { span, useNow } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { stateColour, useMay, useWorkflow } from "../../parts/data";
import { complain } from "../../parts/toast";
import type { ConversationSummary, Schema } from "../../types";
import { asks, type Column, calls } from "./document";

const TYPE = "application/x-concierge-conversation";

/** The conversations by status. Moving one is a transition: the workflow may refuse it and says why. */
export function Board({ schema }: { schema: Schema }) {
  const { t } = useTranslation("schemas");
  const { data: columns, error } = useQuery(asks.board(schema.key));

  async function handleMove(id: string, title: string, to: Column) {
    try {
      await calls.move(id, to.status);
      announce(t("board.moved", { title, status: to.label }));
    } catch (refused) {
      complain(t("board.refused", { why: refusal(refused) }));
    }
    await Promise.all([
      queries.invalidateQueries({ queryKey: ["schema-board", schema.key] }),
      queries.invalidateQueries({ queryKey: ["inbox"] }),
    ]);
  }

  if (error) return <p className="err">{t("error", { why: refusal(error) })}</p>;
  return (
    <>
      <p className="text-ink2">{t("board.text")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide board is scrolled with the arrow keys. */}
      <section className="board" aria-label={t("tab.board")} tabIndex={0}>
        {columns?.map((column) => (
          <BoardColumn
            key={column.status}
            column={column}
            columns={columns}
            onMove={(id, title, to) => void handleMove(id, title, to)}
          />
        ))}
      </section>
    </>
  );
}

function BoardColumn(props: {
  column: Column;
  columns: readonly Column[];
  onMove: (id: string, title: string, to: Column) => void;
}) {
  const { t } = useTranslation("schemas");
  const { column } = props;
  const { states } = useWorkflow();
  const [over, setOver] = useState(false);
  const { data } = useQuery(ask.inbox({ view: "all", status: column.status }));
  const carries = (event: DragEvent) => event.dataTransfer.types.includes(TYPE);
  const rows = data?.items ?? [];
  return (
    <section
      className={over ? "over" : ""}
      aria-label={`${column.label}: ${t("board.count", { n: column.count })}`}
      onDragOver={(event) => {
        if (!carries(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const { id, title, from } = JSON.parse(event.dataTransfer.getData(TYPE) || "{}") as {
          id?: string;
          title?: string;
          from?: string;
        };
        if (id && from !== column.status) props.onMove(id, title ?? "", column);
      }}
    >
      <h3>
        <i
          style={{ background: stateColour(states.find((state) => state.key === column.status)) }}
          aria-hidden="true"
        />
        {column.label}
        <span className="num">{column.count}</span>
      </h3>
      <ul>
        {rows.map((row) => (
          <Card key={row.id} row={row} {...props} />
        ))}
      </ul>
      {column.count === 0 ? <p className="text-small text-ink3">{t("board.empty")}</p> : null}
      {column.count > rows.length && rows.length > 0 ? (
        <p className="num text-small text-ink3">{t("board.more", { n: column.count - rows.length })}</p>
      ) : null}
    </section>
  );
}

function Card(props: {
  row: ConversationSummary;
  column: Column;
  columns: readonly Column[];
  onMove: (id: string, title: string, to: Column) => void;
}) {
  const { t } = useTranslation("schemas");
  const { t: tc } = useTranslation();
  const mayMove = useMay("staff");
  const { moves } = useWorkflow();
  const now = useNow(60_000);
  const { row, column, columns } = props;
  const open = moves(column.status).map((state) => state.key);
  const ways = columns.filter((one) => open.includes(one.status));
  const at = row.last_message?.at;
  return (
    <li
      draggable={mayMove}
      onDragStart={(event) => {
        event.dataTransfer.effectAllowed = "move";
        const carried = { id: row.id, title: row.title, from: column.status };
        event.dataTransfer.setData(TYPE, JSON.stringify(carried));
      }}
    >
      <Link to="/inbox/{-$id}" params={{ id: row.id }} search={{ view: "all" }} dir="auto">
        {row.title || row.contact.name}
      </Link>
      <small>
        <span dir="auto">{row.contact.name}</span>
        {at ? (
          <time className="num" dateTime={at}>
            {tc("time.ago", { span: span(now - Date.parse(at)) })}
          </time>
        ) : null}
      </small>
      {mayMove && ways.length > 0 ? (
        <select
          className="mini"
          aria-label={t("board.moveTo", { title: row.title || row.contact.name })}
          value=""
          onChange={(event) => {
            const to = columns.find((one) => one.status === event.target.value);
            if (to) props.onMove(row.id, row.title || row.contact.name, to);
          }}
        >
          <option value="">{t("board.moveShort")}</option>
          {ways.map((one) => (
            <option key={one.status} value={one.status}>
              {one.label}
            </option>
          ))}
        </select>
      ) : null}
    </li>
  );
}
