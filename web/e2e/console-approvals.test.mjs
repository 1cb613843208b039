// The desk: drafts are watched, checked, changed, approved and taken back, by keyboard.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { online, settled, shot, startBrowser } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";

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

/** A colleague before the approvals, and the draft that is shown there. */
async function atTheDesk(who) {
  const opened = await browser.signsIn(hub, who);
  return { ...opened, draft: opened.page.getByTestId("draft-text") };
}

async function customer(text) {
  const { context, page, widget } = await browser.onDemo(hub);
  await widget.open();
  await widget.say(text);
  const conversation = await desk.conversationWith(text);
  return { context, page, widget, conversation };
}

async function openDraft(page, conversation) {
  await desk.draft(conversation.id);
  await page.goto(`${hub.url}/app/approvals/${conversation.id}`);
  await page.getByRole("button", { name: /^Approve/ }).waitFor();
  await page.getByTestId("draft-text").waitFor();
}

test("a customer asks, staff change the price and approve by key, the customer reads it", async () => {
  const { context, page, errors, draft } = await atTheDesk();
  const guest = await customer("What does a brake check cost for my Polo?");
  await openDraft(page, guest.conversation);
  const written = await draft.innerText();
  assert.notEqual(written.trim(), "");
  await settled(page);
  await page.keyboard.press("e");
  const editor = page.getByRole("textbox", { name: "Edit the draft" });
  await editor.fill("A brake check is £89 and takes 40 minutes.");
  await page.getByText("kept", { exact: true }).waitFor();
  const kept = await desk.call("GET", `/v1/drafts?status=pending&limit=100`);
  const same = kept.items.find((item) => item.conversation.id === guest.conversation.id);
  assert.equal(same.draft.edited_text, "A brake check is £89 and takes 40 minutes.");
  await shot(page, "console-edit");
  await page.keyboard.press("Escape");
  await draft.locator("ins").first().waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Approved drafts on their way" }).waitFor();
  await guest.widget.said("A brake check is £89 and takes 40 minutes.").waitFor();
  const entries = await desk.entries(guest.conversation.id);
  assert.equal(entries.filter((entry) => entry.body?.includes("£89")).length, 1, "sent once");
  assert.deepEqual(errors, []);
  await guest.context.close();
  await context.close();
});

test("an approval can be taken back with one key, and nothing was sent", async () => {
  const { context, page, errors } = await atTheDesk();
  const guest = await customer("Do you change tyres on a Fiesta?");
  // A slow machine has time to take it back, too.
  await desk.call("PATCH", "/v1/workspace", { undo_seconds: 60 });
  await openDraft(page, guest.conversation);
  await settled(page);
  await page.keyboard.press("Shift+Enter");
  await page.getByRole("region", { name: "Approved drafts on their way" }).waitFor();
  await page.keyboard.press("z");
  await page.getByRole("button", { name: /^Approve/ }).waitFor();
  const pending = await desk.draft(guest.conversation.id);
  assert.equal(pending.status, "pending");
  const entries = await desk.entries(guest.conversation.id);
  assert.ok(!entries.some((entry) => entry.content.draft === pending.id && entry.content.kind === "message"));
  await desk.call("PATCH", "/v1/workspace", { undo_seconds: 5 });
  assert.deepEqual(errors, []);
  await guest.context.close();
  await context.close();
});

test("a held-down Enter approves one draft, not two", async () => {
  const { context, page } = await atTheDesk();
  const one = await customer("Is the waiting room open on Saturday?");
  const two = await customer("Do you wash the car after a service?");
  await desk.draft(two.conversation.id);
  await openDraft(page, one.conversation);
  await settled(page);
  const before = (await desk.call("GET", "/v1/drafts?status=pending&limit=100")).items.length;
  await page.keyboard.down("Shift");
  await page.keyboard.up("Shift");
  for (let press = 0; press < 6; press += 1) await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
  await eventually(async () => {
    const { items } = await desk.call("GET", "/v1/drafts?status=pending&limit=100");
    return items.length < before;
  }, "an approval");
  // The next one has come up and could be approved by now: a second press would have counted.
  await page.waitForURL((address) => !address.pathname.endsWith(one.conversation.id));
  await settled(page);
  const { items } = await desk.call("GET", "/v1/drafts?status=pending&limit=100");
  assert.equal(items.length, before - 1);
  await one.context.close();
  await two.context.close();
  await context.close();
});

test("two colleagues approve at the same time: it is sent once, and the other reads who was quicker", async () => {
  const first = await atTheDesk();
  const second = await atTheDesk("lena");
  const guest = await customer("Can I bring my van on Monday?");
  await openDraft(first.page, guest.conversation);
  await openDraft(second.page, guest.conversation);
  await first.page.getByRole("img", { name: "Lena Hartley has this open" }).waitFor();
  await settled(first.page);
  await settled(second.page);
  // The draft is the first one's: the second is asked once, and means it.
  await second.page.keyboard.press("Shift+Enter");
  await second.page.getByRole("region", { name: "A colleague is on this draft" }).waitFor();
  await Promise.all([first.page.keyboard.press("Shift+Enter"), second.page.keyboard.press("Shift+Enter")]);
  const entries = await eventually(async () => {
    const all = await desk.entries(guest.conversation.id);
    return all.some((entry) => entry.content.kind === "message" && entry.content.draft) ? all : undefined;
  }, "the message");
  assert.equal(entries.filter((entry) => entry.content.kind === "message" && entry.content.draft).length, 1);
  await guest.context.close();
  await first.context.close();
  await second.context.close();
});

test("a draft is rewritten on a word, and rejected with a reason", async () => {
  const { context, page, errors } = await atTheDesk();
  const guest = await customer("How much is a full service for a Golf?");
  await openDraft(page, guest.conversation);
  const old = await desk.draft(guest.conversation.id);
  await page.keyboard.press("r");
  await page.getByRole("region", { name: "Rewrite" }).waitFor();
  await page.keyboard.press("1");
  const fresh = await eventually(async () => {
    const draft = await desk.draft(guest.conversation.id);
    return draft.id !== old.id && draft.status === "pending" ? draft : undefined;
  }, "another draft");
  assert.equal((await desk.call("GET", `/v1/drafts/${old.id}`)).status, "rejected");
  await page
    .getByRole("button", { name: /^Approve/ })
    .and(page.locator(":enabled"))
    .waitFor();
  await page.keyboard.press("x");
  await page.getByRole("region", { name: "Reject" }).waitFor();
  await page.keyboard.press("3");
  await eventually(async () => {
    const draft = await desk.call("GET", `/v1/drafts/${fresh.id}`);
    return draft.status === "rejected";
  }, "the rejection");
  assert.deepEqual(errors, []);
  await guest.context.close();
  await context.close();
});

test("the line is cut and heals: the edit stays, the approval waits, nothing doubles", async () => {
  const { context, page } = await atTheDesk();
  const guest = await customer("Which oil goes into a Yaris?");
  await openDraft(page, guest.conversation);
  await settled(page);
  await context.setOffline(true);
  await page.getByText("You’re offline. You can read and edit; sending waits.").waitFor();
  await page.keyboard.press("e");
  await page.getByRole("textbox", { name: "Edit the draft" }).fill("We use 0W-20 for the Yaris.");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Shift+Enter");
  await page
    .getByRole("status")
    .filter({ hasText: "The draft stays here; approve it when the line is back." })
    .waitFor({ state: "attached" });
  await context.setOffline(false);
  await online(page);
  await page.getByTestId("draft-text").getByText("0W-20").waitFor();
  await settled(page);
  await page.keyboard.press("Shift+Enter");
  await guest.widget.said("We use 0W-20 for the Yaris.").waitFor();
  const entries = await desk.entries(guest.conversation.id);
  assert.equal(entries.filter((entry) => entry.body?.includes("0W-20")).length, 1);
  await guest.context.close();
  await context.close();
});
