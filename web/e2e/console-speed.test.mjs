// What one more word of a draft costs the desk: time of the main thread, by Chromium's own clock.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startBrowser, widgetOf } from "./support/browser.mjs";
import { clockOf, slowness } from "./support/clock.mjs";
import { signIn, startHub } from "./support/hub.mjs";

const MESSAGES = 200;
const WORDS = 120;
const BUDGET_MS = 12;

let hub;
let browser;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({
      CONCIERGE__HTTP__SECURE_COOKIES: "false",
      CONCIERGE__SOCKETS__BURST: "1000",
      CONCIERGE__SOCKETS__PER_SECOND: "1000",
    }),
    startBrowser(),
  ]);
});
after(async () => {
  await browser?.close();
  await hub?.close();
});

test(`with ${MESSAGES} messages on screen a word of a draft costs at most ${BUDGET_MS} ms`, async (t) => {
  const desk = await signIn(hub);
  const guest = await browser.visitor();
  const { page: site } = await openPage(guest, `${hub.url}/demo/northgate`);
  const widget = widgetOf(site);
  await widget.open();
  await widget.say("Number 0");
  const { id } = await desk.conversationWith("Number 0");
  for (let at = 1; at < MESSAGES; at += 1) await desk.reply(id, `Number ${at}, with some words in it`);
  const context = await browser.colleague(desk);
  const { page } = await openPage(context);
  // The hub's own socket, into which the test puts the words of one more draft.
  let toPage;
  await page.routeWebSocket(/\/v1\/socket/, (socket) => {
    toPage = socket;
    socket.connectToServer();
  });
  await page.goto(`${hub.url}/app/inbox/${id}`);
  await page
    .getByRole("log")
    .getByText(`Number ${MESSAGES - 1},`)
    .waitFor();
  const earlier = page.getByRole("button", { name: "Show earlier messages" });
  await earlier.click();
  await page.getByRole("log").getByText("Number 1,", { exact: false }).first().waitFor();
  assert.ok((await page.locator("[data-seq]").count()) >= MESSAGES);
  // The list beside it must be at rest, too.
  await page.waitForLoadState("networkidle");

  const busy = await clockOf(page);
  const slow = await slowness(page, busy);
  const draft = {
    id: "drf_01ZZZZZZZZZZZZZZZZZZZZZZZZ",
    conversation: id,
    turn: "trn_01ZZZZZZZZZZZZZZZZZZZZZZZZ",
    revision: 1,
    status: "writing",
    for_seq: MESSAGES,
    text: "",
    citations: [],
    sentences: [],
    blockers: [],
    confidence: 0,
    hash: "",
    created_at: new Date().toISOString(),
  };
  const tell = (signal) => toPage.send(JSON.stringify({ type: "signal", ...signal }));
  tell({ signal: "draft", draft });
  await page.getByTestId("draft-text").waitFor();
  const began = await busy();
  let offset = 0;
  for (let at = 0; at < WORDS; at += 1) {
    const text = `word${at} `;
    tell({ signal: "draft_delta", conversation: id, draft: draft.id, offset, text });
    offset += text.length;
    // One a frame, as a quick model writes.
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
  }
  await page
    .getByTestId("draft-text")
    .getByText(`word${WORDS - 1}`)
    .waitFor();
  const taken = ((await busy()) - began) / WORDS;
  const each = taken / slow;
  t.diagnostic(
    `${taken.toFixed(2)} ms of main thread per word, over ${WORDS} words, on a machine ${slow.toFixed(1)} times as slow as when calm`,
  );
  assert.ok(each <= BUDGET_MS, `${each.toFixed(2)} ms`);
  await context.close();
  await guest.close();
});
