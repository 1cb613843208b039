import { Plus, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Icon, IconButton } from "../../parts/basics";
import { stateColour } from "../../parts/data";
import { Acts } from "./Acts";
import { ConditionEditor } from "./Condition";
import { type Doc, type Flow, keyFrom, type MoveDoc, type StateDoc, without } from "./document";

const COLOURS = ["slate", "amber", "green", "blue", "violet", "red"] as const;
const ROLES = ["staff", "manager", "owner"] as const;

/** States and moves as tables, and the diagram they make. */
export function WorkflowEditor({ doc, onChange }: { doc: Doc; onChange: (doc: Doc) => void }) {
  const { t } = useTranslation("schemas");
  const flow = doc["x-workflow"];
  const put = (next: Partial<Flow>) => onChange({ ...doc, "x-workflow": { ...flow, ...next } });
  const name = (key: string) => flow.states.find((state) => state.key === key)?.label ?? key;

  const setState = (at: number, next: StateDoc) =>
    put({ states: flow.states.map((state, index) => (index === at ? without(next) : state)) });
  const setMove = (at: number, next: MoveDoc) =>
    put({ transitions: flow.transitions.map((move, index) => (index === at ? without(next) : move)) });

  return (
    <div className="grid gap-8">
      <Diagram flow={flow} />
      <section aria-labelledby="states-title">
        <h3 id="states-title" className="sub">
          {t("flow.states")}
        </h3>
        <ul className="grid gap-2">
          {flow.states.map((state, at) => (
            <li key={state.key} className="grid gap-2">
              <div className="staterow">
                <i style={{ background: stateColour(state) }} aria-hidden="true" />
                <input
                  className="input"
                  dir="auto"
                  aria-label={t("flow.ofState", { what: t("label"), label: state.label })}
                  value={state.label}
                  onChange={(event) => setState(at, { ...state, label: event.target.value })}
                />
                <select
                  className="input"
                  aria-label={t("flow.ofState", { what: t("flow.colour"), label: state.label })}
                  value={COLOURS.find((one) => one === state.colour) ?? "slate"}
                  onChange={(event) => setState(at, { ...state, colour: event.target.value })}
                >
                  {COLOURS.map((one) => (
                    <option key={one} value={one}>
                      {t(`flow.column.${one}`)}
                    </option>
                  ))}
                </select>
                <label>
                  <input
                    type="radio"
                    name="initial"
                    checked={flow.initial === state.key}
                    onChange={() => put({ initial: state.key })}
                  />
                  {t("flow.initial")}
                </label>
                <label>
                  <input
                    type="checkbox"
                    checked={state.final ?? false}
                    onChange={(event) => {
                      const { final: _, ...rest } = state;
                      setState(at, event.target.checked ? { ...rest, final: true } : rest);
                    }}
                  />
                  {t("flow.final")}
                </label>
                <IconButton
                  says={t("flow.removeState", { label: state.label })}
                  icon={X}
                  onClick={() =>
                    put({
                      states: flow.states.filter((one) => one.key !== state.key),
                      transitions: flow.transitions.filter(
                        (move) => move.from !== state.key && move.to !== state.key,
                      ),
                    })
                  }
                />
              </div>
              <Acts doc={doc} state={state} onChange={(next) => setState(at, next)} />
            </li>
          ))}
        </ul>
        <button
          type="button"
          className="btn line mt-3"
          onClick={() => {
            const keys = flow.states.map((state) => state.key);
            const key = keyFrom(t("flow.newState"), "_", keys);
            put({
              states: [...flow.states, { key, label: t("flow.newState") }],
              transitions: [...flow.transitions, { from: flow.initial, to: key }],
            });
          }}
        >
          <Icon of={Plus} size="s" />
          {t("flow.addState")}
        </button>
      </section>
      <section aria-labelledby="moves-title">
        <h3 id="moves-title" className="sub">
          {t("flow.transitions")}
        </h3>
        <div className="grid gap-3">
          {flow.transitions.map((move, at) => {
            const ends = { from: name(move.from), to: name(move.to) };
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: a move has no name of its own, and its ends can be changed.
              <Move key={at} doc={doc} move={move} ends={ends} onMove={(next) => setMove(at, next)}>
                <IconButton
                  says={t("flow.removeMove", ends)}
                  icon={X}
                  onClick={() => put({ transitions: flow.transitions.filter((_, index) => index !== at) })}
                />
              </Move>
            );
          })}
        </div>
        <button
          type="button"
          className="btn line mt-3"
          onClick={() => {
            const free = flow.states
              .flatMap((from) => flow.states.map((to) => ({ from: from.key, to: to.key })))
              .find(
                ({ from, to }) =>
                  from !== to && !flow.transitions.some((move) => move.from === from && move.to === to),
              );
            if (free) put({ transitions: [...flow.transitions, free] });
          }}
        >
          <Icon of={Plus} size="s" />
          {t("flow.addMove")}
        </button>
      </section>
    </div>
  );
}

function Move(props: {
  doc: Doc;
  move: MoveDoc;
  ends: { from: string; to: string };
  onMove: (move: MoveDoc) => void;
  children: React.ReactNode;
}) {
  const { t } = useTranslation("schemas");
  const { doc, move, ends, onMove } = props;
  const states = doc["x-workflow"].states;
  const of = (what: string) => t("flow.ofMove", { what, ...ends });
  return (
    <div className="moverow">
      {(["from", "to"] as const).map((end) => (
        <select
          key={end}
          className="input"
          aria-label={of(t(`flow.${end}`))}
          value={move[end]}
          onChange={(event) => onMove({ ...move, [end]: event.target.value })}
        >
          {states.map((state) => (
            <option key={state.key} value={state.key}>
              {state.label}
            </option>
          ))}
        </select>
      ))}
      <select
        className="input"
        aria-label={of(t("flow.by"))}
        value={move.by ?? ""}
        onChange={(event) => {
          const { by: _, ...rest } = move;
          onMove(event.target.value === "" ? rest : { ...rest, by: event.target.value });
        }}
      >
        <option value="">{t("flow.anybody")}</option>
        {ROLES.map((role) => (
          <option key={role} value={role}>
            {role}
          </option>
        ))}
      </select>
      <Needs
        doc={doc}
        label={of(t("flow.needs"))}
        needs={move.needs ?? []}
        onChange={(needs) => {
          const { needs: _, ...rest } = move;
          onMove(needs.length === 0 ? rest : { ...rest, needs });
        }}
      />
      {props.children}
      <ConditionEditor
        what={of(t("flow.when"))}
        none={t("always")}
        doc={doc}
        self=""
        value={move.when}
        onChange={(when) => {
          const { when: _, ...rest } = move;
          onMove(when ? { ...rest, when } : rest);
        }}
      />
    </div>
  );
}

/** The fields that must be known: any number of them. */
function Needs(props: {
  doc: Doc;
  label: string;
  needs: readonly string[];
  onChange: (needs: readonly string[]) => void;
}) {
  const { t } = useTranslation("schemas");
  const { doc, needs, onChange } = props;
  const free = Object.entries(doc.properties).filter(([key]) => !needs.includes(key));
  return (
    <div className="needs">
      {needs.map((key) => (
        <span key={key} className="chip">
          {doc.properties[key]?.title ?? key}
          <IconButton
            says={t("flow.needNot", { field: doc.properties[key]?.title ?? key })}
            icon={X}
            onClick={() => onChange(needs.filter((one) => one !== key))}
          />
        </span>
      ))}
      <select
        className="input"
        aria-label={props.label}
        value=""
        onChange={(event) => onChange([...needs, event.target.value])}
      >
        <option value="">
          {needs.length === 0 ? `${t("flow.needs")}: ${t("flow.nothing")}` : t("flow.needMore")}
        </option>
        {free.map(([key, field]) => (
          <option key={key} value={key}>
            {field.title}
          </option>
        ))}
      </select>
    </div>
  );
}

const [WIDE, HIGH, GAP] = [132, 34, 52];

/** A small clock at the end of a state that moves on by itself. */
const CLOCK = `M${WIDE - 16} ${HIGH / 2} m-5 0 a5 5 0 1 0 10 0 a5 5 0 1 0 -10 0 M${WIDE - 16} ${HIGH / 2 - 3} v3 h2`;

/** How high an arc over so many states rises. */
const rise = (span: number): number => 14 + 11 * span;

/** The states in their order from left to right; moves onward pass above them, moves back below. */
function Diagram({ flow }: { flow: Flow }) {
  const { t } = useTranslation("schemas");
  const at = new Map(flow.states.map((state, index) => [state.key, index]));
  const spans = flow.transitions.map((move) => (at.get(move.to) ?? 0) - (at.get(move.from) ?? 0));
  const top = rise(Math.max(...spans, 1)) + 4;
  const places = new Map(
    flow.states.map((state, index) => [state.key, { x: 4 + index * (WIDE + GAP), y: top }] as const),
  );
  const width = flow.states.length * (WIDE + GAP) - GAP + 8;
  const height = top + HIGH + rise(-Math.min(...spans, 0)) + 4;
  const name = (key: string) => flow.states.find((state) => state.key === key)?.label ?? key;
  const text = flow.transitions.map((move) => `${name(move.from)} → ${name(move.to)}`).join(", ");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide diagram is scrolled with the arrow keys.
    <section className="scroll" tabIndex={0} aria-label={t("flow.diagram", { text })}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        className="diagram"
        aria-hidden="true"
        direction="ltr"
      >
        <defs>
          <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 L8 4 L0 8 z" />
          </marker>
        </defs>
        {flow.transitions.map((move) => {
          const [from, to] = [places.get(move.from), places.get(move.to)];
          return from && to ? (
            <path
              key={`${move.from} ${move.to}`}
              d={arrow(from, to)}
              markerEnd="url(#tip)"
              className={move.by || move.when || move.needs ? "guarded" : ""}
            />
          ) : null;
        })}
        {flow.states.map((state) => {
          const place = places.get(state.key);
          return place ? (
            <g key={state.key} transform={`translate(${place.x} ${place.y})`}>
              <rect width={WIDE} height={HIGH} rx={8} className={state.final ? "final" : ""} />
              {state.after?.length ? <path d={CLOCK} className="clock" /> : null}
              <circle cx={14} cy={HIGH / 2} r={4} style={{ fill: stateColour(state) }} />
              <text x={26} y={HIGH / 2 + 4.5}>
                {state.label.length > 15 ? `${state.label.slice(0, 14)}…` : state.label}
              </text>
            </g>
          ) : null;
        })}
      </svg>
    </section>
  );
}

type Place = { readonly x: number; readonly y: number };

/** To the next one straight, onward over the others, back under them. */
function arrow(from: Place, to: Place): string {
  const span = (to.x - from.x) / (WIDE + GAP);
  const middle = from.y + HIGH / 2;
  if (span === 1) return `M${from.x + WIDE} ${middle} L${to.x - 2} ${middle}`;
  const [edge, way] = span > 0 ? [from.y, -1] : [from.y + HIGH, 1];
  const [x1, x2] = [from.x + WIDE / 2 + 16 * Math.sign(span), to.x + WIDE / 2 - 16 * Math.sign(span)];
  const peak = edge + way * rise(Math.abs(span)) * 1.3;
  const bend = 24 * Math.sign(span);
  return `M${x1} ${edge} C${x1 + bend} ${peak} ${x2 - bend} ${peak} ${x2} ${edge + 2 * way}`;
}
