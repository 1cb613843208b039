/** Rules as the hub speaks of them, and as the builder edits them. */
import { queryOptions } from "@tanstack/react-query";
import { call } from "../../api";
import type { Page, Receipt } from "../../types";

// Whoever speaks of rules speaks of sequences: one piece for both.
export * from "./sequences";

export const TRIGGERS = [
  "message",
  "context_changed",
  "status_changed",
  "draft_decided",
  "resolved",
  "rated",
  "contact_changed",
  "hook",
  "elapsed",
  "schedule",
] as const;
export type Trigger = (typeof TRIGGERS)[number];

export const HOURS = ["any", "working", "closed"] as const;
export type RuleHours = (typeof HOURS)[number];
export const SINCES = ["customer_waits", "we_wait", "status"] as const;

export type Op =
  | "is"
  | "is_not"
  | "in"
  | "not_in"
  | "contains"
  | "contains_any"
  | "gt"
  | "gte"
  | "lt"
  | "lte"
  | "between"
  | "starts_with"
  | "matches"
  | "known"
  | "unknown";

export type Comparison = { readonly fact: string; readonly op: Op; readonly value?: unknown };
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | Comparison;

export type Action =
  | {
      readonly do: "require_approval";
      readonly role?: string;
      readonly people?: number;
      readonly because: string;
    }
  | { readonly do: "set_status"; readonly status: string }
  | { readonly do: "label"; readonly add?: readonly string[]; readonly remove?: readonly string[] }
  | { readonly do: "assign"; readonly role: string }
  | { readonly do: "notify"; readonly text: string }
  | { readonly do: "draft"; readonly text: string }
  | { readonly do: "set_field"; readonly field: string; readonly value: unknown }
  | { readonly do: "webhook"; readonly url: string }
  | { readonly do: "hand_over"; readonly because: string }
  | { readonly do: "start_sequence"; readonly sequence: string }
  | { readonly do: "stop_sequence"; readonly sequence: string };

export type RuleDocument = {
  readonly key: string;
  readonly name: string;
  readonly on: Trigger;
  readonly priority: number;
  readonly stop: boolean;
  readonly hours: RuleHours;
  readonly after?: {
    readonly since: (typeof SINCES)[number];
    readonly status?: string;
    readonly minutes: number;
    readonly clock?: "wall" | "working";
  };
  readonly at?: { readonly time: string; readonly days: readonly string[] };
  readonly when: Condition;
  readonly then: readonly Action[];
};

export type Rule = RuleDocument & {
  readonly id: string;
  readonly version: number;
  readonly enabled: boolean;
  readonly updated_at: string;
  /** The schema whose workflow it belongs to. */
  readonly of_schema?: string;
};
export type RuleRow = Rule & {
  readonly fired: number;
  readonly fired_at?: string;
  readonly failed: number;
  readonly text: string;
};

export type Fact = {
  readonly fact: string;
  readonly label: string;
  readonly kind: "text" | "moment" | "number" | "flag" | "list";
  readonly ops: readonly Op[];
  readonly options?: readonly Option[];
  readonly lasting?: boolean;
};
export type Option = { readonly value: string; readonly label: string };
export type Vocabulary = {
  readonly facts: readonly Fact[];
  readonly fields: readonly Option[];
  readonly sequences: readonly Option[];
};

export type Explanation = { readonly met: boolean } & (
  | { readonly all: readonly Explanation[] }
  | { readonly any: readonly Explanation[] }
  | { readonly not: Explanation }
  | (Comparison & { readonly actual?: unknown })
);

export type DryRun = {
  readonly text: string;
  readonly days: number;
  readonly conversations: number;
  readonly moments: number;
  readonly unread: number;
  readonly matched: number;
  readonly touched_conversations: number;
  readonly out_of_hours: number;
  readonly stopped: number;
  readonly replies: number;
  readonly by_day: readonly { readonly what: string; readonly count: number }[];
  readonly touched: readonly {
    readonly conversation: string;
    readonly contact: string;
    readonly title: string;
    readonly seq: number;
    readonly at: string;
    readonly open: boolean;
    readonly tree: Explanation;
  }[];
  readonly conflicts: readonly {
    readonly rule: string;
    readonly name: string;
    readonly about: string;
    readonly count: number;
  }[];
  readonly twice: readonly { readonly contact: string; readonly name: string; readonly count: number }[];
};

export type Verdict = "fired" | "unmet" | "stopped" | "held" | "not_asked" | "off";
export type Answer = {
  readonly rule: string;
  readonly key: string;
  readonly name: string;
  readonly version: number;
  readonly text: string;
  readonly verdict: Verdict;
  readonly says: readonly string[];
  readonly seq?: number;
  readonly at: string;
  readonly due?: string;
  readonly tree: Explanation;
  readonly runs: readonly {
    readonly seq: number;
    readonly at: string;
    readonly receipts: readonly Receipt[];
  }[];
};

export type Version = {
  readonly version: number;
  readonly made_by: string;
  readonly at: string;
  readonly document: RuleDocument;
  readonly text: string;
};

export type Reading = {
  readonly text?: string;
  readonly problem?: string;
  readonly notes: readonly string[];
};

export const rulesApi = {
  one: (id: string) => call<Rule>("GET", `/v1/rules/${id}`),
  create: (document: RuleDocument & { enabled: boolean }) => call<Rule>("POST", "/v1/rules", document),
  change: (id: string, version: number, document: RuleDocument) =>
    call<Rule>("PUT", `/v1/rules/${id}`, { version, document }),
  remove: (id: string) => call<void>("DELETE", `/v1/rules/${id}`),
  check: (document: unknown) => call<Reading>("POST", "/v1/rules/check", document),
  test: (document: unknown, days: number) => call<DryRun>("POST", "/v1/rules/test", { document, days }),
};

export const askRules = {
  list: queryOptions({
    queryKey: ["rules"],
    queryFn: async () => (await call<Page<RuleRow>>("GET", "/v1/rules")).items,
  }),
  one: (id: string) =>
    queryOptions({ queryKey: ["rule", id], queryFn: () => rulesApi.one(id), staleTime: 0, gcTime: 0 }),
  versions: (id: string) =>
    queryOptions({
      queryKey: ["rule", id, "versions"],
      queryFn: async () => (await call<Page<Version>>("GET", `/v1/rules/${id}/versions`)).items,
      staleTime: 0,
    }),
  vocabulary: queryOptions({
    queryKey: ["rule-vocabulary"],
    queryFn: () => call<Vocabulary>("GET", "/v1/rules/vocabulary"),
    staleTime: 5 * 60_000,
  }),
  answers: (conversation: string) =>
    queryOptions({
      queryKey: ["rule-answers", conversation],
      queryFn: async () => (await call<Page<Answer>>("GET", `/v1/conversations/${conversation}/rules`)).items,
      staleTime: 0,
    }),
};

let proposed: RuleDocument | undefined;

/** A rule that the builder begins with, instead of an empty one. */
export const proposeRule = (document: RuleDocument): void => {
  proposed = document;
};

/** The proposed rule, once. */
export function takeProposed(): RuleDocument | undefined {
  const taken = proposed;
  proposed = undefined;
  return taken;
}

/** A condition as the builder edits it: every group may be turned around. */
export type Leaf = { readonly id: number; readonly fact: string; readonly op: Op; readonly value: unknown };
export type Group = {
  readonly id: number;
  readonly join: "all" | "any";
  readonly not: boolean;
  readonly items: readonly Node[];
};
export type Node = Leaf | Group;
export const isGroup = (node: Node): node is Group => "items" in node;

let ids = 0;
export const fresh = (): number => {
  ids += 1;
  return ids;
};

export const groupOf = (items: readonly Node[] = [], join: "all" | "any" = "all", not = false): Group => ({
  id: fresh(),
  join,
  not,
  items,
});

export const leafOf = (fact: Fact): Leaf => ({
  id: fresh(),
  fact: fact.fact,
  op: fact.ops[0] ?? "is",
  value: firstValue(fact, fact.ops[0] ?? "is"),
});

/** What stands there before somebody has chosen. */
export function firstValue(fact: Fact | undefined, op: Op): unknown {
  if (op === "known" || op === "unknown") return undefined;
  const one = fact?.kind === "flag" ? true : fact?.kind === "number" ? 0 : (fact?.options?.[0]?.value ?? "");
  if (op === "between") return [one, one];
  if (op === "in" || op === "not_in" || op === "contains_any") return one === "" ? [] : [one];
  return one;
}

function nodeOf(condition: Condition): Node {
  if ("all" in condition) return groupOf(condition.all.map(nodeOf), "all");
  if ("any" in condition) return groupOf(condition.any.map(nodeOf), "any");
  if ("not" in condition) {
    const inner = nodeOf(condition.not);
    return isGroup(inner) && !inner.not ? { ...inner, not: true } : groupOf([inner], "all", true);
  }
  return { id: fresh(), fact: condition.fact, op: condition.op, value: condition.value };
}

/** The tree of a rule; its root is always a group. */
export function treeOf(condition: Condition): Group {
  const node = nodeOf(condition);
  return isGroup(node) ? node : groupOf([node]);
}

/** The condition of a tree; an empty group inside says nothing and is left out. */
export function conditionOf(node: Node): Condition {
  if (!isGroup(node)) {
    return { fact: node.fact, op: node.op, ...(node.value === undefined ? {} : { value: node.value }) };
  }
  const items = node.items.filter((item) => !isGroup(item) || item.items.length > 0).map(conditionOf);
  const inner: Condition = node.join === "all" || items.length === 0 ? { all: items } : { any: items };
  return node.not && items.length > 0 ? { not: inner } : inner;
}

/** What the address of the builder names when it is a sequence: its identifier, or a new one. */
export const NEW_SEQUENCE = "new-sequence";
export const isSequence = (id: string): boolean => id === NEW_SEQUENCE || id.startsWith("sqn_");

/** The key of a rule from its name; a name without Latin letters or digits gives a number. */
export function keyOf(name: string): string {
  const key = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 64);
  if (key !== "" || name.trim() === "") return key;
  const sum = [...name.trim()].reduce((total, one) => (total * 31 + (one.codePointAt(0) ?? 0)) >>> 0, 7);
  return `rule-${sum.toString(36)}`;
}
