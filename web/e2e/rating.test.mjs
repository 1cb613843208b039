// The question at the end: asked once for each closing, gently; changed at will; seen at the desk.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, phone, shot, startBrowser, violations } from "./support/browser.mjs";
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

/** A visitor whose conversation the business has just closed. */
async function atTheEnd(text, options = {}) {
  const { context, page, errors, widget } = await browser.onDemo(hub, options);
  await page.evaluate((locale) => concierge("locale", locale), options.locale ?? "en");
  await widget.open();
  await widget.say(text);
  const conversation = await desk.conversationWith(text);
  await desk.reply(conversation.id, "You are welcome. Safe travels.");
  await widget.said("You are welcome. Safe travels.").waitFor();
  await desk.call("POST", `/v1/conversations/${conversation.id}/resolve`, { resolved: true });
  await page.locator(".rating").waitFor();
  return { context, page, errors, widget, conversation };
}

const ratings = async ({ id }) =>
  (await desk.entries(id))
    .filter(({ content }) => content.kind === "rated")
    .map(({ content, body }) => [content.score, body ?? ""]);

const face = (page, name) => page.getByRole("radio", { name, exact: true });

test("closing asks once; a face, words and a change of mind reach the desk", async () => {
  const { context, page, errors, widget, conversation } = await atTheEnd("The car is back, thank you");
  const question = page.getByRole("group", { name: "How was this for you?" });
  await question.waitFor();
  assert.equal(await question.count(), 1);
  assert.deepEqual(await violations(page), []);
  await shot(page, "widget-rating-asked");
  await face(page, "Good").click();
  await eventually(async () => (await ratings(conversation)).length === 1, "the rating");
  const more = page.getByRole("textbox", { name: "Anything you would like to add?" });
  await more.fill("Quick, and they called back.");
  await page.keyboard.press("Enter");
  await eventually(async () => (await ratings(conversation)).length === 2, "the words");
  await page.getByText("Thank you. The team can see it.").waitFor();
  await shot(page, "widget-rating-given");
  await face(page, "Very good").click();
  await eventually(async () => (await ratings(conversation)).length === 3, "the change");
  assert.deepEqual(await ratings(conversation), [
    [4, ""],
    [4, "Quick, and they called back."],
    [5, "Quick, and they called back."],
  ]);
  await page.reload();
  await widget.open();
  await face(page, "Very good").and(page.locator(":checked")).waitFor();
  assert.equal(await more.inputValue(), "Quick, and they called back.", "what was said is still there");
  assert.equal((await ratings(conversation)).length, 3, "looking at it says nothing again");
  assert.deepEqual(errors, []);
  await context.close();
});

test("the desk reads the rating in the conversation", async () => {
  const { context, page, conversation } = await atTheEnd("Read this at the desk");
  const staff = await browser.colleague(desk);
  const opened = await openPage(staff, `${hub.url}/app/inbox/${conversation.id}`);
  await opened.page.getByRole("log").getByText("Read this at the desk").waitFor();
  await face(page, "All right").click();
  await opened.page.getByRole("log").getByText("rated this 3 of 5").waitFor();
  await shot(opened.page, "console-rating");
  await staff.close();
  await context.close();
});

test("faces are chosen by arrow keys, and only where they rest is sent", async () => {
  const { context, page, conversation } = await atTheEnd("With the keyboard");
  await face(page, "Very bad").focus();
  // All at once, as quick fingers do it: on a busy machine one press after the other would come to rest.
  const devtools = await context.newCDPSession(page);
  const arrow = { key: "ArrowRight", code: "ArrowRight", windowsVirtualKeyCode: 39 };
  await Promise.all(
    ["rawKeyDown", "keyUp", "rawKeyDown", "keyUp", "rawKeyDown", "keyUp"].map((type) =>
      devtools.send("Input.dispatchKeyEvent", { type, ...arrow }),
    ),
  );
  await eventually(async () => (await ratings(conversation)).length > 0, "the rating");
  assert.deepEqual(await ratings(conversation), [[4, ""]]);
  await context.close();
});

test("not now means not again, until it is closed anew", async () => {
  const { context, page, widget, conversation } = await atTheEnd("I am in a hurry");
  await page.getByRole("button", { name: "Not now" }).click();
  await page.locator(".rating").waitFor({ state: "detached" });
  await page.reload();
  await widget.open();
  await page.getByText("This conversation is closed.", { exact: false }).waitFor();
  assert.equal(await page.locator(".rating").count(), 0);
  for (const resolved of [false, true])
    await desk.call("POST", `/v1/conversations/${conversation.id}/resolve`, { resolved });
  await page.getByRole("group", { name: "How was this for you?" }).waitFor();
  await context.close();
});

test("a rating given without a line goes out when it is back", async () => {
  const { context, page, conversation } = await atTheEnd("From a tunnel");
  await context.setOffline(true);
  await page.getByText("You are offline", { exact: false }).waitFor();
  await face(page, "Bad").click();
  await page.getByText("Kept; it goes out when the line is back.").waitFor();
  await context.setOffline(false);
  await eventually(async () => (await ratings(conversation)).length === 1, "the rating");
  assert.deepEqual(await ratings(conversation), [[2, ""]]);
  await context.close();
});

for (const [look, options] of Object.entries({
  dark: { colorScheme: "dark" },
  "arabic-dark-phone": { ...phone, locale: "ar-EG", colorScheme: "dark" },
  german: { locale: "de-DE" },
}))
  test(`axe finds nothing wrong with the question: ${look}`, async () => {
    const { context, page } = await atTheEnd(`How it looks: ${look}`, options);
    assert.deepEqual(await violations(page), []);
    await shot(page, `widget-rating-${look}`);
    await page.getByRole("radio").nth(3).click();
    await page.locator(".rating textarea").waitFor();
    assert.deepEqual(await violations(page), []);
    await context.close();
  });
