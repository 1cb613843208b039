// The portal and the demo sites: by phone and desk, light and dark, in both directions.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, phone, shot, startBrowser, violations, widgetOf } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";

let hub;
let browser;

before(async () => {
  [hub, browser] = await Promise.all([startHub(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await hub?.close();
});

const looks = {
  light: { colorScheme: "light", viewport: { width: 1440, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1440, height: 900 } },
  phone: { ...phone, colorScheme: "light" },
  narrow: { colorScheme: "dark", viewport: { width: 320, height: 640 } },
  wide: { colorScheme: "light", viewport: { width: 3840, height: 2160 } },
};

for (const slug of ["northgate", "harbour", "linden"])
  for (const [look, options] of Object.entries(looks))
    test(`the demo site of ${slug} is right by axe and fits: ${look}`, async () => {
      const context = await browser.visitor(options);
      const { page, errors } = await openPage(context, `${hub.url}/demo/${slug}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await widgetOf(page).launcher.waitFor();
      assert.deepEqual(await violations(page), []);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${over} pixels too wide`);
      await shot(page, `demo-${slug}-${look}`);
      assert.deepEqual(errors, []);
      await context.close();
    });

test("a question on the demo site is put into the chat", async () => {
  const context = await browser.visitor();
  const { page } = await openPage(context, `${hub.url}/demo/harbour`);
  await page.getByRole("button", { name: "Find a table" }).click();
  const { box } = widgetOf(page);
  await box.waitFor();
  await eventually(
    async () => (await box.inputValue()) === "Do you have a table for two this Friday evening?",
    "the question in the box",
  );
  await context.close();
});

test("an unknown business is said to be unknown", async () => {
  const context = await browser.visitor();
  const { page } = await openPage(context, `${hub.url}/demo/nobody`);
  await page.getByRole("heading", { name: "There is no business called “nobody” here." }).waitFor();
  await context.close();
});

for (const [look, options] of Object.entries({
  light: looks.light,
  dark: looks.dark,
  phone: looks.phone,
  "arabic-dark-phone": { ...phone, locale: "ar-EG", colorScheme: "dark" },
  narrow: looks.narrow,
}))
  test(`the portal is right by axe and holds a conversation: ${look}`, async () => {
    const desk = await signIn(hub, "linden");
    const context = await browser.visitor(options);
    const { page, errors } = await openPage(context, `${hub.url}/portal/linden`);
    const { box, log } = widgetOf(page);
    await page.getByRole("heading", { name: "Linden Court" }).waitFor();
    assert.deepEqual(await violations(page), []);
    await shot(page, `portal-empty-${look}`);
    const text = `The tap in flat ${look.length} drips`;
    await box.fill(text);
    await page.keyboard.press("Enter");
    const conversation = await desk.conversationWith(text);
    await desk.reply(conversation.id, "Pat comes on Thursday between 8 and 10. Is that right for you?");
    await log.getByText("Pat comes on Thursday").waitFor();
    assert.deepEqual(await violations(page), []);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${over} pixels too wide`);
    await shot(page, `portal-${look}`);
    assert.deepEqual(errors, []);
    await context.close();
  });

test("the portal in a frame has no frame of its own", async () => {
  const context = await browser.visitor();
  const { page } = await openPage(context, `${hub.url}/portal/linden?embed=1&locale=de&theme=dark`);
  await page.getByRole("textbox", { name: "Ihre Nachricht" }).waitFor();
  const panel = await page.locator(".panel").boundingBox();
  const { width, height } = page.viewportSize();
  assert.deepEqual([panel.width, panel.height], [width, height]);
  await context.close();
});

test("on a phone the widget covers the page and nothing covers its buttons", async () => {
  const context = await browser.visitor(phone);
  const { page } = await openPage(context, `${hub.url}/demo/northgate`);
  const widget = widgetOf(page);
  await widget.launcher.click();
  await widget.box.waitFor();
  const panel = await page.getByRole("dialog").boundingBox();
  const { width, height } = page.viewportSize();
  assert.deepEqual([panel.x, panel.y, panel.width, panel.height], [0, 0, width, height]);
  assert.equal(await page.locator("[data-concierge] .l").isVisible(), false);
  const size = await widget.box.evaluate((box) => Number.parseFloat(getComputedStyle(box).fontSize));
  assert.ok(size >= 16, `${size}px makes a phone zoom in`);
  assert.deepEqual(await violations(page), []);
  await shot(page, "widget-phone");
  await context.close();
});
