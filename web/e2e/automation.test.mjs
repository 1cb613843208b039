// What a business shapes by itself: states that act, guards of several conditions, views by conditions, hooks,
// and rules from habits. Everything by what is written on the screen.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, phone, shot, startBrowser, violations } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";

let hub;
let browser;
let desk;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({ CONCIERGE__HTTP__SECURE_COOKIES: "false", CONCIERGE__PIPELINE__SWEEP_SECONDS: "1" }),
    startBrowser(),
  ]);
  desk = await signIn(hub);
});
after(async () => {
  await browser?.close();
  await hub?.close();
});

async function atTheDesk(path, options = {}) {
  const context = await browser.colleague(desk, options);
  return { context, ...(await openPage(context, `${hub.url}/app${path}`)) };
}

test("a state gets something to do by itself, and a move a guard of two conditions", async () => {
  const { page, errors, context } = await atTheDesk("/schemas?tab=workflow", {
    viewport: { width: 1440, height: 1000 },
  });
  await page.getByRole("heading", { name: "States" }).waitFor();
  const acts = page.locator(".acts").nth(1);
  await acts.locator("summary").click();
  const stays = acts.getByRole("region", { name: /^When it stays in / });
  await stays.getByRole("button", { name: "Add a time" }).click();
  await stays.getByRole("spinbutton", { name: "After" }).fill("2");
  await stays.getByRole("button", { name: "Add an action" }).click();
  await stays.getByRole("textbox", { name: "Text" }).fill("It waits for two days.");
  const enters = acts.getByRole("region", { name: /^When a conversation enters / });
  await enters.getByRole("button", { name: "Add an action" }).click();
  await enters.getByRole("textbox", { name: "Text" }).fill("Somebody is on it.");

  const when = page.getByRole("group", { name: /^Only when of the move from / }).first();
  await when.getByRole("combobox").first().selectOption({ index: 1 });
  await page
    .getByRole("button", { name: /^Only when of the move .*: more conditions$/ })
    .first()
    .click();
  const guard = page.getByRole("region", { name: /^Only when of the move / }).first();
  await guard.getByRole("button", { name: "Add a condition" }).click();
  await eventually(
    async () => (await guard.getByRole("combobox", { name: "What is compared" }).count()) === 2,
  );
  await guard.getByRole("combobox", { name: "How", exact: true }).nth(1).selectOption("known");
  await shot(page, "workflow-acts");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save as a new version" }).click();
  await page.getByText("Version 2", { exact: true }).waitFor();

  // It is rules now, which say where they belong.
  await eventually(async () => {
    const { items } = await desk.call("GET", "/v1/rules");
    return items.filter((rule) => rule.of_schema).length >= 2;
  });
  await page.goto(`${hub.url}/app/settings/rules`);
  await page.getByText(/^After 2 days of working time in the status/).waitFor();
  await shot(page, "rules-of-workflow");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("link", { name: /: after some time in / }).click();
  await page.getByText("This rule belongs to a workflow.").waitFor();
  await page.getByRole("link", { name: "Open the workflow" }).click();
  await page.getByRole("heading", { name: "States" }).waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("the inbox is narrowed by conditions in words, and kept as a view", async () => {
  const { page, errors, context } = await atTheDesk("/inbox", { viewport: { width: 1440, height: 1000 } });
  await page.getByRole("button", { name: /^Filter/ }).click();
  await page.getByRole("menuitem", { name: "Conditions…" }).click();
  const sheet = page.getByRole("dialog", { name: "Conditions…" });
  await sheet.getByRole("button", { name: "Add a condition" }).click();
  await sheet.getByRole("combobox", { name: "What is compared" }).selectOption("conversation.answers");
  await sheet.getByRole("combobox", { name: "How", exact: true }).selectOption("gte");
  await sheet.getByRole("textbox", { name: "With what" }).fill("1");
  await sheet.getByText("the number of answers is at least 1").waitFor();
  const found = await sheet.getByTestId("narrow-text").textContent();
  await shot(page, "inbox-narrow");
  assert.deepEqual(await violations(page), []);
  await sheet.getByRole("button", { name: "Show these" }).click();
  await page.waitForURL(/when=/);
  const count = Number(/(\d+)\+? conversations? in this view/.exec(found)[1]);
  await eventually(async () => (await page.locator(".queue .c").textContent()).startsWith(String(count)));

  await page.getByRole("button", { name: "Filter, 1 set" }).click();
  await page.getByRole("menuitem", { name: "Save as a view" }).click();
  await page.getByLabel("Name of the view").fill("Answered");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("link", { name: "Answered" }).waitFor();
  await page.goto(`${hub.url}/app/inbox`);
  await page.getByRole("link", { name: "Answered" }).click();
  await page.getByRole("heading", { name: "Answered", level: 1 }).waitFor();
  await eventually(async () => (await page.locator(".queue .c").textContent()).startsWith(String(count)));
  assert.deepEqual(errors, []);
  await context.close();
});

test("a hook is made, its secret shown once, and habits are looked for", async () => {
  const { page, errors, context } = await atTheDesk("/settings/hooks", {
    viewport: { width: 1440, height: 1000 },
  });
  await page.getByText("No hooks yet.").waitFor();
  await page.getByRole("button", { name: "New hook" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Order system");
  await page.getByRole("button", { name: "Add a value" }).click();
  await page.getByLabel("Name of value 1").fill("total");
  await page.getByLabel("Place of value 1").fill("/order/total");
  await page.getByLabel("Kind of value 1").selectOption("number");
  await shot(page, "hooks-new");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Make the hook" }).click();
  const secret = await page.getByTestId("hook-secret").textContent();
  assert.match(secret, /^whsec_/);
  await shot(page, "hooks-made");
  await page.reload();
  await page.getByText("Rules know it as order-system.").waitFor();
  assert.equal(await page.getByTestId("hook-secret").count(), 0);
  assert.deepEqual(await violations(page), []);

  await page.goto(`${hub.url}/app/settings/rules`);
  await page.getByRole("button", { name: "Look for habits" }).click();
  await page.getByText(/^Looked at \d+ conversations/).waitFor();
  await shot(page, "rules-habits");
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(errors, []);
  await context.close();
});

test("the new pages hold on a phone and in the dark", async () => {
  const { page, context } = await atTheDesk("/settings/hooks", { ...phone, colorScheme: "dark" });
  await page.getByText("Rules know it as order-system.").waitFor();
  await shot(page, "hooks-phone");
  const fits = async (what) => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${what} is ${wide} px too wide`);
    assert.deepEqual(await violations(page), [], what);
  };
  await fits("hooks");
  await page.goto(`${hub.url}/app/schemas?tab=workflow`);
  await page.getByRole("heading", { name: "States" }).waitFor();
  await page.locator(".acts").nth(1).locator("summary").click();
  await shot(page, "workflow-acts-phone");
  await fits("workflow");
  await context.close();
});
