/** A schema's document as it is edited, and the calls about it. */
import { queryOptions } from "@tanstack/react-query";
import { call, query } from "../../api";
import type { ConversationSummary, Page, Schema, Signal } from "../../types";
import type { Action } from "../rules/model";

export type Condition = Readonly<Record<string, unknown>>;

export type FieldDoc = {
  readonly title: string;
  readonly type: string;
  readonly "x-type": string;
  readonly "x-hint"?: string;
  readonly "x-ask"?: string;
  readonly "x-weight"?: number;
  readonly enum?: readonly string[];
  readonly items?: { readonly enum?: readonly string[] };
  readonly pattern?: string;
  readonly "x-labels"?: Readonly<Record<string, string>>;
  readonly "x-synonyms"?: Readonly<Record<string, readonly string[]>>;
  readonly "x-show-if"?: Condition;
  readonly "x-require-if"?: Condition;
};

/** What a state does: an action of rules, or the short form for a label. */
export type ActionDoc = Action | { readonly label: string } | { readonly unlabel: string };

export type TimerDoc = {
  readonly minutes: number;
  readonly clock?: "wall" | "working";
  readonly then: readonly ActionDoc[];
};

export type StateDoc = {
  readonly key: string;
  readonly label: string;
  readonly colour?: string;
  readonly final?: boolean;
  readonly on_enter?: readonly ActionDoc[];
  readonly on_leave?: readonly ActionDoc[];
  readonly after?: readonly TimerDoc[];
};

export type MoveDoc = {
  readonly from: string;
  readonly to: string;
  readonly by?: string;
  readonly needs?: readonly string[];
  readonly when?: Condition;
  readonly says?: string;
};

export type Flow = {
  readonly initial: string;
  readonly states: readonly StateDoc[];
  readonly transitions: readonly MoveDoc[];
};

export type Doc = {
  readonly $schema: string;
  readonly $id: string;
  readonly title: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, FieldDoc>>;
  readonly required?: readonly string[];
  readonly "x-completion"?: string;
  readonly "x-priority"?: string;
  readonly "x-workflow": Flow;
};

export type Problem = { readonly place: string; readonly problem: string };
export type Finding = {
  readonly field: string;
  readonly label: string;
  readonly text: string;
  readonly confidence: number;
  readonly evidence: string;
  readonly seq?: number;
};
export type FieldPreview = {
  readonly field: string;
  readonly label: string;
  readonly before: number;
  readonly after: number;
  readonly disagreements: number;
  readonly examples: readonly {
    readonly conversation: string;
    readonly now: string;
    readonly read: string;
  }[];
};
export type Fill = Extract<Signal, { signal: "fill" }>["fill"];
export type Column = {
  readonly status: string;
  readonly label: string;
  readonly colour?: string;
  readonly count: number;
};
export type Figures = {
  readonly conversations: number;
  readonly fields: readonly {
    readonly field: string;
    readonly label: string;
    readonly known: number;
    readonly by_person: number;
    readonly corrections: number;
  }[];
  readonly statuses: readonly {
    readonly status: string;
    readonly label: string;
    readonly now: number;
    readonly stays: number;
    readonly median_minutes?: number;
    readonly ninth_decile_minutes?: number;
  }[];
};

export const TYPES: Readonly<Record<string, string>> = {
  text: "string",
  long_text: "string",
  choice: "string",
  multi_choice: "array",
  date: "string",
  time: "string",
  datetime: "string",
  duration: "string",
  number: "number",
  currency: "object",
  percent: "number",
  boolean: "boolean",
  tags: "array",
  email: "string",
  phone: "string",
  url: "string",
  address: "string",
  name: "string",
  file: "string",
  rating: "number",
};

export const docOf = (schema: Schema): Doc => schema.document as unknown as Doc;

export const calls = {
  create: (document: Doc) => call<Schema>("POST", "/v1/schemas", { document }),
  save: (key: string, base: number, document: Doc) =>
    call<Schema>("PUT", `/v1/schemas/${key}`, { base_version: base, document }),
  check: async (document: Doc) =>
    (await call<{ problems: readonly Problem[] }>("POST", "/v1/schemas/check", { document })).problems,
  test: async (document: Doc, conversation: string) =>
    (await call<{ findings: readonly Finding[] }>("POST", "/v1/schemas/test", { document, conversation }))
      .findings,
  preview: (document: Doc) =>
    call<{ conversations: number; fields: readonly FieldPreview[] }>("POST", "/v1/schemas/preview", {
      document,
    }),
  fill: (key: string) => call<Fill>("POST", `/v1/schemas/${key}/fill`),
  stopFill: (key: string) => call<Fill>("DELETE", `/v1/schemas/${key}/fill`),
  current: (key: string) => call<Schema>("GET", `/v1/schemas/${key}`),
  move: (conversation: string, status: string) =>
    call<ConversationSummary>("POST", `/v1/conversations/${conversation}/status`, { status }),
};

export const asks = {
  /** How far filling the past got; signals keep it up to date. `null`: it was never begun. */
  fill: (key: string) =>
    queryOptions({
      queryKey: ["fill", key],
      queryFn: () => call<Fill | null>("GET", `/v1/schemas/${key}/fill`),
      staleTime: 0,
    }),
  check: (document: Doc) =>
    queryOptions({ queryKey: ["schema-check", document], queryFn: () => calls.check(document), gcTime: 0 }),
  test: (document: Doc, conversation: string) =>
    queryOptions({
      queryKey: ["schema-test", document, conversation],
      queryFn: () => calls.test(document, conversation),
      gcTime: 0,
    }),
  board: (key: string) =>
    queryOptions({
      queryKey: ["schema-board", key],
      queryFn: async () => (await call<Page<Column>>("GET", `/v1/schemas/${key}/board`)).items,
      staleTime: 0,
    }),
  figures: (key: string, days: number) =>
    queryOptions({
      queryKey: ["schema-figures", key, days],
      queryFn: () => call<Figures>("GET", `/v1/schemas/${key}/statistics${query({ days })}`),
      staleTime: 0,
    }),
};

/** A key that nothing has yet, from a name. */
export function keyFrom(name: string, joint: "_" | "-", taken: readonly string[]): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, joint)
    .replace(new RegExp(`^[^a-z]+|${joint}+$`, "g"), "");
  const base = plain.slice(0, 50) || "field";
  let key = base;
  for (let n = 2; taken.includes(key); n += 1) key = `${base}${joint}${n}`;
  return key;
}

/** Another order of the fields. */
export function reordered(doc: Doc, from: number, to: number): Doc {
  const entries = Object.entries(doc.properties);
  const [moved] = entries.splice(from, 1);
  if (!moved || to < 0 || to > entries.length) return doc;
  entries.splice(to, 0, moved);
  return { ...doc, properties: Object.fromEntries(entries) };
}

/** A document without what is empty. */
export function without<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined && one !== "")) as T;
}

export const emptyDoc = (title: string, key: string): Doc => ({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: `concierge:${key}`,
  title,
  type: "object",
  properties: {},
  "x-workflow": {
    initial: "new",
    states: [
      { key: "new", label: "New" },
      { key: "done", label: "Done", final: true },
    ],
    transitions: [{ from: "new", to: "done" }],
  },
});
