// The first minutes of a hub: from the link in the terminal to the first approved answer.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, phone, settled, shot, startBrowser, violations } from "./support/browser.mjs";
import { eventually, startHub } from "./support/hub.mjs";

const QUIET = { CONCIERGE__HTTP__SECURE_COOKIES: "false" };

let browser;

before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** The link that an empty hub prints. */
const linkOf = (hub) => eventually(() => /http\S+\/app\/setup#\S+/.exec(hub.output())?.[0], "the link");

async function fillIn(page, password = "three plain words") {
  await page.getByLabel("Name of the business").fill("Corner Garage");
  await page.getByLabel("Your name").fill("Nora Lind");
  await page.getByLabel("Your e-mail").fill("nora@corner.example");
  await page.getByLabel("Password").fill(password);
}

const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** A hub with an owner who stands at the first step. */
async function atTheFirstStep(options = {}) {
  const hub = await startHub(QUIET, { demo: false });
  const context = await browser.visitor({ viewport: { width: 1440, height: 900 }, ...options });
  const { page, errors } = await openPage(context, await linkOf(hub));
  await page.getByRole("heading", { name: "Create your desk" }).waitFor();
  await fillIn(page);
  return {
    hub,
    context,
    page,
    errors,
    create: async () => {
      await page.getByRole("button", { name: "Create the desk" }).click();
      await page.getByRole("heading", { name: "Name and hours" }).waitFor();
      // Nobody was signed in before, which Chromium prints as a 401.
      errors.length = 0;
    },
    close: async () => {
      await context.close();
      await hub.close();
    },
  };
}

const step = (page, name) => page.getByRole("heading", { name, level: 2 });
const save = (page) => page.getByRole("button", { name: "Save and go on" }).click();

test("an owner is led from the printed link to the first approved answer", async () => {
  const { hub, page, errors, create, close } = await atTheFirstStep();
  assert.deepEqual(await violations(page), []);
  await shot(page, "setup-welcome");
  await create();
  assert.ok(!page.url().includes("#"), "the code does not stay in the address");
  assert.deepEqual(await violations(page), []);
  await shot(page, "setup-business");
  await save(page);

  await step(page, "Who drafts").waitFor();
  await page.locator("label").filter({ hasText: "Garage front desk" }).click();
  await page
    .getByRole("radio", { name: /Garage/ })
    .and(page.locator(":checked"))
    .waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "setup-agent");
  await save(page);

  await step(page, "First article").waitFor();
  const text = await page.getByLabel("Text", { exact: true }).inputValue();
  assert.match(text, /^Corner Garage is open Monday.* and Friday from 09:00 to 17:00\.$/);
  // What was taken is kept: another day it goes on where it stopped.
  await page.reload();
  await page.goto(`${hub.url}/app/setup`);
  await step(page, "First article").waitFor();
  await page.getByRole("img", { name: "2 done, 0 left for later, 4 to come" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "setup-knowledge");
  await save(page);

  await step(page, "Widget").waitFor();
  await page.getByRole("textbox", { name: "Greeting" }).fill("Hello from the corner.");
  await page.getByRole("figure", { name: "Preview" }).getByText("Hello from the corner.").waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "setup-widget");
  await page.getByRole("button", { name: "Leave for later" }).click();

  await step(page, "Colleagues").waitFor();
  await page.getByRole("button", { name: "Add a colleague" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Sam Ortiz");
  await page.getByLabel("E-mail").fill("sam@corner.example");
  await page.getByLabel("First password").fill("another three words");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("listitem").filter({ hasText: "Sam Ortiz" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "setup-team");
  await page.getByRole("button", { name: "Go on" }).click();

  await step(page, "Try it").waitFor();
  await page.getByLabel("What a customer asks").fill("Are you open on Friday?");
  await page.getByRole("button", { name: "Ask it" }).click();
  const open = page.getByRole("button", { name: "Read and approve it" }).and(page.locator(":enabled"));
  await open.waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "setup-trial");
  await open.click();
  await page.getByTestId("draft-text").getByText("17:00").waitFor();
  await settled(page);
  await shot(page, "setup-first-draft");
  await page.keyboard.press("Shift+Enter");
  await page.getByRole("region", { name: "Approved drafts on their way" }).waitFor();
  const nav = page.getByRole("navigation", { name: "Main" });
  await nav.getByRole("link", { name: /^Approvals/ }).waitFor();
  assert.equal(await nav.getByRole("link", { name: /^Set up/ }).count(), 0, "all was taken or left");
  assert.deepEqual(errors, []);
  await close();
});

test("without the code nobody becomes the owner, and with it only the first does", async () => {
  const hub = await startHub(QUIET, { demo: false });
  const context = await browser.visitor();
  const { page } = await openPage(context, `${hub.url}/app`);
  const code = page.getByLabel("Code from the terminal");
  await code.fill("a guess");
  await fillIn(page);
  await page.getByRole("button", { name: "Create the desk" }).click();
  await page.getByText(/That is not the code/).waitFor();
  assert.deepEqual(await violations(page), []);
  // Somebody else was quicker; then the form is of no use any more.
  const quick = await openPage(await browser.visitor(), await linkOf(hub));
  await fillIn(quick.page);
  await quick.page.getByRole("button", { name: "Create the desk" }).click();
  await quick.page.getByRole("heading", { name: "Name and hours" }).waitFor();
  // The whole link does as well as the code at its end.
  await code.fill(await linkOf(hub));
  await page.getByRole("button", { name: "Create the desk" }).click();
  await page.getByRole("link", { name: "Go to the sign-in" }).click();
  await page.getByRole("heading", { name: "Sign in to the desk" }).waitFor();
  await quick.page.context().close();
  await context.close();
  await hub.close();
});

for (const [look, options] of [
  ["dark", { colorScheme: "dark" }],
  ["phone", { ...phone, colorScheme: "light" }],
])
  test(`every step stands: ${look}`, async () => {
    const { hub, page, errors, create, close } = await atTheFirstStep(options);
    assert.deepEqual(await violations(page), []);
    await shot(page, `setup-welcome-${look}`);
    await create();
    for (const name of ["business", "agent", "knowledge", "widget", "team", "trial"]) {
      await page.goto(`${hub.url}/app/setup/${name}`);
      await page.getByRole("button", { name: "Leave for later" }).waitFor();
      await page.waitForLoadState("networkidle");
      assert.deepEqual(await violations(page), [], name);
      assert.ok(await fits(page), `${name}: nothing is wider than the screen`);
      await shot(page, `setup-${name}-${look}`);
    }
    await page.goto(`${hub.url}/app/approvals`);
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Set up 6" }).waitFor();
    if (look === "dark") await page.getByRole("link", { name: "Go on with the set-up" }).waitFor();
    await shot(page, `setup-approvals-${look}`);
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(errors, []);
    await close();
  });
