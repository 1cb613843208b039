// The page of replay: past conversations with a change, beside what happens without it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shot, startBrowser, violations } from "./support/browser.mjs";
import { startHub } from "./support/hub.mjs";

let hub;
let browser;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({ CONCIERGE__HTTP__SECURE_COOKIES: "false" }),
    startBrowser(),
  ]);
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
