// Sequences and segments in the console: built by what is written on the screen, started and stopped in a
// conversation, shown with what they did and what comes next.
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
  const context = await browser.colleague(desk, { viewport: { width: 1440, height: 1000 }, ...options });
  return { context, ...(await openPage(context, `${hub.url}/app${path}`)) };
}

const NAME = "Follow up on an offer";

test("a sequence is built by keyboard, reads as a sentence, and is switched on", async () => {
  const { page, errors, context } = await atTheDesk("/settings/rules");
  await page.getByRole("link", { name: "New sequence" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "New sequence", level: 1 }).waitFor();
  await page.getByLabel("Name", { exact: true }).focus();
  await page.keyboard.type(NAME);
  const first = page.getByRole("group", { name: "Step 1" });
  await first.getByRole("button", { name: "Add an action" }).focus();
  await page.keyboard.press("Enter");
  await first.getByLabel("Text", { exact: true }).fill("Is our offer still of interest?");
  await page.getByRole("button", { name: "Add a step" }).focus();
  await page.keyboard.press("Enter");
  const second = page.getByRole("group", { name: "Step 2" });
  await second.getByRole("button", { name: "Add an action" }).focus();
  await page.keyboard.press("Enter");
  await second.getByRole("combobox", { name: "Action 1" }).selectOption({ label: "Change labels" });
  await second.getByLabel("Put on").fill("no-answer");
  await page
    .getByText(
      "After 1 day: propose a reply; 2 days later: add the label no-answer. It stops when the " +
        "customer answers, a person takes over or the conversation is closed.",
    )
    .waitFor();
  await shot(page, "sequence-builder");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save and switch on" }).click();
  await page.getByText("On", { exact: true }).waitFor();
  await page.getByRole("link", { name: "All rules" }).click();
  await page.getByRole("switch", { name: NAME, checked: true }).waitFor();
  await page.getByRole("heading", { name: "Sequences" }).scrollIntoViewIfNeeded();
  await shot(page, "sequences-list");
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a rule is given a sequence to start, and a colleague starts and stops one in a conversation", async () => {
  const { items } = await desk.call("GET", "/v1/conversations?view=open&limit=5");
  const conversation = items.find((one) => one.owner === "agent") ?? items[0];
  const { page, errors, context } = await atTheDesk("/rules/new");
  const then = page.getByRole("region", { name: "Then" });
  await then.getByRole("button", { name: "Add an action" }).click();
  await then.getByRole("combobox", { name: "Action 1" }).selectOption({ label: "Start a sequence" });
  await page.getByLabel("Name", { exact: true }).fill("Follow up");
  await page.getByText(`start the sequence “${NAME}”`, { exact: false }).waitFor();

  page.on("dialog", (dialog) => void dialog.accept());
  await page.goto(`${hub.url}/app/inbox/${conversation.id}?view=all`);
  const here = page.getByRole("region", { name: "Sequences" });
  await here.getByText("Start a sequence").click();
  await here.getByRole("combobox", { name: "Which sequence" }).selectOption({ label: NAME });
  await here.getByRole("button", { name: "Start", exact: true }).click();
  await here.getByText("0 of 2 steps done", { exact: false }).waitFor();
  await here.getByText("propose a reply", { exact: false }).waitFor();
  await page.getByText(`started the sequence “${NAME}”`, { exact: false }).first().waitFor();
  await shot(page, "sequence-here");
  assert.deepEqual(await violations(page), []);

  await page.keyboard.press("i");
  const panel = page.getByRole("dialog");
  await panel.getByRole("button", { name: "Rules", exact: true }).click();
  const run = panel.getByRole("listitem").filter({ hasText: NAME }).last();
  await run.getByText("Started by", { exact: false }).waitFor();
  await run.scrollIntoViewIfNeeded();
  await shot(page, "sequence-why");
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");

  await here.getByRole("button", { name: `Stop ${NAME}` }).click();
  await page.getByText(`Sequence “${NAME}” ended: it was stopped`, { exact: false }).first().waitFor();
  await eventually(async () => {
    const runs = await desk.call("GET", `/v1/conversations/${conversation.id}/sequences`);
    return runs.items[0]?.ending === "stopped";
  }, "the end of the sequence");
  assert.deepEqual(errors, []);
  await context.close();
});

test("a segment is made with a live count, shows its customers, and rules can ask about it", async () => {
  const { page, errors, context } = await atTheDesk("/contacts");
  await page.getByRole("link", { name: "Segments" }).click();
  await page.getByRole("button", { name: "New segment" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Can be called");
  const text = page.getByTestId("segment-text");
  await text.getByText("the customer's telephone number is known").waitFor();
  await text.getByText(/\d+ customers?|nobody/).waitFor();
  await shot(page, "segment-editor");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("link", { name: "Can be called" }).click();
  await page.getByRole("heading", { name: "Customers in Can be called" }).waitFor();
  await page.getByTestId("segment-count").first().waitFor();
  await shot(page, "segment-members");
  assert.deepEqual(await violations(page), []);
  await page.goto(`${hub.url}/app/rules/new`);
  const conditions = page.getByRole("region", { name: "If" });
  await conditions.getByRole("button", { name: "Add a condition" }).click();
  const first = conditions.getByRole("group", { name: "Condition 1" });
  await first.getByLabel("What is compared").selectOption({ label: "the segments the customer is in" });
  await first.getByLabel("With what").selectOption({ label: "Can be called" });
  assert.deepEqual(errors, []);
  await context.close();
});

test("on a phone and in the dark sequences and segments are whole", async () => {
  const { items } = await desk.call("GET", "/v1/sequences");
  const { page, errors, context } = await atTheDesk(`/rules/${items[0].id}`, {
    ...phone,
    viewport: { width: 320, height: 720 },
    colorScheme: "dark",
  });
  await page.getByRole("heading", { name: NAME, level: 1 }).waitFor();
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok((await overflow()) <= 0, "nothing is wider than the screen");
  await shot(page, "sequence-phone-dark");
  assert.deepEqual(await violations(page), []);
  await page.goto(`${hub.url}/app/contacts/segments`);
  await page.getByRole("link", { name: "Can be called" }).waitFor();
  await page.getByRole("button", { name: "Change" }).first().click();
  await page.getByTestId("segment-text").waitFor();
  assert.ok((await overflow()) <= 0, "nothing is wider than the screen");
  await shot(page, "segments-phone-dark");
  assert.deepEqual(await violations(page), []);
  await page.evaluate(() => {
    document.documentElement.dir = "rtl";
  });
  assert.ok((await overflow()) <= 0, "nothing is wider than the screen from right to left");
  assert.deepEqual(errors, []);
  await context.close();
});
