// The page of replay: past conversations with a change, beside what happens without it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asksFrom, shot, startBrowser, violations } from "./support/browser.mjs";
import { signIn, startHub } from "./support/hub.mjs";

const ASKS = "How much is a brake check?";

let hub;
let browser;
let desk;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({ CONCIERGE__HTTP__SECURE_COOKIES: "false" }),
    startBrowser(),
  ]);
  desk = await signIn(hub);
});
after(async () => {
  await browser?.close();
  await hub?.close();
});

/** Whether nothing of the page reaches beyond its side. */
const fits = (page) =>
  page.evaluate(() => {
    const main = document.querySelector("main");
    return main.scrollWidth <= main.clientWidth;
  });

test("conversations are told again unchanged, with a change, and what differs stands side by side", async () => {
  const { context, page, errors } = await browser.signsIn(hub);
  await page.goto(`${hub.url}/app/settings/agent`);
  await page.getByRole("button", { name: "Replay", exact: true }).click();
  const replay = page.locator("[data-replay]");
  await replay.waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "replay-ready");

  // Nothing is changed: nothing differs.
  await page.getByRole("button", { name: "Run it" }).click();
  await page.locator('[data-replay="done"] [data-differ="0"]').waitFor();

  // Another role: much does.
  await page.getByLabel("Agent", { exact: true }).selectOption("role:restaurant-host");
  await page.getByRole("button", { name: "Run it" }).click();
  await page.locator('[data-replay="done"]').waitFor();
  await page.locator("[data-message]").first().waitFor();
  assert.ok(Number(await page.locator("[data-differ]").getAttribute("data-differ")) > 0);
  assert.ok((await page.locator("[data-intent]").count()) > 0);
  assert.deepEqual(await violations(page), []);
  await shot(page, "replay-differs");
  await page.setViewportSize({ width: 320, height: 700 });
  assert.ok(await fits(page), "320 px");
  await page.emulateMedia({ colorScheme: "dark" });
  assert.deepEqual(await violations(page), []);
  await shot(page, "replay-phone-dark");
  await page.setViewportSize({ width: 1280, height: 800 });

  // A document with another text: what rests on it differs, and the document stays as it is.
  await page.getByLabel("Agent", { exact: true }).selectOption("");
  const draft = await desk.draft(await asksFrom(page, hub, ASKS));
  assert.match(draft.text, /£79/);
  await page.getByLabel("A document with another text").selectOption({ label: "Brakes" });
  const text = page.getByLabel("The text of Brakes");
  const before = await text.inputValue();
  assert.match(before, /£/);
  await text.fill("");
  assert.ok(await page.getByRole("button", { name: "Run it" }).isDisabled());
  await text.fill(before.replaceAll("£", "£9"));
  await page.getByText("What differs from the document").click();
  await page.locator("[data-edited] ins").first().waitFor();
  await page.getByRole("button", { name: "Run it" }).click();
  const told = page.locator('[data-replay="done"] [data-message]').filter({ hasText: ASKS }).first();
  await told.locator('[data-side="after"] ins', { hasText: "£979" }).first().waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "replay-edited");
  await page.setViewportSize({ width: 320, height: 700 });
  assert.ok(await fits(page), "320 px");
  await text.scrollIntoViewIfNeeded();
  await shot(page, "replay-edited-phone-dark");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("button", { name: "Remove the edited Brakes" }).click();

  // A changed rule.
  await page.getByLabel("A changed rule").selectOption({ index: 1 });
  await page.getByLabel(/^The document of/).waitFor();
  await page.getByLabel("A changed rule").selectOption("");

  // A schema that is no JSON cannot be run; one that is none is refused with its reason.
  await page.getByLabel("A changed schema").selectOption({ index: 1 });
  const document = page.getByLabel(/^The document of/);
  await document.fill("{");
  assert.ok(await page.getByRole("button", { name: "Run it" }).isDisabled());
  await document.fill("{}");
  await page.getByRole("button", { name: "Run it" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("A changed schema").selectOption("");

  // Nothing fits: the page says so.
  await page.getByLabel("With these words").fill("zebrafinch");
  await page.getByRole("button", { name: "Run it" }).click();
  await page.getByText("No conversation fits.").waitFor();
  assert.deepEqual(
    errors.filter((line) => !line.includes("422")),
    [],
  );
  await context.close();
});
