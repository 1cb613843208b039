/** Conditions over the fields of a schema, as the tree of conditions that rules are edited with. */
import type { Action, Comparison, Fact, Op, Condition as Tree, Vocabulary } from "../rules/model";
import type { ActionDoc, Condition, Doc, FieldDoc } from "./document";

const PRESENCE: readonly Op[] = ["known", "unknown"];
const ORDERED: readonly Op[] = ["is", "is_not", "gt", "gte", "lt", "lte", ...PRESENCE];
const LISTED: readonly Op[] = ["contains", "contains_any", ...PRESENCE];
const CHOSEN: readonly Op[] = ["is", "is_not", "in", "not_in", ...PRESENCE];
const WORDS: readonly Op[] = ["is", "is_not", "contains", "contains_any", ...PRESENCE];

const KINDS: Readonly<Record<string, { readonly kind: Fact["kind"]; readonly ops: readonly Op[] }>> = {
  number: { kind: "number", ops: ORDERED },
  currency: { kind: "number", ops: ORDERED },
  percent: { kind: "number", ops: ORDERED },
  rating: { kind: "number", ops: ORDERED },
  date: { kind: "moment", ops: ORDERED },
  time: { kind: "moment", ops: ORDERED },
  datetime: { kind: "moment", ops: ORDERED },
  duration: { kind: "text", ops: ORDERED },
  boolean: { kind: "flag", ops: ["is", ...PRESENCE] },
  tags: { kind: "list", ops: LISTED },
  multi_choice: { kind: "list", ops: LISTED },
  choice: { kind: "text", ops: CHOSEN },
  file: { kind: "text", ops: PRESENCE },
  email: { kind: "text", ops: WORDS },
};

const PREFIX = "context.";

/** What conditions over a document can ask about. */
export function factsOf(doc: Doc, self = ""): readonly Fact[] {
  return Object.entries(doc.properties)
    .filter(([key]) => key !== self)
    .map(([key, field]) => {
      const { kind, ops } = KINDS[field["x-type"]] ?? { kind: "text" as const, ops: WORDS };
      const options = optionsOf(field);
      return { fact: `${PREFIX}${key}`, label: field.title, kind, ops, ...(options ? { options } : {}) };
    });
}

function optionsOf(field: FieldDoc) {
  const choices = field.enum ?? field.items?.enum;
  return choices?.map((value) => ({
    value,
    label: field["x-labels"]?.[value] ?? value.replaceAll("_", " "),
  }));
}

/** What actions of the workflow can set. */
export const vocabularyOf = (doc: Doc, sequences: Vocabulary["sequences"]): Vocabulary => ({
  sequences,
  facts: factsOf(doc),
  fields: Object.entries(doc.properties).map(([value, field]) => ({ value, label: field.title })),
});

/** A condition of a document as a tree. */
export function treeFrom(condition: Condition | undefined): Tree {
  if (!condition) return { all: [] };
  const inner = (word: string) => (condition[word] as readonly Condition[]).map(treeFrom);
  if ("all" in condition) return { all: inner("all") };
  if ("any" in condition) return { any: inner("any") };
  if ("not" in condition) return { not: treeFrom(condition.not as Condition) };
  const { field, ...rest } = condition;
  const [op, value] = Object.entries(rest)[0] ?? ["known", true];
  const bare = op === "known" || op === "unknown";
  return { fact: `${PREFIX}${String(field)}`, op: op as Op, ...(bare ? {} : { value }) };
}

/** A tree as a document has it; an empty one is none. */
export function conditionFrom(tree: Tree): Condition | undefined {
  if ("not" in tree) {
    const not = conditionFrom(tree.not);
    return not && { not };
  }
  if ("all" in tree || "any" in tree) {
    const [word, items] = "all" in tree ? (["all", tree.all] as const) : (["any", tree.any] as const);
    const parts = items.flatMap((item): readonly Condition[] => {
      const part = conditionFrom(item);
      return part ? [part] : [];
    });
    return parts.length === 1 ? parts[0] : parts.length === 0 ? undefined : { [word]: parts };
  }
  return leaf(tree);
}

const leaf = ({ fact, op, value }: Comparison): Condition => ({
  field: fact.slice(PREFIX.length),
  [op]: op === "known" || op === "unknown" ? true : value,
});

/** How many comparisons a condition has. */
export function countOf(condition: Condition | undefined): number {
  if (!condition) return 0;
  const list = (condition.all ?? condition.any) as readonly Condition[] | undefined;
  if (list) return list.reduce((sum, one) => sum + countOf(one), 0);
  return "not" in condition ? countOf(condition.not as Condition) : 1;
}

/** An action of a state; labels may be written short. */
export function actionFrom(action: ActionDoc): Action {
  if ("do" in action) return action;
  if ("label" in action) return { do: "label", add: [action.label] };
  return { do: "label", remove: [action.unlabel] };
}
