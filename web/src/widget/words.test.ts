import { expect, test } from "vitest";
import { words as ar } from "./words/ar.ts";
import { words as de } from "./words/de.ts";
import { en } from "./words/en.ts";
import { enLine } from "./words/en-line.ts";
import { enMedia } from "./words/en-media.ts";
import { enRating } from "./words/en-rating.ts";
import { words as es } from "./words/es.ts";
import { fill, speak } from "./words.ts";

const english = { ...en, ...enLine, ...enMedia, ...enRating };
const slots = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([slot]) => slot).sort();

test.each(Object.entries({ de, es, ar }))("%s says everything, with the same values in it", (_, words) => {
  expect(Object.keys(words).sort()).toEqual(Object.keys(english).sort());
  for (const [key, text] of Object.entries(english)) {
    const other = words[key as keyof typeof english];
    expect(other.trim(), key).not.toBe("");
    expect(slots(other), key).toEqual(slots(text));
  }
});

test("the first wanted language that is spoken wins", async () => {
  expect(await speak(["pt-PT", "de-AT", "en"])).toMatchObject({ lang: "de", locale: "de-AT", dir: "ltr" });
  expect(await speak(["ar-EG"])).toMatchObject({ lang: "ar", dir: "rtl" });
  expect(await speak(["en-GB", "de"])).toMatchObject({ lang: "en", locale: "en-GB" });
  expect(await speak(["", "de_broken locale", null, undefined])).toMatchObject({ lang: "en" });
});

test("values are put in as they are", () => {
  expect(fill("{name}, {n} of {m}", { name: "$& {n}", n: 2 })).toBe("$& {n}, 2 of {m}");
});
