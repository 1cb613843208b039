// Autopilot at the desk: what an intent has earned, the switch, and a person who types.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { asksFrom, shot, startBrowser, violations } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";

const ASKS = "When are you open on Saturday?";

let hub;
let browser;
let desk;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({ CONCIERGE__HTTP__SECURE_COOKIES: "false" }),
    startBrowser(),
  ]);
  desk = await signIn(hub);
  await desk.call("PATCH", "/v1/workspace", { undo_seconds: 0 });
});
after(async () => {
  await browser?.close();
  await hub?.close();
});

test("an intent earns autopilot, is turned on and off, and the evidence is shown", async () => {
  const { context, page, errors } = await browser.signsIn(hub);
  await page.goto(`${hub.url}/app/settings/autopilot`);
  await page.locator("[data-autopilot]").waitFor();
  await page.getByText("No decisions yet").first().waitFor();
  assert.deepEqual(await violations(page), []);

  const bar = page.getByLabel("Sent as written, at least");
  await bar.fill("20");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/^Bar from 50 to 99/).waitFor();
  await bar.fill("50");
  await page.getByLabel("Decisions before anything is offered").fill("5");
  await page.getByRole("button", { name: "Save" }).click();
  await eventually(
    async () => ((await desk.call("GET", "/v1/autopilot")).settings.bar === 0.5 ? true : undefined),
    "the bar",
  );

  for (let number = 1; number <= 7; number += 1) {
    const draft = await desk.draft(await asksFrom(page, hub, ASKS, `Guest ${number}`));
    assert.equal(draft.intent, "opening_hours");
    await desk.approve(draft);
  }
  await page.reload();
  const row = page.locator('[data-intent="opening_hours"]');
  await row.getByText("Earned: turn it on?").waitFor();
  await row.getByText("7 of 7 sent as written, at least 50 %, by the built-in engine.").waitFor();
  await row.getByRole("button", { name: /^Turn on/ }).click();
  await row.getByText("On", { exact: true }).waitFor();
  await page
    .getByRole("region", { name: "What happened" })
    .getByText(/turned .* on/)
    .waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "console-autopilot");

  // The next answer goes out by itself, unless it is one of the sample.
  await eventually(
    async () => {
      const conversation = await asksFrom(page, hub, ASKS, "Guest more");
      return eventually(async () => {
        const entries = await desk.entries(conversation);
        if (entries.some(({ content, actor }) => content.kind === "message" && actor.kind === "agent"))
          return "sent";
        return entries.some(
          ({ content }) => content.kind === "draft_proposed" && content.waits_because.length > 0,
        )
          ? "sampled"
          : undefined;
      }, "an outcome").then((outcome) => (outcome === "sent" ? true : undefined));
    },
    "a reply by itself",
    60_000,
  );
  await page.reload();
  await row.getByText(/^1 reply sent by itself since/).waitFor();
  await row.getByRole("button", { name: /^Turn off/ }).click();
  await row.getByText("Earned: turn it on?").waitFor();
  assert.deepEqual(errors, []);
  await context.close();

  // On a phone, in the dark.
  const small = await browser.signsIn(hub, "marta", {
    viewport: { width: 320, height: 700 },
    colorScheme: "dark",
  });
  await small.page.goto(`${hub.url}/app/settings/autopilot`);
  await small.page.locator("[data-autopilot]").waitFor();
  const wide = await small.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 320, `${wide} px wide`);
  assert.deepEqual(await violations(small.page), []);
  await shot(small.page, "console-autopilot-phone");
  await small.context.close();
});
