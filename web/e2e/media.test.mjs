// Voices and files go both ways: what the customer sends is heard and opened at the desk, and back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, shot, startBrowser } from "./support/browser.mjs";
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

/** How far a page's voice message got; a sound that plays moves on. */
const played = (page, where) =>
  eventually(
    () =>
      page.evaluate(() => {
        const inside = document.querySelector("[data-concierge]")?.shadowRoot ?? document;
        return [...inside.querySelectorAll("audio")].some((audio) => audio.currentTime > 0.2);
      }),
    `sound in ${where}`,
  );

test("a voice message and a file of the customer are heard and opened at the desk", async () => {
  const { context: guest, page, widget } = await browser.onDemo(hub);
  await widget.open();
  await widget.say("Hear the noise");
  const conversation = await desk.conversationWith("Hear the noise");
  await page
    .locator("input[type=file]")
    .setInputFiles([{ name: "invoice.txt", mimeType: "text/plain", buffer: Buffer.from("twelve pounds") }]);
  await widget.send.click();
  await page.getByRole("button", { name: "Download invoice.txt" }).waitFor();
  await page.getByRole("button", { name: "Record a voice message" }).click();
  await page.getByRole("timer", { name: /^Recording, 0:(0[2-9]|[1-5]\d)$/ }).waitFor();
  await page.getByRole("button", { name: "Stop recording" }).click();
  await page.getByRole("button", { name: "Send voice message" }).click();
  await page.getByRole("log").getByRole("button", { name: "Play" }).click();
  await played(page, "the widget");

  const context = await browser.colleague(desk);
  const staff = await openPage(context, `${hub.url}/app/inbox/${conversation.id}`);
  const log = staff.page.getByRole("log");
  await log.getByRole("button", { name: "Play voice message" }).click();
  await played(staff.page, "the desk");
  await shot(staff.page, "console-voice");
  const download = staff.page.waitForEvent("download");
  await log.getByRole("link", { name: "Open invoice.txt" }).click();
  assert.equal((await download).suggestedFilename(), "invoice.txt");

  // A colleague's file comes back to the customer.
  const form = new FormData();
  form.append("file", new Blob(["the quote"], { type: "text/plain" }), "quote.txt");
  const uploaded = await fetch(`${hub.url}/v1/files`, {
    method: "POST",
    headers: { cookie: desk.cookie, origin: hub.url },
    body: form,
  });
  const file = await uploaded.json();
  await desk.call("POST", `/v1/conversations/${conversation.id}/messages`, {
    client_id: crypto.randomUUID(),
    body: "Here is the quote.",
    files: [file.id],
  });
  const quote = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download quote.txt" }).click();
  assert.equal((await quote).suggestedFilename(), "quote.txt");
  assert.deepEqual(staff.errors, []);
  await context.close();
  await guest.close();
});

test("what is written while a file is kept comes after it, also where the browser's store never answers", async () => {
  const { context, page, widget, errors } = await browser.onDemo(hub);
  await page.evaluate(() => {
    indexedDB.open = () => ({});
  });
  await widget.open();
  await widget.say("My papers follow");
  const { id } = await desk.conversationWith("My papers follow");
  await page
    .locator("input[type=file]")
    .setInputFiles([{ name: "papers.txt", mimeType: "text/plain", buffer: Buffer.from("first and last") }]);
  await page.getByRole("button", { name: "Remove papers.txt" }).waitFor();
  await page.keyboard.press("Enter");
  await widget.say("That is all of them");
  const said = await eventually(async () => {
    const messages = (await desk.entries(id)).filter(({ content }) => content.kind === "message");
    return messages.length === 3 && messages.map(({ body, content }) => content.files?.[0]?.name ?? body);
  }, "all three");
  assert.deepEqual(said, ["My papers follow", "papers.txt", "That is all of them"]);
  assert.deepEqual(errors, []);
  await context.close();
});
