// Two people, one conversation, and a line that is cut in the middle of each step: a message and an
// answer on their way are lost, and everything heals without loss or doubles.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { online, openPage, settled, startBrowser } from "./support/browser.mjs";
import { eventually, signIn, startHub } from "./support/hub.mjs";
import { startLine } from "./support/line.mjs";

let hub;
let browser;
let desk;
/** The customer's line and the colleague's. */
let theirs;
let ours;

before(async () => {
  [hub, browser] = await Promise.all([
    // Drafts are written slowly, so that there is a middle to cut.
    startHub({ CONCIERGE__HTTP__SECURE_COOKIES: "false", CONCIERGE__PIPELINE__WORD_MS: "60" }),
    startBrowser(),
  ]);
  [theirs, ours] = await Promise.all([startLine(hub), startLine(hub)]);
  desk = await signIn(hub);
});
after(async () => {
  await browser?.close();
  await Promise.all([theirs?.close(), ours?.close()]);
  await hub?.close();
});

async function aCustomer() {
  const opened = await browser.onDemo(theirs);
  await opened.widget.open();
  return opened;
}

async function aColleague(path) {
  const context = await browser.colleague(desk);
  const { page } = await openPage(context, ours.url + path);
  return { context, page };
}

const messages = async ({ id }, body) =>
  (await desk.entries(id)).filter((entry) => entry.content.kind === "message" && entry.body === body);

/** The finished draft, whoever looks at it. */
const draftOf = async ({ id }) => {
  const { items } = await desk.call("GET", "/v1/drafts?status=pending&limit=100");
  return items.find(({ draft }) => draft.conversation === id && draft.status === "pending")?.draft;
};

const approvable = (page) =>
  page
    .getByRole("button", { name: /^Approve/ })
    .and(page.locator(":enabled"))
    .waitFor();

for (const [what, hurt] of Object.entries({
  "the answer to it": () => theirs.deaf(),
  "the message itself": () => theirs.mute(),
}))
  test(`a customer's message comes once when ${what} is lost`, async () => {
    const { context, page, widget } = await aCustomer();
    await widget.say(`Before, ${what}`);
    const conversation = await desk.conversationWith(`Before, ${what}`);
    await page.getByText(/^(Sent|Seen)$/).waitFor();
    hurt();
    await widget.say(`Lost: ${what}`);
    if (what === "the answer to it")
      await eventually(
        async () => (await messages(conversation, `Lost: ${what}`)).length === 1,
        "the message",
      );
    else await page.getByText("Sending", { exact: true }).waitFor();
    theirs.mend();
    await widget.say(`After, ${what}`);
    await eventually(
      async () => (await messages(conversation, `After, ${what}`)).length === 1,
      "the next one",
    );
    assert.equal((await messages(conversation, `Lost: ${what}`)).length, 1);
    for (const text of [`Before, ${what}`, `Lost: ${what}`, `After, ${what}`])
      assert.equal(await widget.said(text).count(), 1, text);
    await page.getByText(/^(Sent|Seen)$/).waitFor();
    await context.close();
  });

test("the draft streams, is edited, approved and read, and at each step the line is cut", async () => {
  const guest = await aCustomer();
  await guest.widget.say("What does a brake check cost for my Polo?");
  const conversation = await desk.conversationWith("brake check cost for my Polo");
  const { context, page } = await aColleague(`/app/inbox/${conversation.id}`);
  const text = page.getByTestId("draft-text");

  // While it streams: the rest is there when the line is back.
  await text
    .getByText(/\w+ \w+/)
    .first()
    .waitFor();
  ours.cut();
  const draft = await eventually(() => draftOf(conversation), "the finished draft");
  ours.mend();
  await approvable(page);
  // The sheet numbers the sources, so letters are compared.
  const letters = (words) => words.replace(/[^a-z]/gi, "");
  const shown = await text.evaluate((element) => element.textContent);
  assert.equal(letters(shown), letters(draft.text), "the whole draft, once");

  // While it is edited: the hub has the words, its answer is lost, more words follow.
  await online(page);
  await settled(page);
  await page.keyboard.press("e");
  const editor = page.getByRole("textbox", { name: "Edit the draft" });
  ours.deaf();
  await editor.fill("A brake check is £89");
  await eventually(
    async () => (await draftOf(conversation))?.edited_text === "A brake check is £89",
    "the edit",
  );
  ours.mend();
  await editor.fill("A brake check is £89 and takes 40 minutes.");
  await eventually(
    async () => (await draftOf(conversation))?.edited_text === "A brake check is £89 and takes 40 minutes.",
    "the whole edit",
  );
  await page.keyboard.press("Escape");

  // While it is approved: it is, but nobody says so; pressed again it is still sent once.
  await online(page);
  await settled(page);
  ours.deaf();
  await page.keyboard.press("Shift+Enter");
  await eventually(
    async () => (await desk.call("GET", `/v1/drafts/${draft.id}`)).status !== "pending",
    "approval",
  );
  ours.mend();
  await online(page);
  await page.keyboard.press("Shift+Enter");

  // While it is read: the reply comes into a dead line.
  theirs.cut();
  const sent = "A brake check is £89 and takes 40 minutes.";
  await eventually(async () => (await messages(conversation, sent)).length === 1, "the reply");
  theirs.mend();
  await guest.widget.said(sent).waitFor();
  assert.equal(await guest.widget.said(sent).count(), 1);
  await page.getByRole("log").getByText(sent, { exact: true }).waitFor();
  assert.equal(await page.getByRole("log").getByText(sent, { exact: true }).count(), 1);
  const decided = (await desk.entries(conversation.id)).filter(
    ({ content }) => content.kind === "draft_decided" && content.decision.startsWith("approved"),
  );
  assert.equal(decided.length, 1, "approved once");
  assert.equal((await messages(conversation, sent)).length, 1, "sent once");

  // And the customer's reading reaches the desk over the healed lines.
  await page.getByRole("log").getByText("Seen").first().waitFor();
  await context.close();
  await guest.context.close();
});

test("the hub restarts while a colleague types: the words stay and are kept", async () => {
  // Whatever the test before left.
  theirs.mend();
  ours.mend();
  const guest = await aCustomer();
  await guest.widget.say("Do you change tyres on a Fiesta?");
  const conversation = await desk.conversationWith("tyres on a Fiesta");
  await desk.draft(conversation.id);
  const { context, page } = await aColleague(`/app/inbox/${conversation.id}`);
  await approvable(page);
  await page.keyboard.press("e");
  const editor = page.getByRole("textbox", { name: "Edit the draft" });
  await editor.fill("Yes, we");
  await hub.stop();
  await editor.pressSequentially(" change tyres");
  await hub.start();
  await editor.pressSequentially(" on a Fiesta.");
  await eventually(
    async () => (await draftOf(conversation))?.edited_text === "Yes, we change tyres on a Fiesta.",
    "the words after the restart",
  );
  assert.equal(await editor.inputValue(), "Yes, we change tyres on a Fiesta.");
  await context.close();
  await guest.context.close();
});
