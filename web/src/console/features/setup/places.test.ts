import { expect, test } from "vitest";
import { countries, currencyOf, guess } from "./places";

test("a language with or without its region gives a country and its currency", () => {
  expect(guess("de-AT")).toMatchObject({ country: "AT", currency: "EUR" });
  expect(guess("en-GB")).toMatchObject({ country: "GB", currency: "GBP" });
  expect(guess("pt")).toMatchObject({ country: "BR", currency: "BRL" });
  expect(currencyOf("EC")).toBe("USD");
});

test("every country has a name of its own", () => {
  const all = countries("en");
  expect(all.length).toBe(243);
  expect(new Set(all.map((one) => one.name)).size).toBe(243);
  expect(all.every((one) => one.name !== one.code)).toBe(true);
});
