// A customer on a site with the widget, and the business behind it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, shot, startBrowser, violations, widgetOf } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";

const PIXELS = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFElEQVR4nGNkYPj/n4EIwESMolGFAADZAgEFOq4rVQAAAABJRU5ErkJggg==",
  "base64",
);

let hub;
let browser;
let desk;

before(async () => {
  [hub, browser] = await Promise.all([startHub(), startBrowser()]);
  desk = await signIn(hub);
});
after(async () => {
  await browser?.close();
  await hub?.close();
});

const onDemo = (options) => browser.onDemo(hub, options);

const kept = (page) => page.evaluate(() => ({ ...localStorage, cookies: document.cookie }));

test("nothing is kept and no socket is opened before the visitor acts", async () => {
  const { context, page, widget, errors } = await onDemo();
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await widget.launcher.waitFor();
  assert.deepEqual(await kept(page), { cookies: "" });
  await widget.open();
  assert.deepEqual(await kept(page), { cookies: "" });
  assert.equal((await page.evaluate(() => indexedDB.databases())).length, 0);
  assert.deepEqual(sockets, []);
  await widget.say("Do you test vans?");
  await eventually(() => sockets.length === 1, "a socket");
  assert.ok(!sockets[0].includes("token"), "no token in an address");
  assert.deepEqual(errors, []);
  await context.close();
});

test("a question is drafted, approved by a person, and read by the customer", async () => {
  const { context, page, widget, errors } = await onDemo();
  await widget.open();
  await widget.say("How much is an MOT for my Corsa?");
  const conversation = await desk.conversationWith("my Corsa");
  const draft = await desk.draft(conversation.id);
  await desk.approve(draft, "An MOT is £48. Tuesday at 10:30 is free.");
  await widget.said("An MOT is £48. Tuesday at 10:30 is free.").waitFor();
  const spoken = page.getByRole("status").filter({ hasText: "An MOT is £48" });
  assert.equal(await spoken.count(), 1, "the reply is announced once");
  await shot(page, "widget-reply");
  assert.deepEqual(errors, []);
  await context.close();
});

test("what is written offline survives a reload and goes out once", async () => {
  const { context, page, widget } = await onDemo();
  await widget.open();
  await widget.say("First, with a line");
  await page
    .getByText("Sent", { exact: true })
    .or(page.getByText("Seen", { exact: true }))
    .waitFor();
  const conversation = await desk.conversationWith("First, with a line");
  await context.setOffline(true);
  await widget.say("Second, without one");
  await page.getByText("You are offline", { exact: false }).waitFor();
  await shot(page, "widget-offline");
  // The page is gone before the line is back for it.
  await page.goto("about:blank");
  await context.setOffline(false);
  await context.route("**/v1/widget/*/sessions", (route) => route.abort());
  await page.goto(`${hub.url}/demo/northgate`);
  await widget.open();
  await widget.said("Second, without one").waitFor();
  await context.unroute("**/v1/widget/*/sessions");
  await eventually(async () => {
    const entries = await desk.entries(conversation.id);
    return entries.some((entry) => entry.body === "Second, without one");
  }, "the second message");
  const entries = await desk.entries(conversation.id);
  assert.equal(entries.filter((entry) => entry.body === "Second, without one").length, 1);
  assert.equal(await widget.said("Second, without one").count(), 1);
  await context.close();
});

test("a restart of the hub in the middle of a conversation loses and doubles nothing", async () => {
  const { context, page, widget } = await onDemo();
  await widget.open();
  await widget.say("Before the restart");
  const conversation = await desk.conversationWith("Before the restart");
  await page.getByRole("textbox").pressSequentially("While you were");
  await hub.stop();
  await page.getByRole("textbox").pressSequentially(" away");
  await page.keyboard.press("Enter");
  await page.getByText("Connecting again").waitFor();
  await hub.start();
  await eventually(async () => {
    const entries = await desk.entries(conversation.id);
    return entries.some((entry) => entry.body === "While you were away");
  }, "the message written during the restart");
  await page.getByText("Connecting again").waitFor({ state: "hidden" });
  for (const text of ["Before the restart", "While you were away"])
    assert.equal(await widget.said(text).count(), 1, text);
  await desk.reply(conversation.id, "Back again.");
  await widget.said("Back again.").waitFor();
  await context.close();
});

test("two tabs share one socket and show the same", async () => {
  const { context, page, widget } = await onDemo();
  let sockets = 0;
  context.on("page", (one) => one.on("websocket", () => (sockets += 1)));
  page.on("websocket", () => (sockets += 1));
  await widget.open();
  await widget.say("From the first tab");
  await eventually(() => sockets === 1, "the first tab's socket");
  const second = await openPage(context, `${hub.url}/demo/northgate`);
  const other = widgetOf(second.page);
  await other.open();
  await other.said("From the first tab").waitFor();
  await other.say("From the second tab");
  await widget.said("From the second tab").waitFor();
  const conversation = await desk.conversationWith("From the second tab");
  await desk.reply(conversation.id, "To both of you.");
  await Promise.all([widget.said("To both of you.").waitFor(), other.said("To both of you.").waitFor()]);
  assert.equal(sockets, 1, "one socket for both");
  await page.close();
  await other.say("The first tab is gone");
  await eventually(() => sockets === 2, "a socket of the second tab");
  await second.page.getByText(/^(Sent|Seen)$/).waitFor();
  await context.close();
});

test("pictures and documents are shown before and after they are sent", async () => {
  const { context, page, widget, errors } = await onDemo();
  await widget.open();
  await page.locator("input[type=file]").setInputFiles([
    { name: "dashboard.png", mimeType: "image/png", buffer: PIXELS },
    { name: "service book.txt", mimeType: "text/plain", buffer: Buffer.from("stamped in spring") },
  ]);
  await page.getByRole("button", { name: "Remove dashboard.png" }).waitFor();
  await widget.say("Here they are");
  await page.getByRole("img", { name: "Photo dashboard.png" }).waitFor();
  const conversation = await desk.conversationWith("Here they are");
  const message = (await desk.entries(conversation.id)).find((entry) => entry.body === "Here they are");
  assert.deepEqual(
    message.content.files.map((file) => file.name),
    ["dashboard.png", "service book.txt"],
  );
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download service book.txt" }).click();
  assert.equal((await download).suggestedFilename(), "service book.txt");
  await page.reload();
  await widget.open();
  await page.getByRole("img", { name: "Photo dashboard.png" }).waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("a file that is too big is refused before it is sent, in words", async () => {
  const { context, page, widget } = await onDemo();
  await widget.open();
  await widget.say("A file will follow");
  await page
    .locator("input[type=file]")
    .setInputFiles([{ name: "film.mp4", mimeType: "video/mp4", buffer: Buffer.alloc(22_000_000) }]);
  await page.getByRole("alert").getByText("film.mp4 is too big").waitFor();
  await context.close();
});

test("a voice message is recorded, heard again and sent with the keyboard alone", async () => {
  const { context, page, widget, errors } = await onDemo();
  await widget.open();
  await widget.say("Listen to this");
  const { id } = await desk.conversationWith("Listen to this");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(
    await page.evaluate(() => document.activeElement.shadowRoot.activeElement.getAttribute("aria-label")),
    "Record a voice message",
  );
  await page.keyboard.press("Enter");
  await page.getByRole("timer", { name: /^Recording, 0:(0[1-9]|[1-5]\d)$/ }).waitFor();
  await shot(page, "widget-recording");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Record again" }).waitFor();
  await page.getByRole("button", { name: "Send voice message" }).and(page.locator(":focus")).waitFor();
  await shot(page, "widget-voice-review");
  await page.keyboard.press("Enter");
  await page.getByRole("log").getByRole("button", { name: "Play" }).waitFor();
  const voice = await eventually(
    async () => (await desk.entries(id)).find((entry) => entry.content.files?.length)?.content.files[0],
    "the voice message",
  );
  assert.match(voice.media_type, /^audio\//);
  assert.ok(voice.size > 2_000, `${voice.size} bytes`);
  assert.equal(voice.transcript, "not_transcribed");
  await page.getByRole("log").getByRole("button", { name: "Play" }).click();
  // A second of sound may be over before anybody sees "Pause".
  await eventually(
    () =>
      page.evaluate(() =>
        [...document.querySelector("[data-concierge]").shadowRoot.querySelectorAll("audio")].some(
          (audio) => audio.currentTime > 0,
        ),
      ),
    "sound",
  );
  assert.deepEqual(errors, []);
  await context.close();
});

test("a person is one tap away, also before the first word", async () => {
  const { context, page, widget } = await onDemo();
  await widget.open();
  await page.getByRole("button", { name: "Talk to a person" }).click();
  await widget.said("I would like to talk to a person.").waitFor();
  await page.getByRole("button", { name: "Person asked for" }).waitFor();
  const conversation = await desk.conversationWith("talk to a person");
  await eventually(
    async () =>
      (await desk.entries(conversation.id)).some((entry) => entry.content.kind === "person_requested"),
    "the wish in the timeline",
  );
  await desk.reply(conversation.id, "Marta here. How can I help?");
  await widget.said("Marta here. How can I help?").waitFor();
  await shot(page, "widget-person");
  await context.close();
});

test("unread answers are counted on the launcher and gone when they are read", async () => {
  const { context, page, widget } = await onDemo();
  await widget.open();
  await widget.say("I will look later");
  const conversation = await desk.conversationWith("I will look later");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await desk.reply(conversation.id, "It is ready.");
  await page.getByRole("button", { name: "Chat with us, 1 new" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Chat with us, 1 new" }).click();
  await widget.said("It is ready.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Chat with us", exact: true }).waitFor();
  await context.close();
});

test("going away and coming back finds the conversation as it was", async () => {
  const { context, page, widget } = await onDemo();
  await widget.open();
  await widget.say("Back in a moment");
  await page.getByText(/^(Sent|Seen)$/).waitFor();
  await page.goto(`${hub.url}/demo/harbour`);
  await page.goBack();
  const conversation = await desk.conversationWith("Back in a moment");
  await desk.reply(conversation.id, "Still here.");
  await page.getByRole("button", { name: /^Chat with us|^Close the chat/ }).waitFor();
  if (!(await page.getByRole("dialog").isVisible())) await widget.open();
  await widget.said("Still here.").waitFor();
  assert.equal(await widget.said("Back in a moment").count(), 1);
  await context.close();
});

test("focus goes to the box, stays reachable in order, and returns to the launcher", async () => {
  const { context, page, widget } = await onDemo();
  const active = () =>
    page.evaluate(() => {
      const inside = document.activeElement?.shadowRoot?.activeElement;
      return inside?.getAttribute("aria-label") ?? inside?.textContent ?? "";
    });
  await widget.launcher.focus();
  await page.keyboard.press("Enter");
  await widget.box.waitFor();
  await eventually(async () => (await active()) === "Your message", "focus in the box");
  const order = [];
  for (let step = 0; step < 5; step += 1) {
    await page.keyboard.press("Tab");
    order.push(await active());
  }
  assert.deepEqual(order.slice(0, 4), ["Attach files", "Record a voice message", "Send", "Talk to a person"]);
  await page.keyboard.press("Escape");
  await eventually(async () => (await active()) === "Chat with us", "focus on the launcher");
  await context.close();
});

test("the page may open, fill, close, listen to and end the chat", async () => {
  const { context, page, widget } = await onDemo();
  await page.evaluate(() => {
    globalThis.heard = [];
    concierge("on", "unread", (count) => globalThis.heard.push(count));
    concierge("prefill", "From the page");
  });
  await widget.box.waitFor();
  await eventually(async () => (await widget.box.inputValue()) === "From the page", "the page's words");
  await page.evaluate(() => concierge("identify", { name: "Tom Reyes", email: "tom@post.example" }));
  await widget.box.press("Enter");
  const conversation = await desk.conversationWith("From the page");
  assert.equal(conversation.contact.name, "Tom Reyes");
  await page.evaluate(() => concierge("close"));
  await desk.reply(conversation.id, "Hello Tom.");
  await eventually(() => page.evaluate(() => globalThis.heard.includes(1)), "the unread count");
  await page.evaluate(() => concierge("locale", "de"));
  await page.getByRole("button", { name: "Schreiben Sie uns, 1 neu" }).waitFor();
  await page.evaluate(() => concierge("shutdown"));
  await page.locator("[data-concierge]").waitFor({ state: "detached" });
  await context.close();
});

test("a page that empties its body keeps the widget", async () => {
  const { context, page, widget } = await onDemo();
  await widget.open();
  await page.evaluate(() => document.body.replaceChildren());
  await widget.box.waitFor();
  await widget.say("Still here");
  await context.close();
});

for (const [name, options] of Object.entries({
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  german: { locale: "de-DE" },
  spanish: { locale: "es-ES" },
  arabic: { locale: "ar-EG", colorScheme: "dark" },
}))
  test(`axe finds nothing wrong with the widget: ${name}`, async () => {
    const { context, page, widget } = await onDemo(options);
    // The demo page speaks English; the visitor's own language decides there.
    await page.evaluate((locale) => concierge("locale", locale), options.locale ?? "en");
    await widget.open();
    assert.deepEqual(await violations(page), []);
    await shot(page, `widget-empty-${name}`);
    await widget.say("My brakes are grinding. Can I drive?");
    const conversation = await desk.conversationWith("Can I drive?");
    await desk.reply(conversation.id, "Gently, yes.\n\n- Stay off the motorway\n- Come **Tuesday at 10:30**");
    await page.getByRole("log").getByText("Stay off the motorway").waitFor();
    assert.deepEqual(await violations(page), []);
    await shot(page, `widget-${name}`);
    await context.close();
  });
