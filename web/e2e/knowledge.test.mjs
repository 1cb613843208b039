// The knowledge base in the console: documents come, are read, cited, compared and deleted.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { openPage, phone, shot, startBrowser, violations, widgetOf } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";
import { docx, pdf } from "./support/papers.mjs";

let hub;
let browser;
let desk;
let site;

before(async () => {
  site = await startSite();
  [hub, browser] = await Promise.all([
    startHub({
      CONCIERGE__HTTP__SECURE_COOKIES: "false",
      CONCIERGE__KNOWLEDGE__REACHABLE_HOSTS: `127.0.0.1:${site.port}`,
    }),
    startBrowser(),
  ]);
  desk = await signIn(hub);
});
after(async () => {
  await browser?.close();
  await hub?.close();
  await site?.close();
});

/** A web site with one page. */
async function startSite() {
  const site = { text: "A surfboard costs 30 pounds a day." };
  const server = createServer((request, response) => {
    const found = request.url === "/help/boards";
    response.writeHead(found ? 200 : 404, { "content-type": "text/html" });
    response.end(found ? `<!doctype html><title>Surfboards</title><main><p>${site.text}</p></main>` : "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  site.port = server.address().port;
  site.close = () => new Promise((resolve) => server.close(resolve));
  return site;
}

async function atTheDesk(path, options = {}) {
  const context = await browser.colleague(desk, options);
  return { context, ...(await openPage(context, `${hub.url}${path}`)) };
}

const file = (name, buffer) => ({ name, mimeType: "application/octet-stream", buffer });

/** Asks as a customer and gives the draft that answers. */
async function askAsCustomer(text) {
  const context = await browser.visitor({ viewport: { width: 900, height: 800 } });
  const { page } = await openPage(context, `${hub.url}/demo/northgate`);
  const widget = widgetOf(page);
  await widget.open();
  await widget.say(text);
  const draft = await desk.draft((await desk.conversationWith(text)).id);
  await context.close();
  return draft;
}

test("a PDF and a DOCX are uploaded, found within seconds, cited, and gone at once when deleted", async (t) => {
  const { context, page, errors } = await atTheDesk("/app/knowledge/add");
  await page
    .getByLabel("Documents", { exact: true })
    .and(page.locator("input"))
    .setInputFiles([
      file(
        "bike-hire.pdf",
        pdf(["Bike hire\nA cargo bike costs 41 pounds a day.", "Helmets\nA helmet is free."]),
      ),
      file("canoes.docx", docx(["A canoe for two costs 27 pounds an hour, paddles included."])),
    ]);
  const list = page.getByRole("region", { name: "Documents" }).first();
  const started = performance.now();
  await list.getByRole("link", { name: /Bike hire.*read (just now|\d)/ }).waitFor();
  await list.getByRole("link", { name: /Canoes.*read (just now|\d)/ }).waitFor();
  t.diagnostic(`both were read after ${Math.round(performance.now() - started)} ms`);
  await shot(page, "knowledge-uploaded");

  await page.getByRole("searchbox").first().fill("what does a canoe cost");
  await list.getByText("A canoe for two costs 27 pounds").waitFor();
  await page.getByRole("searchbox").first().fill("");

  const draft = await askAsCustomer("How much is a cargo bike per day?");
  assert.equal(draft.citations[0]?.title, "Bike hire");
  await list.getByRole("link", { name: /Bike hire/ }).click();
  await page.getByText("A cargo bike costs 41 pounds a day.").waitFor();
  await page.getByRole("button", { name: "What the agent sees" }).click();
  await page.getByText(/passages are searched/).waitFor();
  await shot(page, "knowledge-seen");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Used in" }).click();
  await page.getByText("1 draft rests on this document").waitFor();
  await shot(page, "knowledge-uses");
  assert.deepEqual(await violations(page), []);

  page.on("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "More for this document" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await list.getByRole("link", { name: /Bike hire/ }).waitFor({ state: "detached" });
  const after = await askAsCustomer("And what is the price of a cargo bike for one day?");
  assert.ok(after.citations.every((citation) => citation.title !== "Bike hire"));
  assert.ok(!after.text.includes("41"));
  assert.deepEqual(errors, []);
  await context.close();
});

test("a document that cannot be read says why, and a new version can be compared and taken back", async () => {
  const { context, page, errors } = await atTheDesk("/app/knowledge/add");
  const picker = page.getByLabel("Documents", { exact: true }).and(page.locator("input"));
  const list = page.getByRole("region", { name: "Documents" }).first();
  await picker.setInputFiles([
    file("scan.pdf", pdf([""])),
    file("photo.pdf", Buffer.from("\x89PNG\r\n\x1a\n0000", "latin1")),
  ]);
  await list.getByRole("link", { name: /Scan.*only pictures/ }).click();
  await page
    .getByRole("alert")
    .getByText(/Upload a version with text/)
    .waitFor();
  await list.getByText(/photo\.pdf/).waitFor();
  await shot(page, "knowledge-failed");
  assert.deepEqual(await violations(page), []);
  await list.getByRole("button", { name: "Dismiss photo.pdf" }).click();

  await page.goto(`${hub.url}/app/knowledge/add`);
  await picker.setInputFiles(
    file("tariff.txt", Buffer.from("# Tariff\n\nA wash costs 9 pounds.\n\nA polish costs 40 pounds.")),
  );
  // By keyboard: the row above goes away at about now, and a pointer may meet another one.
  await list.getByRole("link", { name: /Tariff.*read/ }).press("Enter");
  await page.waitForURL(/\/knowledge\/doc_/);
  await page.getByRole("button", { name: "More for this document" }).waitFor();
  await page
    .getByLabel("Upload a new version")
    .setInputFiles(
      file("tariff-2.txt", Buffer.from("# Tariff\n\nA wash costs 11 pounds.\n\nA polish costs 40 pounds.")),
    );
  await page.getByText("A wash costs 11 pounds.").waitFor();
  await page.getByRole("button", { name: "Versions" }).click();
  await page.getByRole("button", { name: "Show changes" }).click();
  await page.getByRole("deletion").getByText("A wash costs 9 pounds.").waitFor();
  await page.getByRole("insertion").getByText("A wash costs 11 pounds.").waitFor();
  await shot(page, "knowledge-versions");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Bring version 1 back" }).click();
  await page.getByText("Version 3", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Text", exact: true }).click();
  await page.getByText("A wash costs 9 pounds.").waitFor();
  assert.deepEqual(
    errors.filter((error) => !error.includes("415")),
    [],
  );
  await context.close();
});

test("a page of the web is added, read again, and an inner address is refused", async () => {
  const { context, page } = await atTheDesk("/app/knowledge/add");
  await page.getByLabel("Address").fill(`http://127.0.0.1:${site.port}/help/boards`);
  await shot(page, "knowledge-add");
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Enter");
  await page.getByText("A surfboard costs 30 pounds a day.").waitFor();
  site.text = "A surfboard costs 35 pounds a day.";
  await page.getByRole("button", { name: "More for this document" }).click();
  await page.getByRole("menuitem", { name: "Read the page again" }).click();
  await page.getByText("A surfboard costs 35 pounds a day.").waitFor();
  await page.goto(`${hub.url}/app/knowledge/add`);
  await page.getByLabel("Address").fill("http://169.254.169.254/latest/");
  await page.keyboard.press("Enter");
  await page
    .getByRole("alert")
    .getByText(/inside a private network/)
    .waitFor();
  await context.close();
});

test("a question without an answer becomes an article and is closed", async () => {
  for (const question of ["Do you rent roof boxes?", "Do you also rent a roof box?"])
    await askAsCustomer(question);
  const { context, page, errors } = await atTheDesk("/app/knowledge/gaps");
  await page.getByText("Do you rent roof boxes?").waitFor();
  await page.getByTitle("Asked 2 times").waitFor();
  await page.getByRole("button", { name: "In customers’ words" }).first().click();
  await page.getByText("Do you also rent a roof box?").waitFor();
  await shot(page, "knowledge-gaps");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("link", { name: "Write an article" }).first().click();
  const text = page.getByLabel("Text", { exact: true });
  await eventually(
    async () => (await text.inputValue()) === "## Do you rent roof boxes?\n\n",
    "the question in the article",
  );
  await text.press("End");
  await text.fill("## Do you rent roof boxes?\n\nYes, a roof box costs 8 pounds a day.");
  await shot(page, "knowledge-editor");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Yes, a roof box costs 8 pounds a day.", { exact: true }).waitFor();
  await eventually(
    async () =>
      (await desk.call("GET", "/v1/knowledge/gaps")).items.every((gap) => !gap.question.includes("roof")),
    "the end of the open question",
  );
  const draft = await askAsCustomer("Could you tell me whether you rent roof boxes?");
  assert.match(draft.text, /8 pounds/);
  assert.deepEqual(errors, []);
  await context.close();
});

for (const [name, options] of [
  ["dark", { colorScheme: "dark" }],
  ["phone", phone],
  ["rtl", { locale: "ar" }],
]) {
  test(`every screen of it stands, ${name}`, async () => {
    const { context, page, errors } = await atTheDesk("/app/knowledge", options);
    const { items } = await desk.call("GET", "/v1/knowledge/documents");
    for (const [screen, path] of [
      ["list", ""],
      ["add", "/add"],
      ["gaps", "/gaps"],
      ["intents", "/intents"],
      ["new", "/new"],
      ["document", `/${items[0].id}`],
    ]) {
      await page.goto(`${hub.url}/app/knowledge${path}`);
      await page.waitForLoadState("networkidle");
      await eventually(() => page.locator("main").isVisible(), "the screen");
      await shot(page, `knowledge-${name}-${screen}`);
      assert.deepEqual(await violations(page), [], screen);
      assert.ok(
        await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
        `${screen}: nothing is wider than the screen`,
      );
    }
    assert.deepEqual(errors, []);
    await context.close();
  });
}

test("intents are edited, tried before they are saved, and kept", async () => {
  const { context, page, errors } = await atTheDesk("/app/knowledge/intents");
  await page.getByRole("heading", { name: "What customers want", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Add an intent" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Rent a trailer");
  assert.equal(await page.getByLabel("Key", { exact: true }).inputValue(), "rent_a_trailer");
  await page
    .getByLabel("Examples, one per line")
    .fill(
      "can I rent a trailer\nhow much is a trailer for the weekend\nI need a trailer to move a sofa\ndo you hire out trailers",
    );
  await page.getByLabel("What a customer might write").fill("is there a trailer I could borrow on Sunday");
  await page.keyboard.press("Enter");
  const tried = page.getByRole("form", { name: "Try a sentence" });
  await tried.getByText("Because it is like").waitFor();
  await tried.getByText("Rent a trailer").first().waitFor();
  await shot(page, "intents-try");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Your own list, version 1").waitFor();
  const kept = await desk.call("GET", "/v1/intents");
  assert.ok(kept.intents.some((intent) => intent.key === "rent_a_trailer" && intent.examples.length === 4));
  page.on("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Back to the agent’s list" }).click();
  await page.getByText("This list comes with your agent").waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});
