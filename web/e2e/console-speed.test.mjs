// What one more word of a draft costs the desk: time of the main thread, by Chromium's own clock.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startBrowser, widgetOf } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";

const MESSAGES = 200;
const BUDGET_MS = 12;

let hub;
let browser;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({
      CONCIERGE__HTTP__SECURE_COOKIES: "false",
      CONCIERGE__SOCKETS__BURST: "1000",
      CONCIERGE__SOCKETS__PER_SECOND: "1000",
      // Slow enough that every word comes in a frame of its own.
      CONCIERGE__PIPELINE__WORD_MS: "60",
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
  const context = await browser.visitor({ viewport: { width: 1440, height: 900 } });
  const [name, value] = desk.cookie.split("=");
  await context.addCookies([{ name, value, url: hub.url }]);
  const { page } = await openPage(context);
  const deltas = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      const text = String(payload);
      if (text.includes('"draft_delta"')) deltas.push(JSON.parse(text).text);
    }),
  );
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

  const devtools = await context.newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return metrics.find(({ name: metric }) => metric === "TaskDuration").value * 1_000;
  };
  await widget.say("How much is a full service for a Golf, and what does it include?");
  await eventually(async () => deltas.length >= 2, "the first words of a draft");
  const [began, first] = [await busy(), deltas.length];
  await page
    .getByRole("button", { name: /^Approve/ })
    .and(page.locator(":enabled"))
    .waitFor();
  const [ended, last] = [await busy(), deltas.length];
  const words = last - first;
  assert.ok(words >= 10, `only ${words} pieces came`);
  const each = (ended - began) / words;
  t.diagnostic(`${each.toFixed(2)} ms of main thread per word, over ${words} words`);
  assert.ok(each <= BUDGET_MS, `${each.toFixed(2)} ms`);
  await context.close();
  await guest.close();
});
