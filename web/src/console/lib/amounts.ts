import { locale } from "./format";

/** A count as people read it. */
export const number = (count: number): string => new Intl.NumberFormat(locale()).format(count);

/** An amount; small ones with as many digits as say something. */
export function money(amount: number, currency: string): string {
  const digits = amount === 0 || amount >= 1 ? 2 : 4;
  const format = (style: Intl.NumberFormatOptions) =>
    new Intl.NumberFormat(locale(), { minimumFractionDigits: 2, maximumFractionDigits: digits, ...style });
  try {
    return format({ style: "currency", currency }).format(amount);
  } catch {
    // The operator may write any word there.
    return `${format({}).format(amount)} ${currency}`;
  }
}
