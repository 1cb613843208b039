// A spoken question, from the microphone to the answer. With CONCIERGE_WHISPER_MODEL a real model listens;
// without, a transcription server of this test stands in for it, and says so.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openPage, shot, startBrowser, violations, widgetOf } from "./support/browser.mjs";
import { eventually, PATIENCE, signIn, startHub } from "./support/hub.mjs";

const model = process.env.CONCIERGE_WHISPER_MODEL;
// A model works for a while, and behind everything else.
const LISTENS = (model ? 8 : 2) * PATIENCE;
const spoken = fileURLToPath(new URL("../../tests/data/speech/spoken.wav", import.meta.url));
const WORDS = "Hello. What are your opening hours on Saturday?".split(" ");

/** Answers as OpenAI does; of the last word it is not sure. */
function listenServer() {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const words = WORDS.map((word, at) => ({
        word,
        start: at / 3,
        end: at / 3 + 0.3,
        probability: at === WORDS.length - 1 ? 0.4 : 0.98,
      }));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ text: WORDS.join(" "), language: "english", words }));
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

let server;
let hub;
let browser;
let staff;

before(async () => {
  server = model ? undefined : await listenServer();
  hub = await startHub({
    CONCIERGE__HTTP__SECURE_COOKIES: "false",
    ...(model
      ? { CONCIERGE__SPEECH__MODEL: model }
      : { CONCIERGE__SPEECH__URL: `http://127.0.0.1:${server.address().port}/v1` }),
  });
  [browser, staff] = await Promise.all([startBrowser({ voice: spoken }), signIn(hub)]);
});

after(async () => {
  await browser?.close();
  await hub?.close();
  server?.close();
});

/** Waits until a page's recording stands well behind its beginning. */
const soundAt = (page, where) =>
  eventually(
    () =>
      page.evaluate(() => {
        const inside = document.querySelector("[data-concierge]")?.shadowRoot ?? document;
        return [...inside.querySelectorAll("audio")].some((audio) => audio.currentTime > 1);
      }),
    `the last word in ${where}`,
  );

test("a spoken question gets a transcript, a draft and, once approved, an answer", async (t) => {
  t.diagnostic(
    model ? "a real model listens" : "a server of the test's own listens: no CONCIERGE_WHISPER_MODEL",
  );
  const { page, errors } = await openPage(await browser.visitor(), `${hub.url}/demo/northgate`);
  const widget = widgetOf(page);
  await widget.open();
  await page.getByRole("button", { name: "Record a voice message" }).click();
  // The question lasts three seconds.
  await page.getByRole("timer", { name: /^Recording, 0:(0[5-9]|[1-5]\d)$/ }).waitFor();
  await page.getByRole("button", { name: "Stop recording" }).click();
  await page.getByRole("button", { name: "Send voice message" }).click();
  const transcript = page.locator("[data-transcript=done]");
  await transcript.waitFor({ timeout: LISTENS });
  assert.match(await transcript.innerText(), /opening hours on Saturday/i);
  if (!model) assert.equal(await transcript.locator(".unsure").count(), 1);
  await shot(page, "widget-voice-transcript");
  // A word brings the player to where it is said.
  await transcript.getByText(/Saturday/).click();
  await soundAt(page, "the widget");

  const row = await staff.conversationWith("opening hours");
  const draft = await staff.draft(row.id);
  assert.ok(draft.citations.length > 0, draft.text);

  const desk = await browser.colleague(staff);
  const console_ = await openPage(desk, `${hub.url}/app/inbox/${row.id}`);
  const said = console_.page.locator("[data-transcript=done]");
  await said.waitFor();
  await console_.page.getByRole("button", { name: /^Speed 1,/ }).click();
  await console_.page.getByRole("button", { name: /^Speed 1.25,/ }).waitFor();
  await said.getByText(/Saturday/).click();
  await soundAt(console_.page, "the desk");
  if (!model) assert.equal(await said.locator(".w.un").count(), 1);
  await shot(console_.page, "console-voice-transcript");
  assert.deepEqual(await violations(console_.page), []);

  await said.getByRole("button", { name: "Correct" }).click();
  const box = console_.page.getByRole("textbox", { name: "What was said" });
  await box.fill("What are your opening hours on Sunday?");
  await shot(console_.page, "console-voice-correct");
  await console_.page.getByRole("button", { name: "Save", exact: true }).click();
  await console_.page.locator("[data-transcript=corrected]").waitFor();
  await page.locator("[data-transcript=corrected]").getByText("on Sunday?").waitFor();

  const second = await eventually(async () => {
    const found = await staff.draft(row.id);
    return found.id === draft.id ? undefined : found;
  }, "another draft");
  await staff.approve(second);
  await page.getByRole("log").getByText(second.text.split("\n")[0].slice(0, 30)).first().waitFor();
  assert.deepEqual(errors, []);
});

test("the settings say what listens", async () => {
  const desk = await browser.colleague(staff);
  const { page } = await openPage(desk, `${hub.url}/app/settings/workspace`);
  await page.locator("[data-speech=true]").waitFor();
  await page.locator("[data-speech]").scrollIntoViewIfNeeded();
  await shot(page, "console-settings-speech");
});
