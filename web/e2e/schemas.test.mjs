// The schema builder: fields, a live preview, the past, two editors, the workflow, the board, the figures.
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

async function atTheDesk(path, options = {}) {
  const context = await browser.colleague(desk, options);
  return { context, ...(await openPage(context, `${hub.url}/app${path}`)) };
}

const fieldNames = (page) =>
  page.locator(".schemas .name").evaluateAll((all) => all.map((one) => one.querySelector("b")?.textContent));

test("a manager changes fields with the keyboard, sees what they find, and saves a version", async () => {
  const { page, errors, context } = await atTheDesk("/settings/workspace");
  await page.getByRole("link", { name: "Context and workflow" }).click();
  await page.getByRole("heading", { name: "Context and workflow", level: 1 }).waitFor();
  await page.getByRole("heading", { name: "What it finds" }).waitFor();
  await page.getByText("Version 1", { exact: true }).waitFor();
  assert.deepEqual((await fieldNames(page)).slice(0, 2), ["Vehicle", "Registration"]);

  // Another order, by keyboard alone.
  await page.getByRole("button", { name: "Move Vehicle: arrow up or down" }).focus();
  await page.keyboard.press("ArrowDown");
  await eventually(async () => (await fieldNames(page))[1] === "Vehicle");
  await page.getByRole("button", { name: "Move Vehicle: arrow up or down" }).press("ArrowUp");

  // A new field, and what is wrong with it while it is.
  await page.getByRole("button", { name: "Add a field" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Courtesy car");
  await page.getByLabel("Type", { exact: true }).selectOption("choice");
  await page.getByLabel("Choice 1").fill("Wanted");
  await page.getByLabel("Other words for Wanted").fill("loan car, replacement car");
  await page.getByLabel("Only when: field").selectOption({ label: "Work" });
  await page.getByLabel("Only when: value").selectOption({ label: "Clutch" });
  await page.getByLabel("Completion, 0 to 1").fill("known(vehicle) / 0");
  await page
    .getByRole("region", { name: "This has to be put right before it can be saved" })
    .getByText("a divisor that is not 0")
    .waitFor();
  assert.ok(await page.getByRole("button", { name: "Save as a new version" }).isDisabled());
  await page.getByLabel("Completion, 0 to 1").fill("");
  await page.getByRole("region", { name: /^This has to be put right/ }).waitFor({ state: "detached" });
  await shot(page, "schemas-fields");
  assert.deepEqual(await violations(page), []);

  await page.getByRole("button", { name: "Look at the past" }).click();
  await page.getByRole("row", { name: /^Courtesy car 0 of/ }).waitFor();
  await page.getByRole("button", { name: "Save as a new version" }).click();
  await page.getByText("Version 2", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Fill past conversations" }).click();
  await page
    .getByText(/values? (was|were) filled/)
    .first()
    .waitFor();
  await shot(page, "schemas-saved");
  // Whether the past was ever filled is asked first; the browser notes each "it was not".
  assert.deepEqual(
    errors.filter((text) => !/status of 404/.test(text)),
    [],
  );
  await context.close();
});

test("of two editors who save at once the second sees both and chooses", async () => {
  const first = await atTheDesk("/schemas");
  const second = await atTheDesk("/schemas");
  for (const [{ page }, name] of [
    [first, "Which car"],
    [second, "Car or van"],
  ]) {
    await page.getByRole("button", { name: /^Vehicle / }).click();
    await page.getByLabel("Name", { exact: true }).fill(name);
  }
  await first.page.getByRole("button", { name: "Save as a new version" }).click();
  await first.page.getByText("Saved as version").first().waitFor();
  await second.page.getByRole("button", { name: "Save as a new version" }).click();
  const both = second.page.getByRole("alert", { name: /^A colleague saved version/ });
  await both.getByText("Car or van").waitFor();
  await shot(second.page, "schemas-stale");
  assert.deepEqual(await violations(second.page), []);
  await both.getByRole("button", { name: "Keep mine and save over it" }).click();
  await both.waitFor({ state: "detached" });
  await second.page.getByRole("button", { name: /^Car or van / }).waitFor();
  await first.context.close();
  await second.context.close();
});

test("the workflow is a table and a diagram, and the board moves what the workflow allows", async () => {
  const flow = await atTheDesk("/schemas?tab=workflow");
  const { page } = flow;
  await page.getByRole("heading", { name: "States" }).waitFor();
  await page.getByLabel(/^The workflow as a diagram/).waitFor();
  await shot(page, "schemas-workflow");
  assert.deepEqual(await violations(page), []);
  const moves = page.getByRole("combobox", { name: /^Who may of the move/ });
  const before = await moves.count();
  await page.getByRole("button", { name: "Add a state" }).click();
  await eventually(async () => (await moves.count()) === before + 1);
  await page.getByRole("button", { name: "Remove New state" }).click();
  await eventually(async () => (await moves.count()) === before);

  await page.getByRole("link", { name: "Board" }).click();
  const board = page.getByRole("region", { name: "Board" });
  const column = (label) => board.getByRole("region", { name: new RegExp(`^${label}: `) });
  const count = async (label) =>
    Number(/(\d+) in this/.exec(await column(label).getAttribute("aria-label"))[1]);
  await board
    .getByRole("combobox", { name: /^Move .* to$/ })
    .first()
    .waitFor();
  await shot(page, "schemas-board");
  assert.deepEqual(await violations(page), []);
  const chooser = board.getByRole("combobox", { name: /^Move .* to$/ }).first();
  const to = await chooser.locator("option").nth(1).textContent();
  const name = await chooser.getAttribute("aria-label");
  const was = await count(to);
  await chooser.selectOption({ index: 1 });
  await eventually(async () => (await count(to)) === was + 1);
  await column(to).getByRole("combobox", { name }).first().waitFor();

  await page.getByRole("link", { name: "Figures" }).click();
  await page.getByRole("heading", { name: "Time in status" }).waitFor();
  await page
    .getByRole("row", { name: /\d+ of \d+/ })
    .first()
    .waitFor();
  await shot(page, "schemas-figures");
  assert.deepEqual(await violations(page), []);
  await flow.context.close();
});

test("the pages hold on a phone and in the dark", async () => {
  const { page, context } = await atTheDesk("/schemas", { ...phone, colorScheme: "dark" });
  for (const tab of ["fields", "workflow", "board", "figures"]) {
    await page.goto(`${hub.url}/app/schemas?tab=${tab}`);
    await page.getByRole("heading", { level: 3 }).first().waitFor();
    await shot(page, `schemas-phone-${tab}`);
    assert.deepEqual(await violations(page), [], tab);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${tab} is ${wide} px too wide`);
  }
  await context.close();
});

test("a field shows every change, and one click goes back", async () => {
  const listed = await desk.call("GET", "/v1/conversations?view=all&limit=50");
  const conversation = listed.items[0].id;
  const path = `/v1/conversations/${conversation}/context/registration`;
  await desk.call("PUT", path, { value: "AB12 XYZ" });
  await desk.call("PUT", path, { value: "CD34 XYZ" });
  const { page, context } = await atTheDesk(`/inbox/${conversation}?view=all`);
  await page.getByRole("button", { name: /^Registration: / }).click();
  const sheet = page.getByRole("dialog", { name: "Registration: every change" });
  await sheet.getByText("AB12 XYZ").first().waitFor();
  await shot(page, "field-history");
  assert.deepEqual(await violations(page), []);
  await sheet
    .getByRole("button", { name: /^Back to this.*AB12 XYZ/ })
    .first()
    .click();
  await eventually(async () => {
    const context = await desk.call("GET", `/v1/conversations/${conversation}/context`);
    const field = context.records[0].fields.find((one) => one.key === "registration");
    return field.value === "AB12 XYZ";
  });
  await context.close();
});
