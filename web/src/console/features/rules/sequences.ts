/** Sequences as the hub speaks of them, and as their builder edits them. */
import { queryOptions } from "@tanstack/react-query";
import { call } from "../../api";
import type { Page, Receipt } from "../../types";
import type { Action } from "./model";

export type SequenceStep = {
  readonly minutes: number;
  readonly clock?: "wall" | "working";
  readonly then: readonly Action[];
};
export type SequenceDocument = {
  readonly key: string;
  readonly name: string;
  readonly stop_when: { readonly answered: boolean; readonly taken_over: boolean };
  readonly steps: readonly SequenceStep[];
};
export type Sequence = SequenceDocument & {
  readonly id: string;
  readonly version: number;
  readonly enabled: boolean;
};
export type SequenceRow = Sequence & {
  readonly running: number;
  readonly started: number;
  readonly failed: number;
  readonly text: string;
};
export type SequenceRun = {
  readonly id: string;
  readonly sequence: string;
  readonly name: string;
  readonly started_by: string;
  readonly started_at: string;
  readonly of: number;
  readonly steps: readonly {
    readonly step: number;
    readonly at: string;
    readonly receipts: readonly Receipt[];
  }[];
  readonly due?: string;
  readonly next?: readonly string[];
  readonly ended_at?: string;
  readonly because?: string;
};
export type SequenceReading = { readonly text?: string; readonly problem?: string };

const of = (conversation: string) => `/v1/conversations/${conversation}/sequences`;

export const sequencesApi = {
  create: (document: SequenceDocument & { enabled: boolean }) =>
    call<Sequence>("POST", "/v1/sequences", document),
  change: (id: string, version: number, document: SequenceDocument) =>
    call<Sequence>("PUT", `/v1/sequences/${id}`, { version, document }),
  switch: (id: string, enabled: boolean) => call<Sequence>("PATCH", `/v1/sequences/${id}`, { enabled }),
  remove: (id: string) => call<void>("DELETE", `/v1/sequences/${id}`),
  one: (id: string) => call<Sequence>("GET", `/v1/sequences/${id}`),
  check: (document: SequenceDocument) => call<SequenceReading>("POST", "/v1/sequences/check", document),
  begin: (conversation: string, sequence: string) =>
    call<SequenceRun>("POST", of(conversation), { sequence }),
  stop: (conversation: string, run: string) => call<SequenceRun>("DELETE", `${of(conversation)}/${run}`),
};

export const askSequences = {
  list: queryOptions({
    queryKey: ["sequences"],
    queryFn: async () => (await call<Page<SequenceRow>>("GET", "/v1/sequences")).items,
    staleTime: 0,
  }),
  one: (id: string) =>
    queryOptions({
      queryKey: ["sequence", id],
      queryFn: () => sequencesApi.one(id),
      staleTime: 0,
      gcTime: 0,
    }),
  /** The sequences of a conversation; `at` is its newest entry, so that news is asked for when there is some. */
  here: (conversation: string, at: number) =>
    queryOptions({
      queryKey: ["sequence-runs", conversation, at],
      queryFn: async () => (await call<Page<SequenceRun>>("GET", of(conversation))).items,
      placeholderData: (before) => before,
      staleTime: 30_000,
    }),
};

/** A wait as people say it: the largest unit that divides it. */
export const UNITS = { minutes: 1, hours: 60, days: 1440 } as const;
export type Unit = keyof typeof UNITS;
export const unitOf = (minutes: number, working: boolean): Unit =>
  // A day of working time would be read as the next working day, and is not: hours say what counts.
  !working && minutes > 0 && minutes % 1440 === 0
    ? "days"
    : minutes > 0 && minutes % 60 === 0
      ? "hours"
      : "minutes";
