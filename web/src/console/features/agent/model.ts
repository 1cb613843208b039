import { queryOptions } from "@tanstack/react-query";
import { call, queries } from "../../api";
import type { Page, StageState, TurnStage } from "../../types";

export type Shot = { readonly asked: string; readonly answer: string };

export type Bundle = {
  readonly role: string;
  readonly personality: string;
  readonly manner?: string | undefined;
  readonly instructions: string;
  readonly tools: readonly string[];
  readonly guards: {
    readonly never_say: readonly string[];
    readonly always_person: readonly string[];
    readonly only_supported: boolean;
  };
  readonly model: {
    readonly first?: string | undefined;
    readonly temperature?: number | undefined;
    readonly answer_tokens?: number | undefined;
    readonly built_in: boolean;
  };
  readonly examples: readonly Shot[];
};

export type Warning = { readonly part: string; readonly says: string };

export type WorkingCopy = {
  readonly revision: number;
  readonly agent: string;
  readonly bundle: Bundle;
  readonly based_on: number;
  readonly updated_at: string;
  readonly updated_by_name: string;
};

export type Manner = {
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly closing: string;
};

export type IntentRow = { readonly key: string; readonly label: string; readonly sensitive: boolean };

export type AgentEvent = {
  readonly at: string;
  readonly what: "published" | "rolled_back" | "canary" | "canary_ended";
  readonly version: number;
  readonly by_name: string;
  readonly says: string;
};

export type Agent = {
  readonly version: number;
  readonly agent: string;
  readonly name: string;
  readonly bundle: Bundle;
  readonly canary?: { readonly version: number; readonly share: number };
  readonly draft?: WorkingCopy;
  readonly warnings: readonly Warning[];
  readonly roles: readonly { readonly key: string; readonly name: string }[];
  readonly manners: readonly Manner[];
  readonly tools: readonly { readonly name: string; readonly proposes: boolean }[];
  readonly outside: readonly { readonly name: string; readonly title?: string; readonly proposes: boolean }[];
  readonly intents: readonly IntentRow[];
  readonly providers: readonly string[];
  readonly events: readonly AgentEvent[];
};

export type RoleView = {
  readonly key: string;
  readonly name: string;
  readonly bundle: Bundle;
  readonly intents: readonly IntentRow[];
};

export type Standing = {
  readonly cases: number;
  readonly run: number;
  readonly passed: number;
  readonly passed_before: number;
};

export type VersionRow = {
  readonly version: number;
  readonly agent: string;
  readonly based_on: number;
  readonly note: string;
  readonly published_at: string;
  readonly published_by_name: string;
  readonly evals?: Standing;
};

export type Version = VersionRow & { readonly bundle: Bundle };

export type Outcome = {
  readonly text: string;
  readonly model?: string;
  readonly fallback?: string;
  readonly intent?: string;
  readonly sources: readonly string[];
};

export type Previewed = {
  readonly conversation: string;
  readonly title: string;
  readonly seq: number;
  readonly asked: string;
  readonly before: Outcome;
  readonly after?: Outcome;
};

export type Said = { readonly customer: boolean; readonly text: string };

/** Which agent: what is edited, a published version, or (nothing given) what drafts now. */
export type Which = { readonly agent?: string; readonly bundle?: Bundle; readonly version?: number };

export const askAgent = queryOptions({
  queryKey: ["agent"],
  queryFn: () => call<Agent>("GET", "/v1/agent"),
  staleTime: 0,
});

export const askVersions = queryOptions({
  queryKey: ["agent", "versions"],
  queryFn: async () => (await call<Page<VersionRow>>("GET", "/v1/agent/versions")).items,
  staleTime: 0,
});

export const agentApi = {
  save: (revision: number, agent: string, bundle: Bundle) =>
    call<{ draft: WorkingCopy; warnings: readonly Warning[] }>("PUT", "/v1/agent/draft", {
      revision,
      agent,
      bundle,
    }),
  discard: (revision: number) => call<void>("DELETE", `/v1/agent/draft?revision=${revision}`),
  role: (key: string) => call<RoleView>("GET", `/v1/agent/roles/${encodeURIComponent(key)}`),
  version: (number: number) => call<Version>("GET", `/v1/agent/versions/${number}`),
  publish: (revision: number, note: string, despite: boolean) =>
    call<Version>("POST", "/v1/agent/publish", { revision, note, despite }),
  restore: (number: number, live: number) =>
    call<Version>("POST", `/v1/agent/versions/${number}/restore`, { live }),
  canary: (version: number, share: number) => call<unknown>("PUT", "/v1/agent/canary", { version, share }),
  preview: async (of: Which) =>
    (await call<{ items: readonly Previewed[] }>("POST", "/v1/agent/preview", { of })).items,
};

export const renewAgent = () => queries.invalidateQueries({ queryKey: askAgent.queryKey });

/** A part of an agent that differs, in words that can be compared. */
export type Difference = { readonly part: Part; readonly from: string; readonly to: string };
export type Part =
  | "agent"
  | "role"
  | "manner"
  | "personality"
  | "instructions"
  | "tools"
  | "guards"
  | "model"
  | "examples";

const lines = (values: readonly string[]): string => values.join("\n");

function words(bundle: Bundle, agent: string): Readonly<Record<Part, string>> {
  const { guards, model } = bundle;
  return {
    agent,
    role: bundle.role,
    manner: bundle.manner ?? "",
    personality: bundle.personality,
    instructions: bundle.instructions,
    tools: lines(bundle.tools.toSorted()),
    guards: lines([
      ...guards.never_say.map((word) => `“${word}”`),
      ...guards.always_person,
      ...(guards.only_supported ? ["only what rests on something"] : []),
    ]),
    model: lines([
      ...(model.built_in ? ["built-in engine"] : []),
      ...(model.first === undefined ? [] : [model.first]),
      ...(model.temperature === undefined ? [] : [`temperature ${model.temperature}`]),
      ...(model.answer_tokens === undefined ? [] : [`${model.answer_tokens} tokens`]),
    ]),
    examples: lines(bundle.examples.map((shot) => `${shot.asked}\n→ ${shot.answer}\n`)),
  };
}

type Side = { readonly agent: string; readonly bundle: Bundle };

/** What differs between two agents, part by part. */
export function differences(from: Side, to: Side): readonly Difference[] {
  const [a, b] = [words(from.bundle, from.agent), words(to.bundle, to.agent)];
  return (Object.keys(a) as Part[])
    .filter((part) => a[part].trim() !== b[part].trim())
    .map((part) => ({ part, from: a[part].trim(), to: b[part].trim() }));
}

/** A step of a trial. */
export type Step =
  | { readonly kind: "begun"; readonly stage: TurnStage["stage"] }
  | ({ readonly kind: "ended"; readonly state: StageState } & TurnStage)
  | { readonly kind: "asked"; readonly prompt: string }
  | { readonly kind: "called"; readonly tool: string; readonly arguments: string; readonly answer: string }
  | { readonly kind: "text"; readonly offset: number; readonly text: string }
  | {
      readonly kind: "done";
      readonly outcome: Outcome;
      readonly draft: {
        readonly blockers: readonly { readonly kind: string; readonly says: string }[];
        readonly citations: readonly { readonly title: string }[];
      };
    }
  | { readonly kind: "failed"; readonly says: string };

/** Cuts server-sent events out of what has come so far: the events, and the rest that is not whole yet. */
export function events(text: string): { readonly steps: readonly Step[]; readonly rest: string } {
  const parts = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = parts.pop() ?? "";
  const steps = parts.flatMap((part) => {
    const rows = part.split("\n");
    const kind = rows
      .find((row) => row.startsWith("event:"))
      ?.slice(6)
      .trim();
    const data = rows.filter((row) => row.startsWith("data:")).map((row) => row.slice(5).trimStart());
    if (kind === undefined || data.length === 0) return [];
    return [{ kind, ...JSON.parse(data.join("\n")) } as Step];
  });
  return { steps, rest };
}

/** Lets an agent answer and hears each step; ends with the stream. */
export async function tryIt(
  said: readonly Said[],
  of: Which,
  hear: (step: Step) => void,
  stop: AbortSignal,
): Promise<void> {
  const response = await fetch("/v1/agent/try", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ said, of }),
    signal: stop,
  });
  if (!response.ok || !response.body) {
    const { problem } = await import("@/wire/rest");
    throw await problem(response);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let kept = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const { steps, rest } = events(kept + value);
    kept = rest;
    for (const step of steps) hear(step);
  }
}
