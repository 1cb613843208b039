// A newcomer builds "refund over 200 needs two people, only in working hours", tries it on the past, switches it
// on, and sees why it acted and why it did not. Everything by keyboard or by what is written on the screen.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { settled, shot, startBrowser, violations } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";

let hub;
let browser;
let desk;

const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const hours = (from, to) => desk.call("PATCH", "/v1/workspace", { hours: [{ days: WEEK, from, to }] });

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({ CONCIERGE__HTTP__SECURE_COOKIES: "false", CONCIERGE__PIPELINE__SWEEP_SECONDS: "1" }),
    startBrowser(),
  ]);
  desk = await signIn(hub);
  // The story of the demo tells one such message in the morning and one at night, whatever day it is today.
  await hours("08:00", "18:00");
});
after(async () => {
  await browser?.close();
  await hub?.close();
});

const atTheDesk = (who, options) =>
  browser.signsIn(hub, who, { viewport: { width: 1440, height: 1000 }, ...options });

async function customer(text) {
  const { context, widget } = await browser.onDemo(hub);
  await widget.open();
  await widget.say(text);
  const conversation = await desk.conversationWith(text);
  const draft = await desk.draft(conversation.id);
  return { context, widget, conversation, draft };
}

/** Opens what the rules did in a conversation. */
async function why(page, conversation, rule) {
  await page.goto(`${hub.url}/app/inbox/${conversation.id}`);
  await page.getByRole("button", { name: /^Approve/ }).waitFor();
  await page.keyboard.press("i");
  const panel = page.getByRole("dialog");
  await panel.getByRole("button", { name: "Rules", exact: true }).click();
  return panel.getByRole("listitem").filter({ hasText: rule }).first();
}

const NAME = "Refunds over 200 need two people";

test("a newcomer builds a rule, tries it on the past, switches it on, and is told why and why not", async () => {
  const { page, errors } = await atTheDesk();
  await page.goto(`${hub.url}/app/settings/rules`);
  await page.getByRole("link", { name: "New rule" }).click();
  await page.getByRole("heading", { name: "New rule", level: 1 }).waitFor();
  assert.deepEqual(await violations(page), []);

  // By keyboard alone: tab to a control, choose or type.
  await page.getByLabel("Name", { exact: true }).focus();
  await page.keyboard.type(NAME);
  await page.getByRole("button", { name: "Only in working hours" }).focus();
  await page.keyboard.press("Enter");
  const conditions = page.getByRole("region", { name: "If" });
  await conditions.getByRole("button", { name: "Add a condition" }).focus();
  await page.keyboard.press("Enter");
  const first = conditions.getByRole("group", { name: "Condition 1" });
  await first.getByLabel("What is compared").selectOption({ label: "the message" });
  await first.getByLabel("How").selectOption({ label: "contains" });
  await first.getByLabel("With what").focus();
  await page.keyboard.type("refund");
  await conditions.getByRole("button", { name: "Add a condition" }).focus();
  await page.keyboard.press("Enter");
  const second = conditions.getByRole("group", { name: "Condition 2" });
  await second
    .getByLabel("What is compared")
    .selectOption({ label: "the largest sum of money in the message" });
  await second.getByLabel("How").selectOption({ label: "is more than" });
  await second.getByLabel("With what").focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("200");
  const then = page.getByRole("region", { name: "Then" });
  await then.getByRole("button", { name: "Add an action" }).focus();
  await page.keyboard.press("Enter");
  await then.getByLabel("How many people").selectOption({ label: "2 different people" });
  await then.getByLabel("Why, as the team reads it").fill("Refunds over £200 are read by two people.");
  await page
    .getByText(
      "When a customer writes, in working hours, if the message contains “refund” and the largest sum of money in " +
        "the message is more than 200: 2 people must approve the reply.",
    )
    .waitFor();
  await shot(page, "rules-builder");
  assert.deepEqual(await violations(page), []);

  await page.getByRole("button", { name: "Dry run" }).click();
  const dry = page.getByTestId("dry-run");
  await dry.getByText("It would have acted once, in 1 conversation.").waitFor();
  await dry.getByText("George", { exact: false }).first().click();
  await dry.getByText("was 240").waitFor();
  await shot(page, "rules-dry-run");
  // At any hour it would have acted at night as well.
  await page.getByRole("button", { name: "Always" }).click();
  await page.getByText("When a customer writes, if the message contains").waitFor();
  await page.getByRole("button", { name: "Dry run" }).click();
  await dry.getByText("acted 2 times", { exact: false }).waitFor();
  await dry.getByText("1 outside working hours").waitFor();
  await page.getByRole("button", { name: "Only in working hours" }).click();
  await page.getByText("When a customer writes, in working hours").waitFor();
  await page.getByRole("button", { name: "Save and switch on" }).click();
  await page.getByRole("button", { name: "The rule is on." }).waitFor();

  // Open all day: a refund of £250 needs two people.
  await hours("00:00", "24:00");
  const guest = await customer("Please refund the £250 for the clutch, I have sold the car.");
  assert.equal(guest.draft.required_people, 2);
  const acted = await why(page, guest.conversation, NAME);
  await acted.getByText("acted", { exact: true }).waitFor();
  await acted.getByText("require approval by 2 people: done").waitFor();
  await acted.getByRole("heading").or(acted.locator("summary")).first().click();
  await acted.getByText("was 250", { exact: true }).waitFor();
  await shot(page, "rules-why");
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  await page.getByText("0 of 2 people approved this").waitFor();

  // The first approval is kept and shown; the same person's second is refused; another's sends it.
  await settled(page);
  await page.getByRole("button", { name: /^Approve/ }).click();
  await page.getByText("1 of 2 people approved this").waitFor();
  await shot(page, "rules-first-approval");
  await settled(page);
  await page.getByRole("button", { name: /^Approve/ }).click();
  await page.getByRole("button", { name: /you have approved this already/ }).waitFor();
  // Whoever has a draft open holds it: Marta goes on to something else.
  await page.goto(`${hub.url}/app/contacts`);
  const lena = await atTheDesk("lena");
  await lena.page.goto(`${hub.url}/app/inbox/${guest.conversation.id}`);
  await lena.page.getByText("1 of 2 people approved this").waitFor();
  await settled(lena.page);
  await lena.page.getByRole("button", { name: /^Approve/ }).click();
  await eventually(async () => {
    const entries = await desk.entries(guest.conversation.id);
    return entries.some(({ content }) => content.kind === "message" && content.draft === guest.draft.id);
  }, "the reply");

  // £150 is too little; and outside working hours the rule keeps still.
  const small = await customer("Please refund the £150 for the tyres.");
  assert.equal(small.draft.required_people, 1);
  const unmet = await why(page, small.conversation, NAME);
  await unmet.getByText("did not hold", { exact: true }).waitFor();
  await unmet
    .getByText("the largest sum of money in the message is more than 200: does not hold, it was 150")
    .waitFor();
  const now = new Date();
  const later = `${String((now.getUTCHours() + 4) % 23).padStart(2, "0")}`;
  await hours(`${later}:00`, `${later}:01`);
  const night = await customer("I want a refund of £900 for the gearbox.");
  assert.equal(night.draft.required_people, 1);
  const closed = await why(page, night.conversation, NAME);
  await closed.getByText("the business is open: does not hold, it was not so").waitFor();
  await shot(page, "rules-why-not");
  assert.deepEqual(errors, []);
  await hours("00:00", "24:00");
});

test("of two who edit a rule at once the second sees both versions, and every version is kept", async () => {
  const rule = await desk.call("POST", "/v1/rules", {
    key: "edited-by-two",
    name: "Edited by two",
    on: "message",
    enabled: false,
    when: { fact: "message.text", op: "contains", value: "one" },
    // biome-ignore lint/suspicious/noThenProperty: the word of the API; nothing awaits it.
    then: [{ do: "notify", text: "Look." }],
  });
  const { page, errors } = await atTheDesk();
  await page.goto(`${hub.url}/app/rules/${rule.id}`);
  await page.getByRole("heading", { name: "Edited by two", level: 1 }).waitFor();
  const { id, version, enabled, updated_at, ...document } = rule;
  await desk.call("PUT", `/v1/rules/${id}`, { version, document: { ...document, name: "Theirs" } });
  await page.getByLabel("Name", { exact: true }).fill("Mine");
  await page.getByTestId("rule-text").waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const overtaken = page.getByRole("alert").filter({ hasText: "2 is the newest version now" });
  for (const name of ["Theirs", "Mine"]) await overtaken.getByText(name, { exact: true }).waitFor();
  await shot(page, "rules-conflict");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save mine over it" }).click();
  await page.getByRole("button", { name: "Saved. The rule is off." }).waitFor();
  const stored = await desk.call("GET", `/v1/rules/${id}`);
  assert.deepEqual([stored.name, stored.version, enabled, typeof updated_at], ["Mine", 3, false, "string"]);
  await page.getByText("Versions", { exact: true }).click();
  await page.getByText("Version 2", { exact: true }).waitFor();
  // Chromium prints the refusal that the page has dealt with.
  assert.deepEqual(
    errors.filter((line) => !line.includes("409")),
    [],
  );
});

test("on a phone, in the dark and from right to left the builder is whole", async () => {
  const { page, errors } = await atTheDesk("marta", {
    viewport: { width: 320, height: 720 },
    colorScheme: "dark",
  });
  const { items } = await desk.call("GET", "/v1/rules");
  const rule = items.find((one) => one.key === "large-quotes-need-a-manager");
  await page.goto(`${hub.url}/app/rules/${rule.id}`);
  await page.getByRole("heading", { name: rule.name, level: 1 }).waitFor();
  await page.getByRole("group", { name: "Condition 2.3" }).waitFor();
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok((await overflow()) <= 0, "nothing is wider than the screen");
  await shot(page, "rules-phone-dark");
  assert.deepEqual(await violations(page), []);
  await page.evaluate(() => {
    document.documentElement.dir = "rtl";
  });
  assert.ok((await overflow()) <= 0, "nothing is wider than the screen from right to left");
  const back = page.getByRole("link", { name: "All rules" }).locator("svg");
  assert.equal(await back.evaluate((arrow) => getComputedStyle(arrow).scale), "-1 1", "back is to the right");
  await shot(page, "rules-phone-rtl");
  await page.goto(`${hub.url}/app/settings/rules`);
  await page.getByRole("link", { name: rule.name }).waitFor();
  assert.ok((await overflow()) <= 0);
  await shot(page, "rules-list-phone");
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(errors, []);
});
