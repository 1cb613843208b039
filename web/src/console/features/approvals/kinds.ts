import i18next from "i18next";
import {
  BookX,
  CircleHelp,
  Gauge,
  type LucideIcon,
  Scale,
  ShieldAlert,
  SplitIcon,
  Sprout,
  UserRoundSearch,
  UserRoundX,
} from "lucide-react";
import type { BlockerKind } from "../../types";

export const KIND_ICON: Readonly<Record<BlockerKind, LucideIcon>> = {
  missing_fact: CircleHelp,
  missing_knowledge: BookX,
  contradiction: Scale,
  sensitive: ShieldAlert,
  unverified_identity: UserRoundX,
  steering: ShieldAlert,
  rule_requires: SplitIcon,
  not_trusted_yet: Sprout,
  person_requested: UserRoundSearch,
  unsupported: BookX,
  low_confidence: Gauge,
  review_sample: Sprout,
  has_effect: SplitIcon,
  person_writes: UserRoundSearch,
};

export const UNKNOWN_KIND = Gauge;

type Tone = "amber" | "brick" | "pencil" | "";

const TONES: Readonly<Record<BlockerKind, Tone>> = {
  missing_fact: "pencil",
  missing_knowledge: "amber",
  contradiction: "amber",
  sensitive: "brick",
  unverified_identity: "amber",
  steering: "brick",
  rule_requires: "amber",
  not_trusted_yet: "",
  person_requested: "brick",
  unsupported: "amber",
  low_confidence: "",
  review_sample: "",
  has_effect: "amber",
  person_writes: "pencil",
};

export const kindTone = (kind: BlockerKind): Tone => TONES[kind];

/** The reason that says most comes first: "not trusted yet" is true of nearly every draft. */
const WEIGHT: readonly BlockerKind[] = [
  "steering",
  "person_requested",
  "sensitive",
  "contradiction",
  "unverified_identity",
  "rule_requires",
  "person_writes",
  "has_effect",
  "missing_knowledge",
  "unsupported",
  "missing_fact",
  "low_confidence",
  "review_sample",
  "not_trusted_yet",
];

export const heaviest = <T extends { readonly kind: BlockerKind }>(blockers: readonly T[]): T | undefined =>
  blockers.toSorted((a, b) => WEIGHT.indexOf(a.kind) - WEIGHT.indexOf(b.kind))[0];

/** The names of kinds that came with autopilot: they load with this route, not with the shell. */
const LATER = {
  unsupported: "No source for it",
  low_confidence: "Unsure",
  review_sample: "Sample",
  has_effect: "Wants an action",
  person_writes: "Somebody writes",
} as const;

i18next.addResourceBundle("en", "blockers", LATER);

const isLater = (kind: BlockerKind): kind is keyof typeof LATER => kind in LATER;

export const kindLabel = (kind: BlockerKind): string =>
  isLater(kind) ? i18next.t(kind, { ns: "blockers" }) : i18next.t(`approvals.kind.${kind}`);

export type Blockers = typeof LATER;
