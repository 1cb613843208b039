/** Autopilot as the hub tells it, and the arithmetic the page needs. */

export type Evidence = {
  readonly decided: number;
  readonly edited: number;
  readonly rejected: number;
  readonly replaced: number;
  readonly reopened: number;
  readonly complained: number;
  readonly edit_distance: number;
  readonly sent: number;
  readonly eligible: number;
  readonly good: number;
  readonly share: number;
  readonly lower: number;
};

export type Offer = {
  readonly threshold: number;
  readonly engine: string;
  readonly decided: number;
  readonly good: number;
  readonly lower: number;
  readonly covers: number;
};

export type Grant = {
  readonly enabled: boolean;
  readonly threshold: number;
  readonly engine: string;
  readonly granted_by_name: string;
  readonly granted_at: string;
  readonly sent: number;
  readonly ended_at?: string;
  readonly ended_because?: string;
};

export type Intent = {
  readonly key: string;
  readonly label: string;
  readonly sensitive_because?: string;
  readonly evidence: Evidence;
  readonly offer?: Offer;
  readonly grant?: Grant;
};

export type Bin = {
  readonly from: number;
  readonly to: number;
  readonly decided: number;
  readonly confidence: number;
  readonly share: number;
};

export type Asked = { readonly bar: number; readonly least: number; readonly sample: number };

export type Autopilot = {
  readonly settings: Asked;
  readonly intents: readonly Intent[];
  readonly reliability: readonly Bin[];
  readonly events: readonly {
    readonly intent: string;
    readonly at: string;
    readonly what: "turned_on" | "turned_off" | "demoted";
    readonly by_name: string;
    readonly says: string;
  }[];
};

export const percent = (share: number): number => Math.floor(share * 100 + 1e-9);

/** The hub's own factor (`drafts::autopilot`): the evidence is looked at after every decision. */
const LOOKS = 2.6;

function lower(good: number, of: number): number {
  if (of <= 0) return 0;
  const [p, z] = [good / of, LOOKS];
  const centre = p + (z * z) / (2 * of);
  const margin = z * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return Math.max(0, (centre - margin) / (1 + (z * z) / of));
}

/** How many replies in a row, all sent as written, would earn autopilot; none if more than 500. */
export function missing({ good, eligible }: Evidence, { bar, least }: Asked): number | undefined {
  for (let more = 0; more <= 500; more += 1)
    if (eligible + more >= least && lower(good + more, eligible + more) >= bar) return more;
  return undefined;
}
