/** Where the business probably is, told from the browser. */

/** The countries of ISO 3166-1 in which people live. */
const COUNTRIES =
  "AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW".split(
    " ",
  );

/** Countries by their own currency; the others are guessed to pay in the dollar. */
const CURRENCIES: Readonly<Record<string, string>> = {
  EUR: "AD AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MC ME MT NL PT SI SK SM VA XK",
  GBP: "GB GG IM JE",
  CHF: "CH LI",
  AUD: "AU",
  BRL: "BR",
  CAD: "CA",
  CNY: "CN",
  CZK: "CZ",
  DKK: "DK FO GL",
  HUF: "HU",
  INR: "IN",
  JPY: "JP",
  KRW: "KR",
  MXN: "MX",
  NOK: "NO",
  NZD: "NZ",
  PLN: "PL",
  RON: "RO",
  SEK: "SE",
  SGD: "SG",
  TRY: "TR",
  ZAR: "ZA",
  AED: "AE",
  SAR: "SA",
  EGP: "EG",
  MAD: "MA",
};

export const currencyOf = (country: string): string =>
  Object.entries(CURRENCIES).find(([, countries]) => countries.split(" ").includes(country))?.[0] ?? "USD";

export function guess(language: string): {
  readonly country: string;
  readonly currency: string;
  readonly timezone: string;
} {
  const country = new Intl.Locale(language).maximize().region ?? "US";
  const known = COUNTRIES.includes(country) ? country : "US";
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  return { country: known, currency: currencyOf(known), timezone };
}

/** Every country by its name in a language. */
export function countries(language: string): readonly { readonly code: string; readonly name: string }[] {
  const names = new Intl.DisplayNames(language, { type: "region" });
  return COUNTRIES.map((code) => ({ code, name: names.of(code) ?? code })).sort((a, b) =>
    a.name.localeCompare(b.name, language),
  );
}
