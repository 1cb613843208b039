// Parts of the console that come when they are first wanted, over a line that breaks just then.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, settled, startBrowser } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";
import { startLine } from "./support/line.mjs";

let hub;
let browser;
let desk;
let line;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({ CONCIERGE__HTTP__SECURE_COOKIES: "false" }),
    startBrowser(),
  ]);
  line = await startLine(hub);
  desk = await signIn(hub);
});
after(async () => {
  await browser?.close();
  await line?.close();
  await hub?.close();
});

/** A colleague before a finished draft. */
async function beforeADraft() {
  const guest = await browser.onDemo(hub);
  await guest.widget.open();
  await guest.widget.say("What does a brake check cost for my Polo?");
  const conversation = await desk.conversationWith("brake check cost for my Polo");
  await desk.draft(conversation.id);
  await guest.context.close();
  const context = await browser.colleague(desk);
  const { page } = await openPage(context, `${line.url}/app/inbox/${conversation.id}`);
  await settled(page);
  await page.waitForLoadState("networkidle");
  return { context, page };
}

const why = (page) => page.getByRole("dialog");

test("a part whose fetch falls into a cut comes when the line is back", async () => {
  const { context, page } = await beforeADraft();
  const failed = [];
  page.on("requestfailed", (request) => request.url().includes("/assets/") && failed.push(request.url()));
  line.cut();
  await page.keyboard.press("i");
  await eventually(() => failed.length > 0, "a fetch that fails");
  assert.equal(await why(page).count(), 0);
  assert.ok(await page.getByTestId("draft-text").isVisible(), "the rest of the desk stays");
  line.mend();
  await why(page).waitFor();
  await context.close();
});

test("a page whose fetch falls into a cut comes when the line is back", async () => {
  const { context, page } = await beforeADraft();
  const failed = [];
  page.on("requestfailed", (request) => request.url().includes("/assets/") && failed.push(request.url()));
  line.cut();
  await page.getByRole("link", { name: "Knowledge" }).click();
  await eventually(() => failed.length > 0, "a fetch that fails");
  line.mend();
  await page.getByRole("heading", { name: "Knowledge", level: 1 }).waitFor();
  await context.close();
});

test("a hub with another console by now says so, and a press loads it", async () => {
  const { context, page } = await beforeADraft();
  await page.route(/\/assets\/.*\.js/, (route) => route.fulfill({ status: 404, body: "" }));
  await page.keyboard.press("i");
  await page.getByRole("heading", { name: "There is a newer console." }).waitFor();
  await page.unroute(/\/assets\/.*\.js/);
  await page.getByRole("button", { name: "Load it" }).click();
  await settled(page);
  await page.keyboard.press("i");
  await why(page).waitFor();
  await context.close();
});
