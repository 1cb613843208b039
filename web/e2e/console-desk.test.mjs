// Every screen of the console: reachable by keyboard, free of axe's violations, and deaf to hostile text.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, phone, settled, shot, startBrowser, violations } from "./support/browser.mjs";
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

/** A desk that is signed in already, by the cookie of another sign-in. */
async function atTheDesk(path, options = {}) {
  const context = await browser.colleague(desk, options);
  const opened = await openPage(context, `${hub.url}${path}`);
  return { context, ...opened };
}

const SCREENS = [
  ["approvals", "/app/approvals", { role: "heading", name: "Approvals" }],
  ["inbox", "/app/inbox", { role: "heading", name: "Inbox" }],
  ["contacts", "/app/contacts", { role: "heading", name: "Contacts" }],
  ["knowledge", "/app/knowledge", { role: "heading", name: "Knowledge" }],
  ["profile", "/app/settings/profile", { role: "heading", name: "Profile" }],
  ["workspace", "/app/settings/workspace", { role: "textbox", name: "Name of the business" }],
  ["team", "/app/settings/team", { role: "combobox", name: /^Role/ }],
  ["widget", "/app/settings/widget", { role: "textbox", name: "Greeting" }],
  ["snippets", "/app/settings/snippets", { role: "heading", name: "Saved replies" }],
  ["portal", "/app/settings/portal", { role: "img", name: "QR code of the portal" }],
  ["rules", "/app/settings/rules", { role: "switch", name: /./ }],
];

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing on any screen, ${colorScheme}`, async () => {
    const { context, page, errors } = await atTheDesk("/app/approvals", { colorScheme });
    for (const [name, path, sign] of SCREENS) {
      await page.goto(hub.url + path);
      await page.getByRole(sign.role, { name: sign.name }).first().waitFor();
      await page.waitForLoadState("networkidle");
      await shot(page, `console-${name}-${colorScheme}`);
      assert.deepEqual(await violations(page), [], name);
    }
    assert.deepEqual(errors, []);
    await context.close();
  });
}

test("on a phone the queue opens a conversation and the way back is there", async () => {
  const { context, page } = await atTheDesk("/app/approvals", { ...phone });
  const queue = page.getByRole("region", { name: "Approval queue" });
  await queue.getByRole("listitem").first().getByRole("link").click();
  await page.getByRole("button", { name: /^Approve/ }).waitFor();
  await shot(page, "console-phone");
  assert.deepEqual(await violations(page), []);
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    "nothing is wider than the phone",
  );
  await page.getByRole("link", { name: "Back" }).click();
  await queue.getByRole("listitem").first().waitFor();
  await context.close();
});

test("what can be done with a draft stays within its sheet at every width", async () => {
  const { context, page } = await atTheDesk("/app/approvals");
  const approve = page.getByRole("button", { name: /^Approve/ });
  await approve.waitFor();
  for (const width of [1500, 1280, 1100, 1000, 390, 320]) {
    await page.setViewportSize({ width, height: 800 });
    await approve.waitFor();
    const out = await approve.evaluate((button) => {
      const edge = button.parentElement.getBoundingClientRect().right;
      const others = [...button.parentElement.children];
      return others.filter((one) => one.getBoundingClientRect().right > edge).map((one) => one.textContent);
    });
    assert.deepEqual(out, [], `${width} px`);
  }
  await context.close();
});

test("keys lead everywhere, the sheet shows them, and the focus comes back", async () => {
  const { context, page, errors } = await atTheDesk("/app/approvals");
  await page.getByRole("heading", { name: "Approvals", level: 1 }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await page.getByRole("heading", { name: "Inbox", level: 1 }).waitFor();
  const help = page.getByRole("button", { name: "Keyboard shortcuts" });
  await help.focus();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog", { name: "Search and commands" }).waitFor();
  await page.getByPlaceholder("Type a name, a topic or a command").fill("portal");
  await page.getByRole("option", { name: /Portal/, selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Portal" }).waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

/** Holds what `pattern` names until it is let go. */
async function hold(page, pattern) {
  let letGo;
  const free = new Promise((resolve) => {
    letGo = resolve;
  });
  const asked = page.waitForRequest(pattern);
  await page.route(pattern, async (route) => {
    await free;
    await route.continue();
  });
  return { asked, letGo };
}

test("a queue that comes late takes nobody back who is on the way to another page", async () => {
  const context = await browser.colleague(desk);
  const { page, errors } = await openPage(context);
  const queue = await hold(page, /\/v1\/(drafts|conversations)\?/);
  const inbox = await hold(page, /\/assets\/Inbox-/);
  await page.goto(`${hub.url}/app/approvals`);
  await page.getByRole("heading", { name: "Approvals", level: 1 }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await inbox.asked;
  queue.letGo();
  await page.getByRole("region", { name: "Approval queue" }).getByRole("listitem").first().waitFor();
  inbox.letGo();
  await page.getByRole("heading", { name: "Inbox", level: 1 }).waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("who opened another conversation meanwhile stays there when the approval is through", async () => {
  const context = await browser.colleague(desk);
  const { page } = await openPage(context);
  let holding = false;
  const answers = [];
  let tell;
  await page.routeWebSocket(/\/v1\/socket/, (socket) => {
    const server = socket.connectToServer();
    tell = (frame) => socket.send(frame);
    server.onMessage((frame) => (holding ? answers.push(frame) : socket.send(frame)));
  });
  const { items } = await desk.call("GET", "/v1/drafts?status=pending&limit=1");
  const here = `/app/inbox/${items[0].conversation.id}`;
  await page.goto(hub.url + here);
  await settled(page);
  const rows = page.getByRole("region", { name: "Conversations" }).getByRole("listitem").getByRole("link");
  const places = await rows.evaluateAll((links) => links.map((link) => new URL(link.href).pathname));
  const at = places.indexOf(here);
  const next = places[at + 1] ?? places[at - 1];
  const elsewhere = places.findIndex((place) => place !== here && place !== next);
  const address = hub.url + places[elsewhere];
  holding = true;
  await page.getByRole("button", { name: /^Approve/ }).click();
  await eventually(() => answers.some((frame) => String(frame).includes('"held"')), "the answer");
  await rows.nth(elsewhere).click();
  await page.waitForURL(address);
  holding = false;
  for (const frame of answers) tell(frame);
  await page.getByRole("button", { name: "Undo" }).waitFor();
  // A step to the next one would come with the very frame that shows this.
  await page.evaluate(() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))));
  assert.equal(page.url(), address);
  await context.close();
});

test("a search belongs to its view, and coming back brings it back", async () => {
  const { context, page } = await atTheDesk("/app/inbox?view=all");
  const box = page.getByRole("searchbox", { name: "Search conversations" });
  await box.fill("tyres");
  await page.waitForURL(/q=tyres/);
  await page.getByRole("link", { name: "Mine" }).first().click();
  await page.waitForURL((url) => url.searchParams.get("view") === "mine" && !url.searchParams.has("q"));
  await eventually(async () => (await box.inputValue()) === "", "an empty box");
  await box.fill("brakes");
  await page.waitForURL(
    (url) => url.searchParams.get("view") === "mine" && url.searchParams.get("q") === "brakes",
  );
  await page.goBack();
  await page.waitForURL(/q=tyres/);
  await eventually(async () => (await box.inputValue()) === "tyres", "the search of that view");
  await context.close();
});

test("a note mentions a colleague, a status moves, and the conversation is taken over and handed back", async () => {
  const { items } = await desk.call("GET", "/v1/conversations?view=open&limit=20");
  const [row] = items;
  const { context, page, errors } = await atTheDesk(`/app/inbox/${row.id}`);
  await page.getByRole("log").waitFor();
  await page.keyboard.press("n");
  const box = page.getByRole("textbox", { name: "Note" });
  await box.pressSequentially("Please look, @Len");
  await page.getByRole("option", { name: "Lena Hartley" }).waitFor();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("log").getByText("Please look, @Lena Hartley").waitFor();
  // Keys lead again once the box is gone.
  await box.waitFor({ state: "detached" });
  const note = (await desk.entries(row.id)).findLast((entry) => entry.content.kind === "note");
  assert.equal(note.content.mentions.length, 1);
  await page.keyboard.press("t");
  await eventually(
    async () => (await desk.call("GET", `/v1/conversations/${row.id}`)).owner === "person",
    "the take-over",
  );
  await page.getByRole("textbox", { name: "Reply" }).waitFor();
  await page.keyboard.press("t");
  await eventually(
    async () => (await desk.call("GET", `/v1/conversations/${row.id}`)).owner === "agent",
    "the hand-back",
  );
  await page.keyboard.press("i");
  await page.getByRole("dialog", { name: "Why: step by step" }).waitFor();
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a fact is corrected in place and stays locked", async () => {
  const { items } = await desk.call("GET", "/v1/conversations?view=open&limit=20");
  const row = items.at(-1);
  const { context, page } = await atTheDesk(`/app/inbox/${row.id}`);
  await page.getByRole("button", { name: /^Edit Vehicle/ }).click();
  await page.getByRole("textbox", { name: "Vehicle" }).fill("Skoda Fabia 2019");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Edit Vehicle: Skoda Fabia 2019" }).waitFor();
  const { records } = await desk.call("GET", `/v1/conversations/${row.id}/context`);
  const field = records[0].fields.find((one) => one.key === "vehicle");
  assert.equal(field.text, "Skoda Fabia 2019");
  assert.equal(field.locked, true);
  await context.close();
});

test("hostile text is shown, never run", async () => {
  const evil = `<img src=x onerror="window.ran=1"><script>window.ran=1</script>[x](javascript:window.ran=1)`;
  const document = await desk.call("POST", "/v1/knowledge/documents", {
    title: evil.slice(0, 60),
    body: `# ${evil}\n\n${evil}\n\n| ${evil} |\n|---|\n| ${evil} |`,
    language: "en",
  });
  const contact = await desk.call("POST", "/v1/contacts", { name: evil.slice(0, 80), note: evil });
  const { items } = await desk.call("GET", "/v1/conversations?view=open&limit=1");
  await desk.call("POST", `/v1/conversations/${items[0].id}/notes`, {
    client_id: crypto.randomUUID(),
    body: evil,
  });
  const { context, page, errors } = await atTheDesk(`/app/knowledge/${document.id}`);
  const foreign = [];
  page.on("request", (request) => {
    if (new URL(request.url()).pathname.endsWith("/x")) foreign.push(request.url());
  });
  await page.getByText("onerror").first().waitFor();
  await page.goto(`${hub.url}/app/contacts/${contact.id}`);
  await page.getByText("onerror").first().waitFor();
  await page.goto(`${hub.url}/app/inbox/${items[0].id}`);
  await page.getByRole("log").getByText("onerror").first().waitFor();
  assert.equal(await page.evaluate(() => window.ran), undefined);
  assert.deepEqual(foreign, []);
  assert.deepEqual(errors, []);
  await context.close();
});

test("a session that ends asks to sign in again and goes on where it was", async () => {
  const { context, page } = await atTheDesk("/app/contacts");
  await page.getByRole("heading", { name: "Contacts", level: 1 }).waitFor();
  await context.clearCookies();
  // The desk may notice by itself before the search does; then there is nothing left to search in.
  await page
    .getByRole("searchbox")
    .fill("sam", { timeout: 2_000 })
    .catch(() => undefined);
  await page.getByText("Your session ended. Sign in again to go on.").waitFor();
  await page.getByLabel("E-mail").fill("marta@northgate.example");
  await page.getByLabel("Password").fill("concierge-demo");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Contacts", level: 1 }).waitFor();
  await context.close();
});
