import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { memo, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { monthYear, span, useNow } from "../../lib/format";
import { late } from "../../lib/late";
import { Avatar, Icon, Key, Stitch } from "../../parts/basics";
import { plainValue, recordStates, useSchemas } from "../../parts/data";
import type {
  ContextAnswer,
  ContextField,
  ContextRecord,
  ConversationSummary,
  DraftView,
  Entry,
} from "../../types";
import { KIND_ICON, kindTone } from "../approvals/kinds";
import { FieldRow } from "./FieldRow";

const SequencesHere = late(() => import("../rules/SequencesHere"), "default");

type Props = {
  summary: ConversationSummary;
  draft: DraftView | undefined;
  /** The entries up to a moment, while somebody looks back: the record is shown as it was then. */
  past?: readonly Entry[] | undefined;
  onWhy: () => void;
  onAsk: (question: string) => void;
};

/** Who this is, what is known, where it stands, and why it waits. */
export const ContextPane = memo(function ContextPane({ summary, draft, past, onWhy, onAsk }: Props) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const { data: contact } = useQuery(ask.contact(summary.contact.id));
  const { data: present } = useQuery(ask.context(summary.id));
  const context = useMemo(() => present && (past ? asItWas(present, past) : present), [present, past]);
  const status = (past && statusThen(past)) ?? summary.status;
  const { data: theirs } = useQuery(ask.inbox({ view: "all", contact: summary.contact.id }));
  const count = theirs?.items.length ?? 1;
  const address = contact?.phone ?? contact?.email;
  const blockers = draft?.status === "pending" ? draft.blockers : [];
  return (
    <aside className="ctx" aria-label={t("ctx.title")}>
      <div className="who">
        <Avatar id={summary.contact.id} name={summary.contact.name} />
        <div className="min-w-0">
          <Link
            to="/contacts/{-$id}"
            params={{ id: summary.contact.id }}
            className="rounded-r1 hover:underline"
            dir="auto"
          >
            {summary.contact.name}
          </Link>
          {address ? (
            <small className="num" dir="ltr">
              {address}
            </small>
          ) : null}
        </div>
      </div>
      {contact ? (
        <div className="facts">
          <div>
            <b className="num">{count}</b>
            {t("ctx.conversations", { count })}
          </div>
          <div>
            <b className="num">{monthYear(contact.created_at)}</b>
            {t("ctx.firstSeen")}
          </div>
          {contact.last_seen_at ? (
            <div>
              <b className="num">{t("time.ago", { span: span(now - Date.parse(contact.last_seen_at)) })}</b>
              {t("ctx.lastSeen")}
            </div>
          ) : null}
        </div>
      ) : (
        <div className="facts h-9" />
      )}
      {context?.records.map((record) => (
        <Record
          key={record.id}
          record={record}
          conversation={summary.id}
          status={status}
          past={past !== undefined}
          onAsk={onAsk}
        />
      ))}
      {blockers.length > 0 ? (
        <section className="sec">
          <h3 className="sh">
            {t("ctx.whyTitle")}
            <small>
              <button type="button" className="rounded-r1 hover:text-ink" onClick={onWhy}>
                {t("ctx.whyMore")}
              </button>
            </small>
          </h3>
          <ul className="grid gap-1.5">
            {blockers.map((blocker) => (
              <li key={blocker.says} className="flex gap-2 text-ink2">
                <span className={`why ${kindTone(blocker.kind)} mt-[3.5px] h-fit flex-none`}>
                  <Icon of={KIND_ICON[blocker.kind]} />
                </span>
                <span dir="auto">{blocker.says}</span>
              </li>
            ))}
          </ul>
        </section>
      ) : (
        <section className="sec">
          <button type="button" className="btn line" onClick={onWhy}>
            {t("conv.why")}
            <Key name="why" />
          </button>
        </section>
      )}
      {past ? null : (
        <Suspense>
          <SequencesHere conversation={summary.id} seq={summary.last_seq} closed={summary.resolved} />
        </Suspense>
      )}
      {contact?.note ? (
        <section className="sec">
          <h3 className="sh">{t("ctx.notes", { name: summary.contact.name })}</h3>
          <p className="text-ink2" dir="auto">
            {contact.note}
          </p>
        </section>
      ) : null}
    </aside>
  );
});

/** The record as the entries up to a moment left it. */
function asItWas(present: ContextAnswer, past: readonly Entry[]): ContextAnswer {
  const records = present.records.map((record) => ({
    ...record,
    fields: record.fields.map((field): ContextField => {
      const change = past.findLast(
        ({ content }) =>
          content.kind === "field_changed" && content.record === record.id && content.field === field.key,
      )?.content;
      const { value: _, text: __, evidence: ___, evidence_seq: ____, proposal: _____, ...rest } = field;
      if (change?.kind !== "field_changed" || change.to === undefined || change.to === null)
        return { ...rest, confidence: 0, locked: false };
      const same = JSON.stringify(change.to) === JSON.stringify(field.value);
      return {
        ...rest,
        value: change.to,
        text: (same && field.text) || plainValue(change.to),
        confidence: change.confidence,
        origin: change.origin,
        ...(change.evidence ? { evidence: change.evidence } : {}),
        locked: change.origin === "person",
      };
    }),
  }));
  return { records };
}

function statusThen(past: readonly Entry[]): string | undefined {
  const move = past.findLast(({ content }) => content.kind === "status_moved")?.content;
  return move?.kind === "status_moved" ? move.to : undefined;
}

function Record({
  record,
  conversation,
  status,
  past,
  onAsk,
}: {
  record: ContextRecord;
  conversation: string;
  status: string;
  past: boolean;
  onAsk: (question: string) => void;
}) {
  const { t } = useTranslation();
  const schemas = useSchemas();
  const schema =
    schemas.find((one) => one.id === record.schema.id) ??
    schemas.find((one) => one.key === record.schema.key);
  const states = recordStates(record);
  const known = states.filter((state) => state === "known").length;
  const inferred = states.filter((state) => state === "inferred").length;
  const flow = schema?.document["x-workflow"];
  return (
    <>
      <section className="sec" aria-label={record.schema.name}>
        <h3 className="sh">
          {record.schema.name}
          <small className="num">{t("ctx.known", { n: known + inferred, of: states.length })}</small>
        </h3>
        <div className="mb-[9px]">
          <Stitch
            big
            states={states}
            label={t("ctx.stitch", {
              known,
              inferred,
              missing: states.length - known - inferred,
              of: states.length,
            })}
          />
        </div>
        <dl>
          {record.fields.map((field) => (
            <FieldRow
              key={field.key}
              conversation={conversation}
              field={field}
              past={past}
              schema={schema?.document.properties?.[field.key]}
              onAsk={onAsk}
            />
          ))}
        </dl>
      </section>
      {flow ? (
        <Where states={flow.states} transitions={flow.transitions} initial={flow.initial} now={status} />
      ) : null}
    </>
  );
}

type Flow = NonNullable<import("../../types").SchemaDocument["x-workflow"]>;

/** The straight way through the workflow that passes through where the conversation is. */
function path(flow: Pick<Flow, "states" | "transitions" | "initial">, now: string): readonly string[] {
  const order = new Map(flow.states.map((state, at) => [state.key, at]));
  const forward = (key: string): string | undefined =>
    flow.transitions
      .filter((move) => move.from === key && (order.get(move.to) ?? 0) > (order.get(key) ?? 0))
      .map((move) => move.to)
      .sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))[0];
  const way = [flow.initial];
  for (let next = forward(flow.initial); next && !way.includes(next); next = forward(next)) way.push(next);
  if (!way.includes(now)) {
    const at = order.get(now) ?? way.length;
    const place = way.findIndex((key) => (order.get(key) ?? 0) > at);
    way.splice(place < 0 ? way.length : place, 0, now);
  }
  return way;
}

/** So many letters of states fit in one line of the pane. */
const LETTERS = 27;

function Where({ states, transitions, initial, now }: Flow & { now: string }) {
  const { t } = useTranslation();
  const way = path({ states, transitions, initial }, now);
  const at = way.indexOf(now);
  // Around where it is: a long workflow does not fit the pane, and the far ends say little.
  const name = (key: string) => states.find((state) => state.key === key)?.label ?? key;
  let from = at;
  let to = at + 1;
  let room = LETTERS - name(now).length;
  for (const next of [at + 1, at - 1, at + 2, at - 2, at + 3]) {
    const key = way[next];
    if (key === undefined || name(key).length > room || (next !== from - 1 && next !== to)) continue;
    room -= name(key).length + 2;
    from = Math.min(from, next);
    to = Math.max(to, next + 1);
  }
  const shown = way.slice(from, to);
  return (
    <section className="sec">
      <h3 className="sh">{t("ctx.where")}</h3>
      <ol className="steps">
        {shown.map((key, index) => {
          const place = from + index;
          const label = name(key);
          return (
            <li key={key}>
              {index > 0 ? <u className={place <= at ? "d" : ""} /> : null}
              <span
                className={place === at ? "now" : place > at ? "todo" : ""}
                aria-current={place === at ? "step" : undefined}
              >
                <i />
                <b title={label}>{label}</b>
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
