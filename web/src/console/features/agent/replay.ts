/** A replay as the hub tells it, and what is counted of it. */
import { call } from "../../api";
import type { Which } from "./model";

export type Part = "intent" | "text" | "sources" | "fields" | "rules" | "blockers" | "proposals" | "model";

export type Outcome = {
  readonly intent?: string;
  readonly text: string;
  readonly sources: readonly string[];
  readonly fields: readonly (readonly [string, string])[];
  readonly rules: readonly string[];
  readonly actions: readonly string[];
  readonly blockers: readonly string[];
  readonly proposals: readonly string[];
  readonly model?: string;
  readonly fallback?: string;
};

export type Replayed = {
  readonly conversation: string;
  readonly title: string;
  readonly seq: number;
  readonly at: string;
  readonly asked: string;
  readonly before: Outcome;
  readonly after?: Outcome;
  readonly differs: readonly Part[];
  readonly as_recorded?: boolean;
};

export type Change = {
  readonly of?: Which;
  readonly agent?: string;
  readonly instructions?: string;
  readonly personality?: string;
  readonly rules?: readonly unknown[];
  readonly schemas?: readonly unknown[];
  readonly documents?: readonly EditedDocument[];
  readonly without_documents?: readonly string[];
  readonly without_models?: boolean;
  readonly ask_models?: boolean;
};

export type EditedDocument = { readonly document: string; readonly body: string };

export type Found = {
  readonly items: readonly Replayed[];
  readonly conversations: number;
  readonly more: boolean;
};

/** Conversations that one call tells again. */
const AT_ONCE = 10;
/** The same where models are asked: each takes its time. */
const AT_ONCE_WITH_MODELS = 1;

/** Runs conversations a few at a time, and tells after each time what was found so far. */
export async function replay(
  change: Change,
  filter: { readonly view: string; readonly q: string },
  count: number,
  tell: (found: Found) => void,
  stop: AbortSignal,
): Promise<void> {
  let items: readonly Replayed[] = [];
  let conversations = 0;
  let next: string | undefined;
  const atOnce = change.ask_models ? AT_ONCE_WITH_MODELS : AT_ONCE;
  while (conversations < count && !stop.aborted) {
    const asked = new URLSearchParams({
      view: filter.view,
      limit: String(Math.min(atOnce, count - conversations)),
      ...(filter.q === "" ? {} : { q: filter.q }),
      ...(next === undefined ? {} : { cursor: next }),
    });
    const page = await call<{
      readonly items: readonly Replayed[];
      readonly conversations: number;
      readonly next?: string;
    }>("POST", `/v1/replay?${asked}`, { change });
    if (stop.aborted) return;
    items = [...items, ...page.items];
    conversations += page.conversations;
    next = page.next;
    tell({ items, conversations, more: next !== undefined && conversations < count });
    if (next === undefined) return;
  }
}

export type Count = {
  readonly intent: string;
  readonly messages: number;
  readonly differ: number;
  readonly parts: readonly (readonly [Part, number])[];
};

/** How much differs by what customers want without the change, the most first. */
export function counts(items: readonly Replayed[]): readonly Count[] {
  const byIntent = new Map<string, Replayed[]>();
  for (const one of items) {
    const intent = one.before.intent ?? "";
    byIntent.set(intent, [...(byIntent.get(intent) ?? []), one]);
  }
  const all = [...byIntent].map(([intent, of]) => {
    const parts = new Map<Part, number>();
    for (const part of of.flatMap((one) => one.differs)) parts.set(part, (parts.get(part) ?? 0) + 1);
    return {
      intent,
      messages: of.length,
      differ: of.filter((one) => one.differs.length > 0).length,
      parts: [...parts].toSorted((a, b) => b[1] - a[1]),
    };
  });
  return all.toSorted((a, b) => b.differ - a.differ || b.messages - a.messages);
}

/** A part of an outcome in words that can be compared. */
export function words(part: Part, of: Outcome): string {
  switch (part) {
    case "intent":
      return (of.intent ?? "").replaceAll("_", " ");
    case "text":
      return of.text;
    case "fields":
      return of.fields.map(([key, value]) => `${key}: ${value}`).join("\n");
    case "rules":
      return [...of.rules, ...of.actions].join("\n");
    case "blockers":
      return of.blockers.map((kind) => kind.replaceAll("_", " ")).join("\n");
    case "model":
      return [of.model, of.fallback].filter(Boolean).join("\n");
    default:
      return of[part].join("\n");
  }
}
