import { en } from "./words/en.ts";
import type { enLine } from "./words/en-line.ts";
import type { enMedia } from "./words/en-media.ts";
import type { enRating } from "./words/en-rating.ts";

export type Words = {
  readonly [K in keyof (typeof en & typeof enLine & typeof enMedia & typeof enRating)]: string;
};

/** The languages beside English, each loaded only when it is wanted. */
const others: Readonly<Record<string, () => Promise<{ readonly words: Words }>>> = {
  de: () => import("./words/de.ts"),
  es: () => import("./words/es.ts"),
  ar: () => import("./words/ar.ts"),
};

export type Language = {
  /** As wanted, for dates and numbers. */
  readonly locale: string;
  /** Of the texts. */
  readonly lang: string;
  readonly dir: "ltr" | "rtl";
  readonly words: Words;
};

export const english: Language = { locale: "en", lang: "en", dir: "ltr", words: en as unknown as Words };

/** Code that is loaded late brings its English words along. */
export function learn(words: Partial<Words>): void {
  Object.assign(en, words);
}

/** The first wanted language that we speak, else English. */
export async function speak(wanted: readonly (string | null | undefined)[]): Promise<Language> {
  for (const locale of wanted) {
    const lang = locale?.slice(0, 2).toLowerCase();
    if (!locale || !lang || !isLocale(locale)) continue;
    // Texts in the page's language, dates as the visitor writes them in it.
    const own = globalThis.navigator?.languages?.find((one) => one.startsWith(lang)) ?? locale;
    if (lang === "en") return { ...english, locale: own };
    const load = others[lang];
    if (!load) continue;
    try {
      return { locale: own, lang, dir: lang === "ar" ? "rtl" : "ltr", words: (await load()).words };
    } catch {
      return english;
    }
  }
  return english;
}

function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length > 0;
  } catch {
    return false;
  }
}

/** Puts values into a text: `{name}` becomes `values.name`. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
}
