// Recordings on their way: sent while they are made, gone on with after a cut line, given up when discarded;
// and a colleague's voice note, with the keyboard alone. A transcription server and a model of this test's own
// stand in for real ones.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { online, openPage, shot, startBrowser, violations } from "./support/browser.mjs";
import { eventually, PATIENCE, signIn, startHub } from "./support/hub.mjs";
import { startLine } from "./support/line.mjs";
import { startModel } from "./support/model.mjs";

const SAID = "¿Cuánto cuesta revisar los frenos?";
const MEANT = "How much does it cost to check the brakes?";

let server;
let model;
let hub;
let line;
let browser;
let staff;
/** Where a colleague has spoken. */
let spokenIn;

before(async () => {
  server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ text: SAID, language: "spanish" }));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  model = await startModel(() => MEANT);
  hub = await startHub({
    CONCIERGE__HTTP__SECURE_COOKIES: "false",
    CONCIERGE__SPEECH__URL: `http://127.0.0.1:${server.address().port}/v1`,
    CONCIERGE__MODELS__LOCAL__ADDRESS: model.url,
    CONCIERGE__MODELS__LOCAL__MODEL: "small-model",
  });
  [line, browser, staff] = await Promise.all([startLine(hub), startBrowser(), signIn(hub)]);
});

after(async () => {
  await browser?.close();
  await line?.close();
  await hub?.close();
  await model?.stop();
  server?.close();
});

/** Notes what a page sends of uploads: the method, and how many bytes. */
function uploadsOf(page) {
  const seen = [];
  page.on("request", (request) => {
    if (!request.url().includes("/v1/uploads")) return;
    const piece = request.headers()["upload-offset"];
    seen.push({ method: request.method(), at: piece === undefined ? undefined : Number(piece) });
  });
  return seen;
}
const pieces = (seen) => seen.filter(({ method }) => method === "PATCH");

async function records(page) {
  await page.getByRole("button", { name: "Record a voice message" }).click();
  await page.getByRole("timer", { name: /^Recording, 0:0[1-9]/ }).waitFor();
}

test("a recording is on its way before it ends, and a line cut in the middle is gone on with", async () => {
  const { page, widget, context } = await browser.onDemo(line);
  const seen = uploadsOf(page);
  await widget.open();
  await records(page);
  await eventually(() => pieces(seen).length >= 2, "two pieces while it is recorded");
  const before = pieces(seen).at(-1).at;
  assert.ok(before > 0, "the second goes on where the first ended");
  line.cut();
  await page.getByRole("timer", { name: /^Recording, 0:0[4-9]/ }).waitFor();
  await page.getByRole("button", { name: "Stop recording" }).click();
  await page.getByRole("button", { name: "Send voice message" }).click();
  await page.getByRole("log").getByRole("button", { name: "Play" }).click();
  const audio = await page.getByRole("log").locator("audio").elementHandle();
  line.mend();
  await page.locator("[data-transcript=done]").waitFor({ timeout: 2 * PATIENCE });
  assert.ok(
    await audio.evaluate((sound) => sound.isConnected && (sound.ended || !sound.paused)),
    "what plays goes on when the message has its place",
  );
  assert.equal(
    seen.filter(({ method }) => method === "POST").length,
    1,
    "it is one upload from first to last",
  );
  const row = await staff.conversationWith("revisar los frenos");
  const sent = (await staff.entries(row.id)).filter(({ content }) => content.kind === "message");
  assert.equal(sent.length, 1);
  const [file] = sent[0].content.files;
  assert.ok(file.wave.millis >= 3_500, `all of it is there: ${file.wave.millis} ms`);
  const last = pieces(seen).at(-1);
  assert.ok(
    last.at >= before && last.at < file.size,
    `only the rest was sent in the end: ${last.at} of ${file.size}`,
  );
  await context.close();
});

test("a recording that is discarded is given up at the hub", async () => {
  const { page, widget, context, errors } = await browser.onDemo(hub);
  const seen = uploadsOf(page);
  await widget.open();
  await records(page);
  await eventually(() => pieces(seen).length >= 1, "a piece");
  await page.getByRole("button", { name: "Discard" }).click();
  await eventually(() => seen.some(({ method }) => method === "DELETE"), "the upload to be given up");
  await widget.box.waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("a file that is larger than a piece survives a reload in the middle", async () => {
  const { page, widget, context } = await browser.onDemo(line);
  const seen = uploadsOf(page);
  await widget.open();
  await widget.say("A large file follows");
  const row = await staff.conversationWith("A large file follows");
  // Room for four pieces; the line goes after the first.
  const bytes = Buffer.alloc(1_900_000, "What is written here is long. ");
  page.on("response", (response) => {
    if (response.request().method() === "PATCH" && pieces(seen).length === 1) line.cut();
  });
  await page
    .locator("input[type=file]")
    .setInputFiles([{ name: "long.txt", mimeType: "text/plain", buffer: bytes }]);
  await widget.send.click();
  await eventually(() => pieces(seen).length >= 1, "a piece");
  line.mend();
  // The first attempt may meet a connection that the cut has just ended.
  await eventually(
    () =>
      page.reload().then(
        () => true,
        () => false,
      ),
    "the page",
  );
  const entry = await eventually(async () => {
    const entries = await staff.entries(row.id);
    return entries.find(({ content }) => content.kind === "message" && content.files?.length === 1);
  }, "the file");
  assert.equal(entry.content.files[0].size, bytes.length);
  assert.equal(seen.filter(({ method }) => method === "POST").length, 1, "one upload, before and after");
  await context.close();
});

test("a colleague speaks with the keyboard alone, and the customer hears and reads it", async () => {
  const { page: guest, widget, context: visit } = await browser.onDemo(hub);
  await widget.open();
  await widget.say("Can you explain it to me?");
  const row = await staff.conversationWith("Can you explain it to me?");
  spokenIn = row.id;
  const desk = await browser.colleague(staff);
  const { page, errors } = await openPage(desk, `${hub.url}/app/inbox/${row.id}`);
  await online(page);
  await page.keyboard.press("w");
  const seen = uploadsOf(page);
  const record = page.getByRole("button", { name: "Record a voice note" });
  await record.focus();
  await page.keyboard.press("Enter");
  const note = page.getByRole("group", { name: "Voice note" });
  await note.getByRole("timer", { name: /^Recording, 0:0[2-9]/ }).waitFor();
  await eventually(() => pieces(seen).length >= 1, "a piece while it is recorded");
  await shot(page, "console-voice-note-recording");
  assert.deepEqual(await violations(page), []);
  // Stop has the focus; so has sending, once it can be heard again.
  await page.keyboard.press("Enter");
  await note.getByRole("button", { name: "Play voice message" }).waitFor();
  await shot(page, "console-voice-note-preview");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Record again" }).focus();
  await page.keyboard.press("Enter");
  await note.getByRole("timer", { name: /^Recording, 0:0[1-9]/ }).waitFor();
  await page.keyboard.press("Enter");
  await note.getByRole("button", { name: "Send voice note" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Enter");
  await note.waitFor({ state: "detached" });
  await page.getByRole("log").getByRole("button", { name: "Play voice message" }).waitFor();
  await page.locator("[data-transcript=done]").getByText(SAID).waitFor();
  await guest.getByRole("log").getByRole("button", { name: "Play" }).waitFor();
  await guest.locator("[data-transcript=done]").getByText(SAID).waitFor();
  await shot(guest, "widget-colleague-voice");

  // The model puts it into the colleague's language, beneath; the customer sees no such thing.
  await page.getByRole("button", { name: /^Translate into / }).click();
  const translation = page.locator("[data-translation]");
  await translation.getByText(MEANT).waitFor();
  await shot(page, "console-translation");
  assert.deepEqual(await violations(page), []);
  assert.equal(await page.getByRole("button", { name: /^Translate into / }).count(), 0);
  assert.equal(await guest.getByText(MEANT).count(), 0);
  assert.deepEqual(errors, []);
  await desk.close();
  await visit.close();
});

test("escape closes the recorder, a narrow desk holds it, and nothing is left at the hub", async () => {
  const desk = await browser.colleague(staff, { viewport: { width: 390, height: 800 }, colorScheme: "dark" });
  const { page } = await openPage(desk, `${hub.url}/app/inbox/${spokenIn}`);
  await online(page);
  await page.keyboard.press("w");
  const seen = uploadsOf(page);
  await page.getByRole("button", { name: "Record a voice note" }).click();
  await page.getByRole("timer", { name: /^Recording, 0:0[2-9]/ }).waitFor();
  await eventually(() => pieces(seen).length >= 1, "a piece");
  await shot(page, "console-voice-note-phone");
  assert.equal(
    await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth),
    false,
  );
  await page.keyboard.press("Escape");
  await page.getByRole("group", { name: "Voice note" }).waitFor({ state: "detached" });
  await eventually(() => seen.some(({ method }) => method === "DELETE"), "the upload to be given up");
  await desk.close();
});
