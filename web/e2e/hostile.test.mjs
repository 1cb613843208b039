// The widget where the page, or somebody who writes, means no good.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, shot, startBrowser, widgetOf } from "./support/browser.mjs";
import { CORPUS } from "./support/corpus.mjs";
import { startHost } from "./support/host.mjs";
import { signIn, startHub } from "./support/hub.mjs";

let hub;
let browser;
let host;
let desk;

const tag = (more = "") => `<script async src="${hub.url}/widget.js" data-key="northgate" ${more}></script>`;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({ CONCIERGE__HTTP__SECURE_COOKIES: "false" }),
    startBrowser(),
  ]);
  desk = await signIn(hub);
  const socket = hub.url.replace("http", "ws");
  host = await startHost({
    "/strict": {
      policy:
        `default-src 'none'; script-src ${hub.url}; style-src 'none'; connect-src ${hub.url} ${socket}; ` +
        `img-src blob: ${hub.url}; media-src blob: ${hub.url}; require-trusted-types-for 'script'`,
      body: `<!doctype html><html lang="en"><title>Strict</title><h1>A strict page</h1>${tag()}`,
    },
    "/hostile": {
      body: `<!doctype html><html lang="en"><title>Hostile</title><style>
        * { letter-spacing: 2px !important; color: red !important; font: 30px cursive !important; border: 3px solid lime !important;
            text-transform: uppercase !important; box-sizing: content-box !important; visibility: visible !important; }
        div { display: none !important; position: static !important; opacity: .2 !important; }
        button { all: unset !important; transform: rotate(20deg) !important; }
        :root { --ink: red; --sheet: lime; --accent: hotpink; --hover: blue; --font: cursive; }
        </style><h1>A hostile page</h1>${tag()}
        <script>for (const type of ["keydown", "keypress"]) document.addEventListener(type, (event) => {
          globalThis.eaten = (globalThis.eaten ?? 0) + 1; event.preventDefault(); });</script>`,
    },
    "/plain": { body: `<!doctype html><html lang="en"><title>Plain</title><h1>Plain</h1>${tag()}` },
    "/titled": {
      body: `<!doctype html><html lang="en"><title>&lt;img src=x onerror="globalThis.pwned=1"&gt;</title><h1>Titled</h1>${tag()}`,
    },
    "/elsewhere": {
      body: `<!doctype html><html lang="en"><title>Nobody</title><h1>Nobody</h1>
        <script async src="${hub.url}/widget.js" data-key="nobody"></script>`,
    },
  });
  // Visitors come from the host page's origin, too.
  await desk.call("PATCH", "/v1/workspace", { allowed_origins: [host.url, hub.url] });
});
after(async () => {
  await browser?.close();
  await host?.close();
  await hub?.close();
});

test("a page with the strictest policy reports nothing, through text, files and voice", async () => {
  const context = await browser.visitor({ permissions: [] });
  await context.grantPermissions(["microphone"], { origin: host.url });
  const { page, errors } = await openPage(context, `${host.url}/strict`);
  const widget = widgetOf(page);
  await widget.open();
  await widget.say("From a strict page");
  const conversation = await desk.conversationWith("From a strict page");
  await page
    .locator("input[type=file]")
    .setInputFiles([{ name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("a note") }]);
  await widget.send.click();
  await page.getByRole("button", { name: "Download note.txt" }).waitFor();
  await page.getByRole("button", { name: "Record a voice message" }).click();
  await page.getByRole("timer", { name: /^Recording, 0:(0[1-9]|[1-5]\d)$/ }).waitFor();
  await page.getByRole("button", { name: "Stop recording" }).click();
  await page.getByRole("button", { name: "Send voice message" }).click();
  await page.getByRole("log").getByRole("button", { name: "Play" }).waitFor();
  await desk.reply(conversation.id, "Received, thank you.");
  await widget.said("Received, thank you.").waitFor();
  assert.deepEqual(
    errors.filter((text) => !/favicon/.test(text)),
    [],
  );
  await context.close();
});

test("a page's styles and shortcuts stay outside", async () => {
  const context = await browser.visitor();
  const plain = await openPage(context, `${host.url}/plain`);
  const hostile = await openPage(context, `${host.url}/hostile`);
  const look = async (page) => {
    const widget = widgetOf(page);
    await widget.open();
    // The name of the business comes with the hub's first answer.
    await page.getByRole("dialog").getByRole("heading", { level: 2 }).waitFor();
    return widget.box.evaluate((box) => {
      const panel = box.closest(".panel");
      const seen = (element) => {
        const style = getComputedStyle(element);
        return [
          style.color,
          style.fontFamily,
          style.fontSize,
          style.letterSpacing,
          style.borderTopWidth,
          style.textTransform,
        ];
      };
      const { width, height } = panel.getBoundingClientRect();
      return [width, height, seen(box), seen(panel), seen(panel.querySelector("h2"))];
    });
  };
  const wanted = await look(plain.page);
  assert.deepEqual(await look(hostile.page), wanted);
  await shot(hostile.page, "widget-hostile-page");
  await hostile.page.evaluate(() => {
    globalThis.eaten = 0;
  });
  await hostile.page.getByRole("textbox").pressSequentially("typed");
  assert.equal(await hostile.page.getByRole("textbox").inputValue(), "typed");
  assert.equal(await hostile.page.evaluate(() => globalThis.eaten), 0);
  await context.close();
});

test("an unknown business costs a page one line on the console and nothing else", async () => {
  const context = await browser.visitor();
  const { page } = await openPage(context, `${host.url}/elsewhere`);
  const lines = [];
  page.on("console", (message) => message.text().startsWith("concierge:") && lines.push(message.text()));
  await page.getByRole("button", { name: "Chat with us" }).click();
  await page.locator("[data-concierge] .l").waitFor({ state: "hidden" });
  assert.equal(lines.length, 1);
  assert.equal(await page.getByRole("dialog").count(), 0);
  await context.close();
});

test("a page whose origin is not allowed shows no chat", async () => {
  await desk.call("PATCH", "/v1/workspace", { allowed_origins: ["https://northgate.example"] });
  const context = await browser.visitor();
  const { page } = await openPage(context, `${host.url}/plain`);
  await widgetOf(page).open();
  await page.getByRole("textbox").fill("Hello");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.equal(await page.getByRole("button", { name: /Chat/ }).count(), 0);
  await context.close();
  await desk.call("PATCH", "/v1/workspace", { allowed_origins: [host.url, hub.url] });
});

test("nothing that is written runs or fetches: text, names and file names", async () => {
  const context = await browser.visitor();
  const { page, errors } = await openPage(context);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`${host.url}/titled`);
  const widget = widgetOf(page);
  await page.evaluate((name) => concierge("identify", { name }), CORPUS[0]);
  await widget.open();
  await widget.say("The corpus");
  const conversation = await desk.conversationWith("The corpus");
  for (const [at, text] of CORPUS.entries()) {
    await page.getByRole("textbox").fill(text);
    await page.keyboard.press("Enter");
    await desk.reply(conversation.id, `${at}: ${text}`);
  }
  await page.locator("input[type=file]").setInputFiles([
    { name: `<img src=x onerror=globalThis.pwned=1>.txt`, mimeType: "text/plain", buffer: Buffer.from("x") },
    {
      name: "picture.svg",
      mimeType: "image/svg+xml",
      buffer: Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" onload="top.pwned=1"><script>top.pwned=1</script></svg>`,
      ),
    },
    { name: "page.html", mimeType: "text/html", buffer: Buffer.from("<script>top.pwned=1</script>") },
  ]);
  await widget.send.click();
  await page
    .getByRole("log")
    .getByText(`${CORPUS.length - 1}:`, { exact: false })
    .first()
    .waitFor();
  await page.reload();
  await widget.open();
  await page.getByRole("log").getByText("The corpus", { exact: true }).waitFor();
  await page.getByRole("log").getByText("0: <img", { exact: false }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
  const strange = asked.filter(
    (address) =>
      ![hub.url, host.url].some((known) => address.startsWith(known)) && !address.startsWith("blob:"),
  );
  assert.deepEqual(strange, []);
  const made = await page.evaluate(() => {
    const root = document.querySelector("[data-concierge]").shadowRoot;
    return [...root.querySelectorAll(".log *")]
      .filter((element) =>
        /^(script|iframe|object|embed|form|style|link|math|details)$/i.test(element.tagName),
      )
      .map((element) => element.outerHTML);
  });
  assert.deepEqual(made, []);
  assert.deepEqual(
    errors.filter((text) => !/favicon|404|415|422/.test(text)),
    [],
  );
  await context.close();
});

test("nothing of it runs or fetches at the desk, nor what stands in the knowledge", async () => {
  const { items } = await desk.call("GET", "/v1/conversations?view=all&limit=50");
  const conversation = items.find(({ contact }) => contact.name === CORPUS[0]);
  assert.ok(conversation, "the customer of the test before is called what they said");
  const evil = CORPUS.join("\n\n");
  const document = await desk.call("POST", "/v1/knowledge/documents", {
    title: CORPUS[0],
    body: `# ${CORPUS[1]}\n\nA haunted brake check costs £666. ${evil}\n\n| ${CORPUS[2]} |\n|---|\n| ${CORPUS[3]} |`,
    language: "en",
  });
  await desk.call("POST", `/v1/conversations/${conversation.id}/notes`, {
    client_id: crypto.randomUUID(),
    body: evil,
  });
  const context = await browser.colleague(desk);
  const { page, errors } = await openPage(context);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  for (const path of [
    `/app/inbox/${conversation.id}`,
    `/app/contacts/${conversation.contact.id}`,
    `/app/knowledge/${document.id}`,
    "/app/approvals",
  ]) {
    await page.goto(hub.url + path);
    await page.getByText("onerror", { exact: false }).first().waitFor();
    await page.waitForLoadState("networkidle");
  }
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
  const strange = asked.filter((address) => !address.startsWith(hub.url) && !address.startsWith("blob:"));
  assert.deepEqual(strange, []);
  assert.deepEqual(
    asked.filter((address) => new URL(address).pathname.endsWith("/x")),
    [],
    "no picture of theirs",
  );
  assert.deepEqual(errors, []);
  await context.close();
});
