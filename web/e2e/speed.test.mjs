// What one more word costs a host page: time of the main thread, by Chromium's own clock.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startBrowser, widgetOf } from "./support/browser.mjs";
import { signIn, startHub } from "./support/hub.mjs";

const MESSAGES = 200;
const SIGNALS = 60;
const BUDGET_MS = 8;

let hub;
let browser;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({ CONCIERGE__SOCKETS__BURST: "1000", CONCIERGE__SOCKETS__PER_SECOND: "1000" }),
    startBrowser(),
  ]);
});
after(async () => {
  await browser?.close();
  await hub?.close();
});

test(`with ${MESSAGES} messages on screen a live event costs at most ${BUDGET_MS} ms`, async (t) => {
  const desk = await signIn(hub);
  const context = await browser.visitor();
  const { page } = await openPage(context, `${hub.url}/demo/northgate`);
  const widget = widgetOf(page);
  await widget.open();
  await widget.say("Number 0");
  const conversation = await desk.conversationWith("Number 0");
  for (let at = 1; at < MESSAGES; at += 1)
    await desk.reply(conversation.id, `Number ${at}, with **bold** words in it`);
  await page
    .getByRole("log")
    .getByText(`Number ${MESSAGES - 1},`, { exact: false })
    .waitFor();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1_000;
  };
  const began = await busy();
  for (let at = 0; at < SIGNALS; at += 1) await desk.reply(conversation.id, `More ${at}`);
  await page
    .getByRole("log")
    .getByText(`More ${SIGNALS - 1}`, { exact: true })
    .waitFor();
  const each = ((await busy()) - began) / SIGNALS;
  t.diagnostic(`${each.toFixed(2)} ms of main thread per event`);
  assert.ok(each <= BUDGET_MS, `${each.toFixed(2)} ms`);
  await context.close();
});
