/** Small views of cached data that several screens use. */
import { useQuery } from "@tanstack/react-query";
import i18next from "i18next";
import { useMemo } from "react";
import { ask } from "../api";
import type {
  Contact,
  ContextField,
  ContextRecord,
  SavedView,
  Schema,
  Staff,
  WorkflowState,
  Workspace,
} from "../types";
import type { SegState } from "./basics";

export function useMe(): { me: Staff; workspace: Workspace } {
  const { data } = useQuery(ask.session);
  if (!data) throw new Error("only signed-in screens ask who is there");
  return { me: data.staff, workspace: data.workspace };
}

/** What to call somebody who may not have told a name yet. */
export const nameOf = (person: Contact): string =>
  person.name || person.email || person.phone || `${i18next.t("contacts.visitor")} ${person.id.slice(-4)}`;

export const firstName = (name: string): string => name.split(" ")[0] ?? name;

const RANK = { viewer: 0, staff: 1, manager: 2, owner: 3 } as const;

export function useMay(role: keyof typeof RANK): boolean {
  const { me } = useMe();
  return RANK[me.role] >= RANK[role];
}

export function useStaff(): readonly Staff[] {
  const { data } = useQuery(ask.staff);
  return data ?? [];
}

export function useStaffName(id: string | undefined): string | undefined {
  const staff = useStaff();
  return id === undefined ? undefined : staff.find((one) => one.id === id)?.name;
}

export function useSchemas(): readonly Schema[] {
  const { data } = useQuery(ask.schemas);
  return data?.items ?? [];
}

/** Every status of the workspace by its key, with the states and moves of its workflow. */
export function useWorkflow(): {
  states: readonly WorkflowState[];
  label: (key: string) => string;
  moves: (from: string) => readonly WorkflowState[];
} {
  const schemas = useSchemas();
  return useMemo(() => {
    const flows = schemas.flatMap((schema) => schema.document["x-workflow"] ?? []);
    const states = flows.flatMap((flow) => flow.states);
    const known = new Map(states.map((state) => [state.key, state]));
    const label = (key: string) =>
      known.get(key)?.label ?? key.charAt(0).toUpperCase() + key.slice(1).replaceAll("_", " ");
    const moves = (from: string) =>
      flows.flatMap((flow) =>
        flow.transitions
          .filter((move) => move.from === from || move.from === "*")
          .flatMap((move) => known.get(move.to) ?? []),
      );
    return { states, label, moves };
  }, [schemas]);
}

const CERTAIN = 0.85;

export function fieldState(field: ContextField): SegState {
  if (field.value === undefined || field.value === null) return "missing";
  return field.origin === "person" || field.origin === "rule" || field.confidence >= CERTAIN
    ? "known"
    : "inferred";
}

const LETTERS: Readonly<Record<string, SegState>> = { k: "known", i: "inferred", m: "missing" };

/** The stitch of an inbox row. */
export const stitchStates = (stitch: string | undefined): readonly SegState[] =>
  [...(stitch ?? "")].map((letter) => LETTERS[letter] ?? "missing");

export const recordStates = (record: ContextRecord): readonly SegState[] => record.fields.map(fieldState);

const COLOURS: Readonly<Record<string, string>> = {
  slate: "var(--ink3)",
  grey: "var(--ink3)",
  gray: "var(--ink3)",
  amber: "var(--amber-mark)",
  yellow: "var(--amber-mark)",
  orange: "var(--amber-mark)",
  green: "var(--green)",
  teal: "var(--green)",
  blue: "var(--pencil2)",
  indigo: "var(--pencil2)",
  violet: "var(--pencil2)",
  purple: "var(--pencil2)",
  red: "var(--brick)",
  brick: "var(--brick)",
};

export const stateColour = (state: WorkflowState | undefined): string =>
  state?.final ? "var(--green)" : (COLOURS[state?.colour ?? ""] ?? "var(--amber-mark)");

/** A value of a record as plain words. */
export function plainValue(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map(plainValue).join(", ");
  if (typeof value === "object") return Object.values(value).map(plainValue).join(" ");
  return String(value);
}

export function useViews(): readonly SavedView[] {
  const { data } = useQuery(ask.views);
  return data ?? [];
}
