// The desk as a team: who is on a draft, what is put away, what people are told of, saved views, profiles.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { phone, settled, shot, startBrowser, violations } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";

let hub;
let browser;
let desk;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({ CONCIERGE__HTTP__SECURE_COOKIES: "false", CONCIERGE__PIPELINE__SWEEP_SECONDS: "1" }),
    startBrowser(),
  ]);
  desk = await signIn(hub);
});
after(async () => {
  await browser?.close();
  await hub?.close();
});

const atTheDesk = (who, options) => browser.signsIn(hub, who, options);

async function customer(text) {
  const { context, widget } = await browser.onDemo(hub);
  await widget.open();
  await widget.say(text);
  const conversation = await desk.conversationWith(text);
  await desk.draft(conversation.id);
  return { context, widget, conversation };
}

async function open(page, conversation, area = "approvals") {
  await page.goto(`${hub.url}/app/${area}/${conversation.id}`);
  await page.getByRole("button", { name: /^Approve/ }).waitFor();
}

test("a colleague's draft is marked everywhere, and approving it asks first", async () => {
  const guest = await customer("How long does an oil change take?");
  const lena = await atTheDesk("lena");
  await open(lena.page, guest.conversation);
  const marta = await atTheDesk("marta");
  const row = marta.page.getByRole("region", { name: "Approval queue" }).getByText("Lena is on it");
  await row.waitFor();
  await open(marta.page, guest.conversation);
  await marta.page.getByText("Lena Hartley is on this one").first().waitFor();
  await shot(marta.page, "console-lease");
  assert.deepEqual(await violations(marta.page), []);
  await settled(marta.page);
  await marta.page.keyboard.press("Shift+Enter");
  const asks = marta.page.getByRole("region", { name: "A colleague is on this draft" });
  await asks.waitFor();
  assert.equal((await desk.draft(guest.conversation.id)).status, "pending", "nothing was decided");
  await shot(marta.page, "console-lease-asks");
  assert.deepEqual(await violations(marta.page), []);

  // The colleague goes: the draft is free at once, without a reload.
  await lena.page.goto(`${hub.url}/app/contacts`);
  await asks.waitFor({ state: "detached" });
  await marta.page.getByText("Lena Hartley is on this one").waitFor({ state: "detached" });
  await open(lena.page, guest.conversation);
  await lena.page.getByText("Marta Alves is on this one").first().waitFor();
  await settled(lena.page);
  await lena.page.keyboard.press("Shift+Enter");
  const question = lena.page.getByRole("region", { name: "A colleague is on this draft" });
  await question.getByRole("button", { name: "Take it over" }).click();
  await question.waitFor({ state: "detached" });
  await marta.page.getByText("Lena Hartley is on this one").first().waitFor();
  await lena.page.keyboard.press("Shift+Enter");
  await eventually(
    async () =>
      (await desk.entries(guest.conversation.id)).some(
        (entry) => entry.content.draft && entry.content.kind === "message",
      ),
    "the reply",
  );
  assert.deepEqual([...marta.errors, ...lena.errors], []);
  for (const one of [guest, lena, marta]) await one.context.close();
});

test("a colleague's hand on a field is seen in the other window, and gone when it is", async () => {
  const guest = await customer("Is a brake check for a Corsa free of charge?");
  const [lena, marta] = [await atTheDesk("lena"), await atTheDesk("marta")];
  for (const { page } of [lena, marta]) await open(page, guest.conversation, "inbox");
  const sign = marta.page.locator('[data-editing="mileage"]');
  await lena.page.getByRole("button", { name: /^Edit Mileage/ }).click();
  await sign.getByText("Lena edits this").waitFor();
  await shot(marta.page, "console-field-edited");
  assert.deepEqual(await violations(marta.page), []);
  assert.equal(await lena.page.locator("[data-editing]").count(), 0, "nobody reads of themselves");
  // Who comes later learns it at once.
  const kofi = await atTheDesk("kofi");
  await open(kofi.page, guest.conversation, "inbox");
  await kofi.page.locator('[data-editing="mileage"]').waitFor();
  await lena.page.getByRole("textbox", { name: "Mileage" }).fill("48000");
  await lena.page.keyboard.press("Enter");
  await sign.waitFor({ state: "detached" });
  await marta.page.getByRole("button", { name: /^Edit Mileage: 48/ }).waitFor();
  // Who goes away in the middle holds nothing.
  await lena.page.getByRole("button", { name: /^Edit Mileage/ }).click();
  await sign.waitFor();
  await lena.page.goto("about:blank");
  await sign.waitFor({ state: "detached" });
  assert.deepEqual([...marta.errors, ...kofi.errors], []);
  for (const one of [guest, lena, marta, kofi]) await one.context.close();
});

test("a conversation is put away by key, stands under Snoozed, and the customer's message brings it back", async () => {
  const guest = await customer("Can I wait while you change the wipers?");
  const { context, page, errors } = await atTheDesk();
  await open(page, guest.conversation);
  await page.keyboard.press("h");
  const choice = page.getByRole("menuitem", { name: /^Tomorrow morning/ });
  await choice.waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "console-snooze");
  await page.getByRole("menuitem", { name: "Choose a day and time" }).click();
  await page.getByLabel("Bring it back on").fill("2020-01-01T09:00");
  await page.getByRole("button", { name: "Snooze", exact: true }).click();
  await page.getByText("That is in the past.").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("h");
  await choice.click();
  await eventually(
    async () => (await desk.call("GET", `/v1/conversations/${guest.conversation.id}`)).snoozed_until,
    "the snooze",
  );
  const queue = page.getByRole("region", { name: "Approval queue" });
  await queue.locator(`a[href$="${guest.conversation.id}"]`).waitFor({ state: "detached" });
  await page
    .getByRole("navigation", { name: "Main" })
    .getByRole("link", { name: /^Snoozed/ })
    .click();
  await page.getByRole("heading", { name: "Snoozed", level: 1 }).waitFor();
  const away = page
    .getByRole("region", { name: "Conversations" })
    .locator(`a[href*="${guest.conversation.id}"]`);
  await away.waitFor();
  await shot(page, "console-snoozed");
  await guest.widget.say("Hello, are you there?");
  await away.waitFor({ state: "detached" });
  await page.getByRole("button", { name: /^Notifications, 1 new/ }).click();
  await page.getByRole("menuitem", { name: /is back/ }).waitFor();
  assert.deepEqual(errors, []);
  await guest.context.close();
  await context.close();
});

test("a mention rings for a colleague who is elsewhere, and looking at it counts in every window", async () => {
  const guest = await customer("Do you repair dents?");
  const kofi = await atTheDesk("kofi");
  const second = await atTheDesk("kofi");
  await kofi.page.goto(`${hub.url}/app/contacts`);
  const { items } = await desk.call("GET", "/v1/staff");
  const mentioned = items.find((one) => one.name === "Kofi Mensah").id;
  await desk.call("POST", `/v1/conversations/${guest.conversation.id}/notes`, {
    client_id: crypto.randomUUID(),
    body: "@Kofi Mensah can you price this?",
    mentions: [mentioned],
  });
  const bell = kofi.page.getByRole("button", { name: /^Notifications, 1 new/ });
  await bell.waitFor();
  await second.page.getByRole("button", { name: /^Notifications, 1 new/ }).waitFor();
  await bell.click();
  const notice = kofi.page.getByRole("menuitem", { name: /Marta Alves mentioned you/ });
  await notice.waitFor();
  await shot(kofi.page, "console-bell");
  assert.deepEqual(await violations(kofi.page), []);
  await second.page.getByRole("button", { name: "Notifications", exact: true }).waitFor();
  await notice.click();
  await kofi.page.getByRole("log").getByText("can you price this?").waitFor();
  // It is kept: another sign-in still finds it.
  await kofi.page.reload();
  await kofi.page.getByRole("log").getByText("can you price this?").waitFor();
  await kofi.page.getByRole("button", { name: "Notifications", exact: true }).click();
  await kofi.page.getByRole("menuitem", { name: /Marta Alves mentioned you/ }).waitFor();
  assert.deepEqual([...kofi.errors, ...second.errors], []);
  for (const one of [guest, kofi, second]) await one.context.close();
});

test("a filter is saved as a view for everybody, and removed again", async () => {
  const marta = await atTheDesk("marta");
  const { page } = marta;
  await page.goto(`${hub.url}/app/inbox`);
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByRole("menuitem", { name: "Booked" }).click();
  await page.getByRole("button", { name: "Filter, 1 set" }).click();
  await page.getByRole("menuitem", { name: "Save as a view" }).click();
  await page.getByLabel("Name of the view").fill("Booked cars");
  await page.getByRole("switch", { name: "Share with everybody" }).click();
  assert.deepEqual(await violations(page), []);
  await shot(page, "console-view-save");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const nav = page.getByRole("navigation", { name: "Main" });
  await nav.getByRole("link", { name: /Booked cars/ }).waitFor();
  await page.getByRole("heading", { name: "Booked cars", level: 1 }).waitFor();
  const rows = page.getByRole("region", { name: "Conversations" }).getByRole("listitem");
  const { items } = await desk.call("GET", "/v1/conversations?view=open&status=booked&limit=100");
  assert.ok(items.length > 0);
  await eventually(async () => (await rows.count()) === items.length, "the same rows");
  const lena = await atTheDesk("lena");
  await lena.page.getByRole("link", { name: /Booked cars/ }).click();
  await lena.page.getByRole("heading", { name: "Booked cars", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Filter, 1 set" }).click();
  await page.getByRole("menuitem", { name: "Delete this view" }).click();
  await nav.getByRole("link", { name: /Booked cars/ }).waitFor({ state: "detached" });
  assert.deepEqual([...marta.errors, ...lena.errors], []);
  for (const one of [marta, lena]) await one.context.close();
});

test("a saved reply is typed with a slash and stands in the answer filled in", async () => {
  const guest = await customer("When can I pick up my Corsa?");
  const { context, page, errors } = await atTheDesk();
  await page.goto(`${hub.url}/app/settings/snippets`);
  await page.getByRole("button", { name: "New saved reply" }).click();
  await page.getByRole("textbox", { name: "Shortcut" }).fill("pickup");
  await page
    .getByRole("textbox", { name: "Text" })
    .fill("Your {{vehicle}} is ready. {{me}}, {{business}} ({{nothing}})");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("/pickup").first().waitFor();
  await shot(page, "console-snippets");
  assert.deepEqual(await violations(page), []);
  await desk.call("PUT", `/v1/conversations/${guest.conversation.id}/context/vehicle`, { value: "Corsa" });
  await open(page, guest.conversation, "inbox");
  await page.keyboard.press("w");
  const box = page.getByRole("textbox", { name: "Reply" });
  await box.pressSequentially("Hello. /pick");
  await page.getByRole("option", { name: /pickup/ }).waitFor();
  await shot(page, "console-snippet-offered");
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Enter");
  const text = "Hello. Your Corsa is ready. Marta Alves, Northgate Motors ([nothing])";
  await eventually(async () => (await box.inputValue()) === text, "the filled-in text");
  await page.keyboard.press("Control+Enter");
  await guest.widget.said(text).waitFor();
  await eventually(
    async () => (await desk.call("GET", "/v1/snippets")).items[0].uses === 1,
    "the use that is counted",
  );
  assert.deepEqual(errors, []);
  await guest.context.close();
  await context.close();
});

test("a word said long ago is found and shown where it was said", async () => {
  const guest = await customer("My quokka sticker fell off the tailgate.");
  await guest.widget.say("Never mind the price, by the way.");
  await eventually(
    async () => (await desk.call("GET", "/v1/messages?q=quokka")).items.length === 1,
    "the index",
  );
  const { context, page, errors } = await atTheDesk();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Type a name, a topic or a command").fill("quokka");
  const hit = page.getByRole("option", { name: /quokka sticker/ });
  await hit.first().waitFor();
  await page
    .getByRole("group", { name: "Messages" })
    .getByRole("option", { name: /quokka/ })
    .click();
  await page.locator(".msg.found").getByText("quokka").waitFor();
  assert.deepEqual(errors, []);
  await guest.context.close();
  await context.close();
});

test("looking back shows the conversation and what was known at any moment", async () => {
  const guest = await customer("How much is a brake check for a Skoda Octavia?");
  const { context, page, errors } = await atTheDesk();
  await open(page, guest.conversation, "inbox");
  await desk.call("PUT", `/v1/conversations/${guest.conversation.id}/context/mileage`, { value: 61000 });
  await page.getByText("61000").or(page.getByText("61,000")).first().waitFor();
  await page.keyboard.press("v");
  const slider = page.getByRole("slider", { name: "Moment in the conversation" });
  await slider.waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "console-look-back");
  await slider.press("Home");
  await page.getByText(/^1 of \d+$/).waitFor();
  await page.getByText("61000").or(page.getByText("61,000")).first().waitFor({ state: "detached" });
  assert.equal(
    await page.getByRole("button", { name: /^Approve/ }).count(),
    0,
    "nothing is decided in the past",
  );
  const editable = page.getByRole("button", { name: /^Edit Mileage/ }).and(page.locator(":enabled"));
  assert.equal(await editable.count(), 0);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Approve/ }).waitFor();
  await page.getByText("61000").or(page.getByText("61,000")).first().waitFor();
  assert.deepEqual(errors, []);
  await guest.context.close();
  await context.close();
});

test("a person changes name, colour, picture and password, and signs out another browser", async () => {
  const dev = await atTheDesk("dev");
  const other = await atTheDesk("dev");
  const { page } = dev;
  await page.goto(`${hub.url}/app/settings/profile`);
  const name = page.getByRole("textbox", { name: "Name" });
  await name.fill("Dev Singh Sandhu");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("link", { name: /Dev Singh Sandhu/ }).waitFor();
  await page.getByRole("button", { name: "Colour 3" }).click();
  await page.locator('[aria-label="Colour 3"][aria-pressed="true"]').waitFor();
  const png = await page.screenshot({ clip: { x: 0, y: 0, width: 300, height: 200 } });
  await page
    .locator("input[type=file]")
    .setInputFiles({ name: "me.png", mimeType: "image/png", buffer: png });
  await page.getByRole("button", { name: "Change the picture" }).waitFor();
  await page.locator(".me .av img").waitFor();
  const me = (await desk.call("GET", "/v1/staff")).items.find((one) => one.email === "dev@northgate.example");
  assert.equal(me.hue, 95);
  assert.ok(me.picture);
  await shot(page, "console-profile-picture");
  assert.deepEqual(await violations(page), []);
  // A colleague sees the picture, too.
  const lena = await atTheDesk("lena");
  await lena.page.goto(`${hub.url}/app/settings/team`);
  await lena.page.locator(`td img[src="/v1/files/${me.picture}"]`).waitFor();

  const sessions = page.getByRole("region", { name: "Where you are signed in" }).getByRole("listitem");
  await eventually(async () => (await sessions.count()) === 2, "both browsers");
  await sessions.filter({ hasNotText: "this browser" }).getByRole("button", { name: "Sign out" }).click();
  await other.page.getByText("Your session ended. Sign in again to go on.").waitFor();
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByLabel("Present password").fill("a wrong guess");
  await page.getByLabel("New password").fill("quite another one");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("The password is wrong.").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByLabel("Present password").fill("concierge-demo");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByRole("button", { name: /The password is changed/ }).waitFor();
  // The refusal is a 401, which Chromium prints.
  assert.deepEqual(
    [...dev.errors, ...lena.errors].filter((text) => !text.includes("401")),
    [],
  );
  for (const one of [dev, other, lena]) await one.context.close();
});

test("the widget's preview follows the form, and a pale colour is refused before it is saved", async () => {
  const { context, page, errors } = await atTheDesk();
  await page.goto(`${hub.url}/app/settings/widget`);
  await page.getByRole("textbox", { name: "Greeting" }).fill("Welcome to the workshop.");
  await page.getByRole("figure", { name: "Preview" }).getByText("Welcome to the workshop.").waitFor();
  await page.locator("input[pattern]").fill("#ffe08a");
  await page.getByText(/Too pale/).waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).and(page.locator(":disabled")).waitFor();
  await page.locator("input[pattern]").fill("#5a3d8a");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Saved" }).waitFor();
  const shown = await fetch(`${hub.url}/v1/widget/northgate`).then((answer) => answer.json());
  assert.deepEqual([shown.greeting, shown.accent], ["Welcome to the workshop.", "#5a3d8a"]);
  assert.deepEqual(errors, []);
  await context.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing on a phone, ${colorScheme}, and nothing is wider than it`, async () => {
    const { context, page, errors } = await atTheDesk("marta", { ...phone, colorScheme });
    for (const path of [
      "approvals",
      "inbox",
      "contacts",
      "knowledge",
      "settings/profile",
      "settings/workspace",
      "settings/team",
      "settings/snippets",
      "settings/widget",
      "settings/portal",
      "settings/rules",
    ]) {
      await page.goto(`${hub.url}/app/${path}`);
      await page.getByRole("main").waitFor();
      await page.waitForLoadState("networkidle");
      await shot(page, `console-phone-${path.replace("/", "-")}-${colorScheme}`);
      assert.deepEqual(await violations(page), [], path);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
    }
    assert.deepEqual(errors, []);
    await context.close();
  });
}
