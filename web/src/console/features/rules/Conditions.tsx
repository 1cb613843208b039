/** The tree of conditions: groups in groups, every one reachable by keyboard. */
import { useQuery } from "@tanstack/react-query";
import { Plus, Trash2, X } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { Icon, IconButton } from "../../parts/basics";
import {
  type Fact,
  firstValue,
  type Group,
  groupOf,
  isGroup,
  type Leaf,
  leafOf,
  type Node,
  type Op,
} from "./model";

type GroupProps = {
  group: Group;
  facts: readonly Fact[];
  /** Where it stands, such as "1.2"; none for the root. */
  place: string;
  onChange: (group: Group) => void;
  onRemove?: () => void;
};

export function ConditionGroup({ group, facts, place, onChange, onRemove }: GroupProps) {
  const { t } = useTranslation("rules");
  const first = facts.find((fact) => fact.fact === "message.text") ?? facts[0];
  const put = (at: number, node: Node) =>
    onChange({ ...group, items: group.items.map((one, n) => (n === at ? node : one)) });
  const drop = (at: number) => onChange({ ...group, items: group.items.filter((_, n) => n !== at) });
  const add = (node: Node) => onChange({ ...group, items: [...group.items, node] });
  return (
    <fieldset className={`rgroup ${place === "" ? "root" : ""}`}>
      <legend className="sr-only">{place === "" ? t("if") : t("group", { n: place })}</legend>
      <div className="flex flex-wrap items-center gap-2">
        <select
          className="input rfit"
          aria-label={t("match")}
          value={group.join}
          onChange={(event) => onChange({ ...group, join: event.target.value as Group["join"] })}
        >
          <option value="all">{t("all")}</option>
          <option value="any">{t("any")}</option>
        </select>
        <button
          type="button"
          className="mini"
          aria-pressed={group.not}
          title={t("notHint")}
          onClick={() => onChange({ ...group, not: !group.not })}
        >
          {t("not")}
        </button>
        {onRemove ? (
          <span className="ms-auto">
            <IconButton says={t("removeGroup")} icon={X} onClick={onRemove} />
          </span>
        ) : null}
      </div>
      {place === "" && group.items.length === 0 ? <p className="hint">{t("always")}</p> : null}
      {group.items.map((node, at) => {
        const here = place === "" ? `${at + 1}` : `${place}.${at + 1}`;
        return isGroup(node) ? (
          <ConditionGroup
            key={node.id}
            group={node}
            facts={facts}
            place={here}
            onChange={(to) => put(at, to)}
            onRemove={() => drop(at)}
          />
        ) : (
          <ConditionRow
            key={node.id}
            leaf={node}
            facts={facts}
            place={here}
            onChange={(to) => put(at, to)}
            onRemove={() => drop(at)}
          />
        );
      })}
      <div className="flex flex-wrap gap-2">
        <button type="button" className="mini" disabled={!first} onClick={() => first && add(leafOf(first))}>
          <Icon of={Plus} size="xs" />
          {t("addCondition")}
        </button>
        <button
          type="button"
          className="mini"
          disabled={!first}
          onClick={() => first && add(groupOf([leafOf(first)], group.join === "all" ? "any" : "all"))}
        >
          <Icon of={Plus} size="xs" />
          {t("addGroup")}
        </button>
      </div>
    </fieldset>
  );
}

function ConditionRow(props: {
  leaf: Leaf;
  facts: readonly Fact[];
  place: string;
  onChange: (leaf: Leaf) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation("rules");
  const { leaf, facts, onChange } = props;
  const fact = facts.find((one) => one.fact === leaf.fact);
  const own = facts.filter((one) => one.fact.startsWith("context.") && one.fact !== "context.completion");
  const everywhere = facts.filter((one) => !own.includes(one));

  function handleFact(name: string) {
    const next = facts.find((one) => one.fact === name);
    if (!next) return;
    const op = next.ops.includes(leaf.op) ? leaf.op : (next.ops[0] ?? "is");
    const keeps = next.kind === fact?.kind && !next.options && !fact?.options && op === leaf.op;
    onChange({ ...leaf, fact: name, op, value: keeps ? leaf.value : firstValue(next, op) });
  }

  function handleOp(op: Op) {
    const shape = (one: Op) =>
      one === "between"
        ? "pair"
        : ["in", "not_in", "contains_any"].includes(one)
          ? "list"
          : ["known", "unknown"].includes(one)
            ? "none"
            : "one";
    onChange({ ...leaf, op, value: shape(op) === shape(leaf.op) ? leaf.value : firstValue(fact, op) });
  }

  return (
    <fieldset className="rrow">
      <legend className="sr-only">{t("condition", { n: props.place })}</legend>
      <select
        className="input"
        aria-label={t("fact")}
        value={leaf.fact}
        onChange={(event) => handleFact(event.target.value)}
      >
        {fact ? null : <option value={leaf.fact}>{leaf.fact}</option>}
        <optgroup label={t("groups.always")}>
          {everywhere.map((one) => (
            <option key={one.fact} value={one.fact}>
              {one.label}
            </option>
          ))}
        </optgroup>
        {own.length > 0 ? (
          <optgroup label={t("groups.own")}>
            {own.map((one) => (
              <option key={one.fact} value={one.fact}>
                {one.label}
              </option>
            ))}
          </optgroup>
        ) : null}
      </select>
      <select
        className="input"
        aria-label={t("op")}
        value={leaf.op}
        onChange={(event) => handleOp(event.target.value as Op)}
      >
        {(fact?.ops ?? [leaf.op]).map((op) => (
          <option key={op} value={op}>
            {t(`ops.${op}`)}
          </option>
        ))}
      </select>
      <span className="rvalue">
        <Value
          fact={fact}
          op={leaf.op}
          value={leaf.value}
          onChange={(value) => onChange({ ...leaf, value })}
        />
      </span>
      <IconButton says={t("remove")} icon={Trash2} onClick={props.onRemove} />
    </fieldset>
  );
}

function Value(props: {
  fact: Fact | undefined;
  op: Op;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const { t } = useTranslation("rules");
  const { fact, op, value, onChange } = props;
  if (op === "known" || op === "unknown") return null;
  if (op === "between") {
    const [from, to] = Array.isArray(value) ? value : [value, value];
    return (
      <>
        <One fact={fact} label={t("from")} value={from} onChange={(one) => onChange([one, to])} />
        <One fact={fact} label={t("to")} value={to} onChange={(one) => onChange([from, one])} />
      </>
    );
  }
  if (op === "in" || op === "not_in" || op === "contains_any")
    return <Several fact={fact} value={Array.isArray(value) ? value : [value]} onChange={onChange} />;
  return <One fact={fact} label={t("value")} value={value} onChange={onChange} />;
}

/** One value, as the kind of the fact wants it. */
export function One(props: {
  fact: Pick<Fact, "fact" | "kind" | "options"> | undefined;
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const { t } = useTranslation("rules");
  const { fact, label, value, onChange } = props;
  const intents = useIntents(fact?.fact === "intent");
  const list = useId();
  const options = fact?.options ?? intents;
  if (fact?.kind === "flag") {
    return (
      <select
        className="input"
        aria-label={label}
        value={String(value)}
        onChange={(event) => onChange(event.target.value === "true")}
      >
        <option value="true">{t("yes")}</option>
        <option value="false">{t("no")}</option>
      </select>
    );
  }
  if (fact?.kind === "number") return <NumberInput label={label} value={value} onChange={onChange} />;
  if (options && options.length > 0 && fact?.options) {
    return (
      <select
        className="input"
        aria-label={label}
        value={String(value ?? "")}
        onChange={(event) => onChange(event.target.value)}
      >
        {options.some((one) => one.value === value) ? null : (
          <option value={String(value ?? "")}>{String(value ?? "")}</option>
        )}
        {options.map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
      </select>
    );
  }
  return (
    <>
      <input
        className="input"
        aria-label={label}
        dir="auto"
        list={options ? list : undefined}
        value={String(value ?? "")}
        onChange={(event) => onChange(event.target.value)}
      />
      {options ? (
        <datalist id={list}>
          {options.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </datalist>
      ) : null}
    </>
  );
}

/** A number; while it is being typed it may be none. */
function NumberInput(props: { label: string; value: unknown; onChange: (value: unknown) => void }) {
  const [typed, setTyped] = useState(String(props.value ?? ""));
  return (
    <input
      className="input num"
      aria-label={props.label}
      inputMode="decimal"
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value);
        const number = Number(event.target.value.replace(",", "."));
        props.onChange(
          event.target.value.trim() === "" || Number.isNaN(number) ? event.target.value : number,
        );
      }}
    />
  );
}

/** Several values in one line; what stands between commas is one. */
function Several(props: {
  fact: Fact | undefined;
  value: readonly unknown[];
  onChange: (value: unknown) => void;
}) {
  const { t } = useTranslation("rules");
  const [typed, setTyped] = useState(props.value.map(String).join(", "));
  const options = props.fact?.options;
  if (options) {
    return (
      <span className="flex flex-wrap gap-1">
        {options.map((one) => {
          const on = props.value.includes(one.value);
          return (
            <button
              key={one.value}
              type="button"
              className="mini"
              aria-pressed={on}
              onClick={() =>
                props.onChange(
                  on ? props.value.filter((value) => value !== one.value) : [...props.value, one.value],
                )
              }
            >
              {one.label}
            </button>
          );
        })}
      </span>
    );
  }
  return (
    <input
      className="input"
      dir="auto"
      aria-label={`${t("value")}. ${t("listHint")}`}
      placeholder={t("listHint")}
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value);
        const parts = event.target.value.split(",").map((part) => part.trim());
        const full = parts.filter((part) => part !== "");
        props.onChange(props.fact?.kind === "number" ? full.map(Number) : full);
      }}
    />
  );
}

function useIntents(wanted: boolean) {
  const { data } = useQuery({ ...ask.intents, enabled: wanted });
  return wanted ? data?.intents.map((one) => ({ value: one.key, label: one.label })) : undefined;
}
