// What a widget shows when something is in the way, and what it does across pages, tabs and time.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, phone, shot, startBrowser, violations, widgetOf } from "./support/browser.mjs";
import { startHost } from "./support/host.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";

let hub;
let browser;
let desk;
let host;

before(async () => {
  [hub, browser] = await Promise.all([startHub(), startBrowser()]);
  desk = await signIn(hub);
  const page = (title) =>
    `<!doctype html><html lang="en"><title>${title}</title><main><h1>${title}</h1>
     <a href="/other">Other</a></main><script async src="${hub.url}/widget.js" data-key="northgate"></script>`;
  host = await startHost({ "/": { body: page("Home") }, "/other": { body: page("Other") } });
});
after(async () => {
  await browser?.close();
  await host?.close();
  await hub?.close();
});

const onDemo = (options) => browser.onDemo(hub, options);

const said = async ({ id }, body) => (await desk.entries(id)).filter((entry) => entry.body === body).length;

for (const [look, options] of Object.entries({
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  phone: { ...phone, colorScheme: "dark" },
}))
  test(`axe finds nothing wrong in any state: ${look}`, async () => {
    const { context, page, widget } = await onDemo(options);
    const right = async (state) => {
      assert.deepEqual(await violations(page), [], state);
      await shot(page, `state-${state}-${look}`);
    };
    await widget.open();
    await widget.say("A file follows");
    const conversation = await desk.conversationWith("A file follows");
    await page.locator("input[type=file]").setInputFiles([
      { name: "quote.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4 not really") },
      {
        name: "a very long name of a service book that will not fit.txt",
        mimeType: "text/plain",
        buffer: Buffer.from("x"),
      },
    ]);
    await page.getByRole("button", { name: "Remove quote.pdf" }).waitFor();
    await right("files-chosen");
    await widget.send.click();
    await page.getByRole("button", { name: "Download quote.pdf" }).waitFor();
    // The hub takes no control characters, whoever sends them.
    await widget.box.fill("A bell \u0007 in the text");
    await page.keyboard.press("Enter");
    await page.getByText("Not sent", { exact: false }).waitFor();
    await right("refused");
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("Not sent", { exact: false }).waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Record a voice message" }).click();
    await page.getByRole("timer", { name: /^Recording, 0:(0[1-9]|[1-5]\d)$/ }).waitFor();
    await right("recording");
    await page.getByRole("button", { name: "Stop recording" }).click();
    await page.getByRole("button", { name: "Send voice message" }).waitFor();
    await right("voice-review");
    await page.getByRole("button", { name: "Discard" }).click();
    await page.getByRole("button", { name: "Talk to a person" }).click();
    await page.getByRole("button", { name: "Person asked for" }).waitFor();
    await desk.call("POST", `/v1/conversations/${conversation.id}/take-over`);
    await page.getByText("You are talking to a person now.").waitFor();
    await right("person");
    await context.setOffline(true);
    await page.getByText("You are offline", { exact: false }).waitFor();
    await widget.say("Written without a line");
    await right("offline");
    await context.setOffline(false);
    await page.getByText("You are offline", { exact: false }).waitFor({ state: "hidden" });
    await eventually(async () => (await said(conversation, "Written without a line")) === 1, "what was kept");
    await context.close();
  });

test("a hub that cannot be reached is said to be so, and the way back is one tap", async () => {
  const context = await browser.visitor();
  await context.route("**/v1/widget/**", (route) => route.abort());
  const { page } = await openPage(context, host.url);
  const widget = widgetOf(page);
  await widget.open();
  await page.getByText("The chat cannot be reached just now.").waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "state-unreachable");
  await context.unroute("**/v1/widget/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "Northgate Motors" }).waitFor();
  await widget.say("Here you are");
  await desk.conversationWith("Here you are");
  await context.close();
});

test("without a microphone the reason is said, and the box is back", async () => {
  const { context, page, widget } = await onDemo({ permissions: [] });
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await widget.open();
  await page.getByRole("button", { name: "Record a voice message" }).click();
  await page.getByRole("alert").getByText("The microphone is blocked.", { exact: false }).waitFor();
  await widget.box.waitFor();
  await context.close();
});

test("files written offline survive a reload and go out once", async () => {
  const { context, page, widget } = await onDemo();
  await widget.open();
  await widget.say("The file comes later");
  const conversation = await desk.conversationWith("The file comes later");
  await page
    .locator("input[type=file]")
    .setInputFiles([{ name: "kept.txt", mimeType: "text/plain", buffer: Buffer.from("kept over a reload") }]);
  await page.getByRole("button", { name: "Remove kept.txt" }).waitFor();
  await context.setOffline(true);
  await widget.send.click();
  await page.getByText("Waits for a connection").waitFor();
  await page.goto("about:blank");
  await context.setOffline(false);
  await page.goto(`${hub.url}/demo/northgate`);
  await widget.open();
  const file = await eventually(
    async () =>
      (await desk.entries(conversation.id)).find((entry) => entry.content.files?.length)?.content.files,
    "the file",
  );
  assert.deepEqual(
    file.map(({ name }) => name),
    ["kept.txt"],
  );
  const answer = await fetch(`${hub.url}/v1/files/${file[0].id}`, { headers: { cookie: desk.cookie } });
  assert.equal(await answer.text(), "kept over a reload");
  assert.equal(
    (await desk.entries(conversation.id)).filter((entry) => entry.content.files?.length).length,
    1,
  );
  await context.close();
});

/** Visitors' sockets that the hub holds open. */
async function sockets() {
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  const [, count] = /concierge_connections\{kind="visitor"\} (\d+)/.exec(text) ?? [];
  return Number(count ?? 0);
}

test("back and forward: the conversation is there, with one line", async () => {
  await eventually(async () => (await sockets()) === 0, "the end of earlier sockets");
  const before = await sockets();
  const context = await browser.visitor();
  const { page, errors } = await openPage(context, host.url);
  const widget = widgetOf(page);
  await widget.open();
  await widget.say("From the first page");
  const conversation = await desk.conversationWith("From the first page");
  await page.getByRole("link", { name: "Other" }).click();
  await page.getByRole("heading", { name: "Other" }).waitFor();
  await widget.open();
  await widget.said("From the first page").waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Home" }).waitFor();
  if (!(await widget.box.isVisible())) await widget.open();
  await desk.reply(conversation.id, "Welcome back.");
  await widget.said("Welcome back.").waitFor();
  await page.goForward();
  await page.getByRole("heading", { name: "Other" }).waitFor();
  if (!(await widget.box.isVisible())) await widget.open();
  await widget.said("Welcome back.").waitFor();
  await widget.say("And forward");
  await eventually(async () => (await said(conversation, "And forward")) === 1, "the message");
  await eventually(async () => (await sockets()) === before + 1, "one socket, as in the beginning");
  assert.deepEqual(
    errors.filter((text) => !/favicon|404/.test(text)),
    [],
  );
  await context.close();
});

test("a visitor's session that ends is renewed without a word", async () => {
  const context = await browser.visitor();
  const { page, errors } = await openPage(context);
  let line;
  await page.routeWebSocket(/\/v1\/socket/, (socket) => {
    line = socket;
    socket.connectToServer();
  });
  let sessions = 0;
  page.on("request", (request) => {
    if (/\/v1\/widget\/\w+\/sessions$/.test(request.url())) sessions += 1;
  });
  await page.goto(`${hub.url}/demo/northgate`);
  await page.locator("[data-concierge]").waitFor({ state: "attached" });
  const widget = widgetOf(page);
  await widget.open();
  await widget.say("Before it ends");
  const conversation = await desk.conversationWith("Before it ends");
  await page.getByText(/^(Sent|Seen)$/).waitFor();
  assert.equal(sessions, 1);
  // As the hub does when a token's time is over.
  await line.close({ code: 4001, reason: "the token expired" });
  await eventually(() => sessions === 2, "another session");
  await widget.say("After it ended");
  await eventually(async () => (await said(conversation, "After it ended")) === 1, "the message");
  assert.equal((await desk.conversationWith("After it ended")).id, conversation.id, "the same visitor");
  assert.equal(
    await page
      .getByRole("status")
      .filter({ hasText: /closed from our side/ })
      .count(),
    0,
  );
  assert.deepEqual(errors, []);
  await context.close();
});

test("whether people are there is said, and when they are back", async () => {
  const every = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
  const day = (new Date().getUTCDay() + 3) % 7;
  const look = async (hours, says) => {
    await desk.call("PATCH", "/v1/workspace", { hours });
    const { context, page, widget } = await onDemo({ timezoneId: "Europe/London" });
    await widget.open();
    await page.getByRole("dialog").getByText(says).waitFor();
    await shot(page, `state-${hours.length > 0 ? "away" : "open"}`);
    await context.close();
  };
  const name = new Date(Date.UTC(2026, 0, 4 + day)).toLocaleDateString("en-GB", {
    weekday: "long",
    timeZone: "UTC",
  });
  await look([{ days: [every[day]], from: "09:00", to: "17:30" }], new RegExp(`^Away until ${name}.*9:00`));
  await desk.call("PATCH", "/v1/workspace", { hours: [] });
  const { answers } = await fetch(`${hub.url}/v1/widget/northgate`).then((answer) => answer.json());
  // What the newest first answers took stands there, once there are enough of them.
  const usual = answers && `Usually answers ${new Intl.RelativeTimeFormat("en-GB").format(...answers)}`;
  await look([], usual ?? "Open now");
  assert.ok(answers, "the demo business answered often enough this week");
});

test("themes: any accent is readable, and the page may choose light or dark", async () => {
  const { context, page, widget } = await onDemo({ colorScheme: "light" });
  await widget.open();
  await widget.say("In every colour");
  await page.getByText(/^(Sent|Seen)$/).waitFor();
  for (const theme of ["light", "dark"]) {
    await page.evaluate((name) => concierge("theme", name), theme);
    for (const accent of ["#ffd400", "#ffffff", "#000000", "#e5007d", "#7fb2ff", "#0d5c49"]) {
      await page.evaluate((colour) => {
        const root = document.querySelector("[data-concierge]").shadowRoot;
        for (const element of root.querySelectorAll(".cg-root, .l"))
          element.style.setProperty("--own-accent", colour);
      }, accent);
      assert.deepEqual(await violations(page), [], `${accent} on ${theme}`);
    }
  }
  await context.close();
});
