// Drafts by a model at the desk: what it proposes, who wrote what, and the page where models are looked after.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shot, startBrowser, violations } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";
import { startModel } from "./support/model.mjs";

const REPLY = "I have noted your Polo, and a colleague will confirm the visit.";

let model;
let hub;
let browser;
let desk;

/** Calls two tools, then replies. */
function proposes(request) {
  if (request.messages.length > 2) return REPLY;
  return [
    ["propose_value", { field: "vehicle", value: "VW Polo", because: "my Polo" }],
    ["hand_over", { summary: "Wants a call about the Polo before Friday.", because: "asked for a call" }],
  ];
}

before(async () => {
  model = await startModel(proposes);
  [hub, browser] = await Promise.all([
    startHub({
      CONCIERGE__HTTP__SECURE_COOKIES: "false",
      CONCIERGE__MODELS__LOCAL__ADDRESS: model.url,
      CONCIERGE__MODELS__LOCAL__MODEL: "small-model",
      CONCIERGE__MODELS__LOCAL__INPUT_PRICE: "2",
      CONCIERGE__MODELS__LOCAL__OUTPUT_PRICE: "8",
      CONCIERGE__MODELS__RETRIES: "0",
      CONCIERGE__MODELS__FAILURES: "2",
      CONCIERGE__STORE__SECRETS_KEY: "a key for tests, long enough",
    }),
    startBrowser(),
  ]);
  desk = await signIn(hub);
});
after(async () => {
  await browser?.close();
  await hub?.close();
  await model?.stop();
});

const atTheDesk = (options) => browser.signsIn(hub, "marta", options);

async function asks(text) {
  const { context, widget } = await browser.onDemo(hub);
  await widget.open();
  await widget.say(text);
  const conversation = await desk.conversationWith(text);
  return { context, widget, conversation };
}

async function openDraft(page, conversation) {
  await desk.draft(conversation.id);
  await page.goto(`${hub.url}/app/approvals/${conversation.id}`);
  await page.getByTestId("draft-text").waitFor();
}

test("what a draft proposes is shown in exact words, taken off, and receipted", async () => {
  model.becomes(proposes);
  const { context, page, errors } = await atTheDesk();
  const guest = await asks("Could you have a look at my Polo this week?");
  await openDraft(page, guest.conversation);
  const proposals = page.getByRole("region", { name: "Done when you send this" });
  await proposals.getByText("Set Vehicle to VW Polo", { exact: true }).waitFor();
  await page.getByText("Written by small-model").waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "console-proposals");

  await proposals.getByRole("button", { name: /^Leave it out\s*: Ask a person/ }).click();
  await proposals.getByRole("button", { name: /^Do it\s*: Ask a person/ }).waitFor();
  await page.getByRole("button", { name: /^Approve/ }).click();
  const text = page.getByRole("button", { name: /^Approve/ });
  // A sentence that nothing supports is asked about once.
  if (await page.getByText("press Enter again").first().isVisible()) await text.click();
  await guest.widget.said(REPLY).waitFor();
  const entries = await eventually(async () => {
    const all = await desk.entries(guest.conversation.id);
    return all.some((entry) => entry.content.kind === "proposals_done") ? all : undefined;
  }, "a receipt");
  const done = entries.filter((entry) => entry.content.kind === "proposals_done");
  assert.equal(done.length, 1);
  assert.deepEqual(
    done[0].content.receipts.map((one) => one.state),
    ["done"],
  );
  assert.ok(!entries.some((entry) => entry.content.kind === "person_requested"), "it was taken off");
  await page.goto(`${hub.url}/app/inbox/${guest.conversation.id}`);
  await page.getByText(/Done with the reply: .*VW Polo/).waitFor();
  await shot(page, "console-receipts");
  assert.deepEqual(errors, []);
  await guest.context.close();
  await context.close();
});

test("without the model the built-in engine writes, and the draft says so", async () => {
  model.becomes(() => 500);
  const { context, page, errors } = await atTheDesk();
  const guest = await asks("How much is a full service for a Golf?");
  await openDraft(page, guest.conversation);
  await page.getByText("The built-in engine wrote this").waitFor();
  await page.getByText("has a fault (status 500)").waitFor();
  await shot(page, "console-fallback");
  assert.deepEqual(errors, []);
  await guest.context.close();
  await context.close();
});

test("the page of models shows how they stand and what they cost, tries one, and limits them", async () => {
  model.becomes(() => "ready");
  const { context, page, errors } = await atTheDesk();
  await page.goto(`${hub.url}/app/settings/models`);
  await page.getByRole("heading", { name: "Models", level: 2 }).waitFor();
  await page.getByText("small-model").first().waitFor();
  await page.getByRole("button", { name: /^Try it\s*: local/ }).click();
  await page.getByText("It answered “ready”").waitFor();
  await page
    .getByRole("table")
    .first()
    .getByText(/\$0\.0/)
    .first()
    .waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "console-models");

  const limit = page.getByRole("textbox", { name: "Tokens in a day" });
  await limit.fill("many");
  await limit.press("Enter");
  await page.getByText("A whole number, 0 or more.").waitFor();
  await limit.fill("50,000");
  await limit.press("Enter");
  await page.getByText(/^4\d,\d{3} left today$/).waitFor();
  model.becomes(() => 503);
  await page.getByRole("button", { name: /^Try it\s*: local/ }).click();
  await page.getByText("It did not answer: ").waitFor();
  await page.getByRole("switch", { name: "Models draft here" }).click();
  await eventually(
    async () => ((await desk.call("GET", "/v1/models")).settings.enabled ? undefined : true),
    "the switch",
  );
  errors.length = 0;
  await context.close();

  // On a phone, in the dark.
  const small = await atTheDesk({ viewport: { width: 320, height: 700 }, colorScheme: "dark" });
  await small.page.goto(`${hub.url}/app/settings/models`);
  await small.page.getByText("small-model").first().waitFor();
  const wide = await small.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 320, `${wide} px wide`);
  assert.deepEqual(await violations(small.page), []);
  await shot(small.page, "console-models-phone");
  await small.context.close();
});

test("a business brings a provider of its own: what is wrong is said, its key is never shown, and it goes again", async () => {
  const { page, errors, context } = await atTheDesk();
  await page.goto(`${hub.url}/app/settings/models`);
  const own = page.getByRole("region", { name: "Your own providers" });
  await own.getByRole("button", { name: "Add a provider" }).click();
  await own.getByLabel("Name", { exact: true }).fill("ours");
  await own.getByLabel("Address").fill("http://127.0.0.1:9/v1");
  await own.getByLabel("Model", { exact: true }).fill("gpt-ours");
  await own.getByLabel("Key", { exact: true }).fill("sk-very-secret");
  await own.getByLabel("Price in").fill("2,5");
  await own.getByRole("button", { name: "Save", exact: true }).click();
  await own.getByRole("alert").waitFor();
  await shot(page, "own-refused");
  assert.deepEqual(await violations(page), []);

  // What was typed is still there.
  await own.getByLabel("Address").fill("https://models.example/v1");
  await own.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Saved. Try it in the list above." }).waitFor();
  await own.getByText("key kept").waitFor();
  const [kept] = (await desk.call("GET", "/v1/models/own")).items;
  assert.deepEqual(
    [kept.name, kept.model, kept.input_price, kept.has_key, kept.tools],
    ["ours", "gpt-ours", 2.5, true, true],
  );
  assert.ok(!(await page.content()).includes("sk-very-secret"), "a key never comes out");

  await own.getByRole("button", { name: /^Change\s*: ours$/ }).click();
  assert.equal(await own.getByLabel("Key", { exact: true }).inputValue(), "");
  await own.getByLabel("Its model can call tools").uncheck();
  await own.getByRole("button", { name: "Save", exact: true }).click();
  await eventually(
    async () => (await desk.call("GET", "/v1/models/own")).items.find((one) => !one.tools && one.has_key),
    "the change, with the key that was kept",
  );
  await own.getByRole("button", { name: /^Change\s*: ours$/ }).click();
  await shot(page, "own-changed");
  await own.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("button", { name: "Deleted, with its key." }).waitFor();
  assert.deepEqual((await desk.call("GET", "/v1/models/own")).items, []);
  // The browser itself tells of the refusal that this test wants.
  assert.deepEqual(
    errors.filter((line) => !line.includes("422")),
    [],
  );
  await context.close();
});
