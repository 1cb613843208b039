import i18next from "i18next";
import { Lost, Refused } from "@/wire/link";

const OWN = [
  "unauthenticated",
  "wrong_credentials",
  "forbidden",
  "not_found",
  "storage_full",
  "conflict",
  "unsupported_file",
  "text_too_long",
  "empty_text",
] as const;

const seconds = (milliseconds: number | undefined): number =>
  Math.max(1, Math.ceil((milliseconds ?? 1000) / 1000));

/** Why something was refused, in plain words; the hub's own where it knows more than the code says. */
export function refusal(error: unknown): string {
  const t = i18next.t;
  if (error instanceof Lost) return t("error.offline");
  if (!(error instanceof Refused)) return t("error.internal");
  if (error.code === "rate_limited") return t("error.rate_limited", { n: seconds(error.retryAfter) });
  if (error.code === "busy") return t("error.busy", { n: seconds(error.retryAfter) });
  if (error.code === "internal") return t("error.internal");
  const own = OWN.find((code) => code === error.code);
  return own ? t(`error.${own}`) : error.message || t("error.internal");
}

export const isCode = (error: unknown, ...codes: string[]): boolean =>
  error instanceof Refused && codes.includes(error.code);
