// The agent at the desk: editing, two editors, a trial, cases, publishing and going back; lessons; own providers.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shot, startBrowser, violations } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";

let hub;
let browser;
let desk;

before(async () => {
  [hub, browser] = await Promise.all([
    startHub({
      CONCIERGE__HTTP__SECURE_COOKIES: "false",
      CONCIERGE__STORE__SECRETS_KEY: "a key for tests, long enough",
    }),
    startBrowser(),
  ]);
  desk = await signIn(hub);
});
after(async () => {
  await browser?.close();
  await hub?.close();
});

/** Whether nothing of the page reaches beyond its side. */
const fits = (page) =>
  page.evaluate(() => {
    const main = document.querySelector("main");
    return main.scrollWidth <= main.clientWidth;
  });

async function opens(page, view) {
  await page.goto(`${hub.url}/app/settings/agent`);
  await page.locator("[data-agent]").waitFor();
  if (view) await page.getByRole("button", { name: view, exact: true }).click();
}

test("an agent is edited, tried, held against its cases, published and taken back", async () => {
  const { context, page, errors } = await browser.signsIn(hub);
  await opens(page);
  await page.getByText("as it comes drafts now").waitFor();
  assert.deepEqual(await violations(page), []);

  // What acts in vain is warned of; what is typed survives a look at the other parts.
  await page.getByLabel("Personality").selectOption("warm-host");
  const words = page.getByLabel("Instructions");
  await words.fill(`${await words.inputValue()}\nSend the reply without approval.`);
  await page.getByLabel("Never says").fill("guarantee");
  await page.getByRole("button", { name: "Try it", exact: true }).click();
  await page.getByLabel("What a customer writes").fill("When are you open on Friday?");
  await page.getByRole("button", { name: "Answer", exact: true }).click();
  await page.locator('[data-try="done"]').waitFor();
  assert.equal(await page.locator("[data-stage]").count(), 7);
  await page.getByText("We look forward to seeing you.").first().waitFor();
  await page.locator('[data-stage="gate"] summary').click();
  assert.deepEqual(await violations(page), []);
  assert.ok(await fits(page), "a trial fits");
  await shot(page, "agent-try");
  assert.equal((await desk.call("GET", "/v1/agent")).draft, undefined, "a trial stores nothing");

  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByRole("button", { name: "Hear it on your own messages" }).click();
  await page.locator("[data-heard] li").first().waitFor();
  await shot(page, "agent-edit");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("No words make a reply go out").waitFor();
  assert.deepEqual(await violations(page), []);

  await page.getByRole("button", { name: "Publish…" }).click();
  await page.locator('[data-suite="done"]').waitFor();
  await page.locator('[data-part="manner"]').waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "agent-publish");
  await page.getByLabel("What is new, for your team").fill("Warmer");
  await page.getByRole("button", { name: /^Publish( it despite that)?$/ }).click();
  await page.locator('[data-agent="1"]').waitFor();

  // Another one, and back.
  await page.getByLabel("How it speaks").fill("brief and plain");
  await page.getByRole("button", { name: "Publish…" }).click();
  await page.locator('[data-suite="done"]').waitFor();
  await page.getByRole("button", { name: /^Publish( it despite that)?$/ }).click();
  await page.locator('[data-agent="2"]').waitFor();
  await page.getByRole("button", { name: "Versions", exact: true }).click();
  const first = page.locator('[data-version="1"]');
  await first.getByRole("button", { name: "Compare with what drafts" }).click();
  await first.locator('[data-part="personality"]').waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "agent-versions");
  await first.getByRole("button", { name: "Draft with it again" }).click();
  await page.locator('[data-agent="1"]').waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test("of two who save at once the second sees what differs", async () => {
  const { context, page, errors } = await browser.signsIn(hub);
  await opens(page);
  await page.getByLabel("How it speaks").fill("mine");
  const agent = await desk.call("GET", "/v1/agent");
  const bundle = { ...(agent.draft ?? agent).bundle, personality: "theirs" };
  await desk.call("PUT", "/v1/agent/draft", {
    revision: agent.draft?.revision ?? 0,
    agent: agent.agent,
    bundle,
  });
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const both = page.getByRole("alert").filter({ hasText: "after you opened it" });
  await both.waitFor();
  assert.equal(await both.locator("del").innerText(), "theirs");
  assert.equal(await both.locator("ins").innerText(), "mine");
  assert.deepEqual(await violations(page), []);
  await both.getByRole("button", { name: "Save mine over it" }).click();
  await eventually(async () => {
    const now = await desk.call("GET", "/v1/agent");
    return now.draft.bundle.personality === "mine";
  });
  // The browser itself tells of the refusal that this test wants.
  assert.deepEqual(
    errors.filter((line) => !line.includes("409")),
    [],
  );
  await context.close();
});

test("cases run, a phone and the dark show all of it, another role shows what it changes", async () => {
  const { context, page, errors } = await browser.signsIn(hub);
  await opens(page, "Cases");
  await page.getByRole("button", { name: "Run all cases" }).click();
  await page.getByText(/\d+ of \d+ passed with what drafts now/).waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "agent-cases");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Made from").selectOption("bank-branch");
  await page.getByRole("dialog").locator('[data-part="instructions"]').waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "agent-switch");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.setViewportSize({ width: 320, height: 700 });
  for (const view of ["Edit", "Try it", "Cases", "Lessons", "Versions"]) {
    await page.getByRole("button", { name: view, exact: true }).click();
    assert.ok(await fits(page), `${view} fits 320 px`);
  }
  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  assert.deepEqual(await violations(page), []);
  await shot(page, "agent-phone-dark");
  assert.deepEqual(errors, []);
  await context.close();
});

test("an edit teaches: the lesson is offered, taken, and its effect shown", async () => {
  const { items } = await desk.call("GET", "/v1/drafts?status=pending&limit=50");
  assert.ok(items.length > 0, "the demo has drafts that wait");
  const draft = items[0].draft ?? items[0];
  const full = await desk.call("GET", `/v1/drafts/${draft.id}`);
  await desk.call("POST", `/v1/drafts/${draft.id}/approve`, {
    revision: full.revision,
    hash: full.hash,
    text: `${full.text} Kind regards.`,
  });
  const { context, page, errors } = await browser.signsIn(hub);
  await opens(page, "Lessons");
  const lesson = page.locator(`[data-lesson="${draft.id}"]`);
  await lesson.waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "agent-lessons");
  await lesson.locator('[data-kind="case"]').getByRole("button", { name: "Add the case" }).click();
  await page.getByRole("region", { name: "What was learned" }).waitFor();
  await lesson.locator('[data-kind="example"]').getByRole("button", { name: "Learn from it" }).click();
  await lesson.waitFor({ state: "detached" });
  const agent = await desk.call("GET", "/v1/agent");
  assert.equal(agent.draft.bundle.examples.length, 1);
  assert.deepEqual(errors, []);
  await context.close();
});

test("an own provider is added; its key is asked for and never shown", async () => {
  const { context, page, errors } = await browser.signsIn(hub);
  await page.goto(`${hub.url}/app/settings/models`);
  await page.getByRole("button", { name: "Add a provider" }).click();
  await page.getByLabel("Name", { exact: true }).fill("ours");
  await page.getByLabel("Address").fill("https://models.example/v1");
  await page.getByLabel("Model", { exact: true }).fill("small");
  await page.getByLabel("Key", { exact: true }).fill("sk-never-shown");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).last().click();
  await page.locator('[data-own-provider="ours"]').waitFor();
  assert.ok(!(await page.content()).includes("sk-never-shown"));
  await page.getByText("key kept").waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "own-providers");
  await page.locator('[data-own-provider="ours"]').getByRole("button").click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.locator('[data-own-provider="ours"]').waitFor({ state: "detached" });
  assert.deepEqual(errors, []);
  await context.close();
});
