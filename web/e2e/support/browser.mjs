// A real Chromium, and pages that count what goes wrong in them.
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium, devices } from "playwright-core";
import { PATIENCE } from "./hub.mjs";

const require = createRequire(import.meta.url);
const axeSource = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-default-apps",
  "--mute-audio",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
];

export const phone = (() => {
  const { defaultBrowserType: _, ...iphone } = devices["iPhone 14"];
  return iphone;
})();

/** `voice` names a WAV file that the microphone hears, once. */
export async function startBrowser({ voice } = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: voice ? [...ARGS, `--use-file-for-fake-audio-capture=${voice}%noloop`] : ARGS,
  });

  /** A visitor's browser window of their own. */
  async function visitor(options = {}) {
    const context = await browser.newContext({
      locale: "en-GB",
      reducedMotion: "reduce",
      permissions: ["microphone"],
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    return context;
  }

  /** A colleague's browser window, signed in already: it shares the session of another sign-in. */
  async function colleague(staff, options = {}) {
    const context = await visitor({ viewport: { width: 1440, height: 900 }, ...options });
    const [name, value] = staff.cookie.split("=");
    await context.addCookies([{ name, value, url: staff.url }]);
    return context;
  }

  /** A colleague who signs in through the form, as people do, and stands before the approvals. */
  async function signsIn(hub, who = "marta", options = {}) {
    const context = await visitor({ viewport: { width: 1440, height: 900 }, ...options });
    const { page, errors } = await openPage(context, `${hub.url}/app`);
    await page.getByLabel("E-mail").fill(`${who}@northgate.example`);
    await page.getByLabel("Password").fill("concierge-demo");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Approvals", level: 1 }).waitFor();
    // Asking for the session of nobody is answered with 401, which Chromium prints.
    errors.length = 0;
    return { context, page, errors };
  }

  /** A visitor on the garage's demo page, where the widget stands. */
  async function onDemo(hub, options = {}) {
    const context = await visitor(options);
    const { page, errors } = await openPage(context, `${hub.url}/demo/northgate`);
    await page.locator("[data-concierge]").waitFor({ state: "attached" });
    return { context, page, errors, widget: widgetOf(page) };
  }

  return { visitor, colleague, signsIn, onDemo, close: () => browser.close() };
}

/** Opens a page and keeps a list of its errors, so that a test can say there were none. */
export async function openPage(context, address) {
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || /Content Security|TrustedHTML/.test(message.text()))
      errors.push(message.text());
  });
  if (address) await page.goto(address);
  return { page, errors };
}

/** The widget on a host page. */
export function widgetOf(page) {
  return {
    launcher: page.getByRole("button", { name: /^(Chat with us|Schreiben|Escr|تحدّث)/ }),
    box: page.getByRole("textbox"),
    log: page.getByRole("log"),
    send: page.getByRole("button", { name: "Send", exact: true }),
    open: async () => {
      await page.getByRole("button", { name: /^(Chat with us|Schreiben|Escr|تحدّث)/ }).click();
      await page.getByRole("textbox").waitFor();
    },
    say: async (text) => {
      await page.getByRole("textbox").fill(text);
      await page.keyboard.press("Enter");
      await page.getByRole("log").getByText(text, { exact: true }).waitFor();
    },
    said: (text) => page.getByRole("log").getByText(text, { exact: true }),
  };
}

/** Waits until a draft may be approved by key: right after it came up, Enter still belongs to the one before. */
export const settled = (page) => page.locator(".draft[data-fresh=false][aria-busy=false]").waitFor();

/** Waits until the desk's line is there: what is pressed now reaches the hub. */
export const online = (page) => page.locator("[data-link=online]").waitFor();

/** What axe finds wrong by WCAG 2.2 AA and its best practices. */
export async function violations(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    // A colour in the middle of its change is nobody's colour; what a page hears of the system's colours it
    // shows in the next frame.
    const frame = () => new Promise((shown) => requestAnimationFrame(shown));
    await frame();
    await frame();
    const changing = document.getAnimations().filter((one) => one.playState === "running");
    const ending = changing.filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime));
    await Promise.allSettled(ending.map((one) => one.finished));
    const { violations } = await globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return violations.map(
      (one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(" | ")}`,
    );
  });
  return found;
}

/** Keeps a picture for human eyes when SHOTS names a folder. */
export async function shot(page, name) {
  const folder = process.env.SHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** A customer of the garage asks over a socket of any page of the hub; gives the conversation. */
export async function asksFrom(page, hub, body, name = "Guest") {
  const opened = await fetch(`${hub.url}/v1/widget/northgate/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const { token } = await opened.json();
  return page.evaluate(
    ({ token, body }) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/socket?as=visitor`);
        const say = (ref, command) => socket.send(JSON.stringify({ ref, ...command }));
        socket.onopen = () => say("hello", { cmd: "hello", token });
        socket.onerror = () => reject(new Error("no socket"));
        socket.onmessage = ({ data }) => {
          const frame = JSON.parse(data);
          if (frame.ref === "hello") say("send", { cmd: "send", client_id: crypto.randomUUID(), body });
          if (frame.ref !== "send") return;
          socket.close();
          const found = /cnv_[0-9A-Z]{26}/.exec(data);
          if (found) resolve(found[0]);
          else reject(new Error(data));
        };
      }),
    { token, body },
  );
}
