// The script tag of a host page: draws the launcher and fetches the chat when somebody wants it.
// It stores nothing, opens nothing, and whatever fails in it leaves the page alone.
import type { Widget } from "./chat.tsx";

declare const __CHAT__: string;

type Call = readonly [keyof Widget, ...unknown[]];
type Concierge = ((...call: Call) => void) & { q?: ArrayLike<unknown>[] };

const css = `:host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset:auto 0 0 auto!important;display:block!important}
.l{all:unset;box-sizing:border-box;position:fixed;inset-block-end:max(20px,env(safe-area-inset-bottom));right:20px;width:56px;height:56px;border-radius:50%;display:grid;place-items:center;cursor:pointer;--a:var(--cg-accent,var(--own-accent,#0d5c49));background:var(--a);color:#fff;color:var(--cg-on-accent,oklch(from var(--a) clamp(0,(.565 - l)*1000,1) 0 0));box-shadow:0 1px 2px #0003,0 10px 28px -8px #0006;transition:transform .18s cubic-bezier(.2,.8,.2,1)}
:host([data-side=left]) .l{right:auto;left:20px}
.l:hover{transform:translateY(-2px)}
.l:focus-visible{outline:3px solid var(--a);outline-offset:3px}
.l[hidden]{display:none}
.l::after{content:attr(data-unread);position:absolute;inset:-3px -3px auto auto;min-width:20px;height:20px;border-radius:10px;background:#b3261e;color:#fff;font:600 12px/20px system-ui,sans-serif;text-align:center;box-shadow:0 0 0 2px #fff}
.l:not([data-unread])::after,.l[data-unread=""]::after{display:none}
.l svg{width:26px;height:26px;fill:currentColor;transition:transform .18s}
.l[aria-expanded=true] svg{transform:rotate(-12deg)}
@media (max-width:640px){.l[aria-expanded=true]{display:none}}
@media (prefers-reduced-motion:reduce){.l,.l svg{transition:none}}`;

const bell =
  "M3.5 16.4a8.5 8.5 0 0 1 17 0zM3.3 18h17.4a1.2 1.2 0 0 1 0 2.4H3.3a1.2 1.2 0 0 1 0-2.4M12 3.6a1.9 1.9 0 1 1 0 3.8 1.9 1.9 0 0 1 0-3.8";
const labels: Record<string, string> = { de: "Schreiben Sie uns", es: "Escríbenos", ar: "تحدّث معنا" };

function start(script: HTMLScriptElement): void {
  const slug = script.dataset.key;
  if (!slug) {
    console.warn("concierge: the script tag needs data-key");
    return;
  }
  const base = new URL(script.src).origin;
  const { locale, theme, accent, side } = script.dataset;

  const host = document.createElement("div");
  host.dataset.concierge = slug;
  host.dataset.side =
    side ?? (getComputedStyle(document.documentElement).direction === "rtl" ? "left" : "right");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];

  const launcher = document.createElement("button");
  launcher.type = "button";
  launcher.className = "l";
  const lang = (locale ?? (document.documentElement.lang || navigator.language)).slice(0, 2);
  launcher.setAttribute("aria-label", labels[lang] ?? "Chat with us");
  launcher.setAttribute("aria-expanded", "false");
  if (accent) launcher.style.setProperty("--own-accent", accent);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", bell);
  svg.append(path);
  launcher.append(svg);
  root.append(launcher);

  let gone = false;
  let widget: Promise<Widget> | undefined;
  const load = (): Promise<Widget> => {
    widget ??= import(/* @vite-ignore */ `${base}/${__CHAT__}`)
      .then((chat: typeof import("./chat.tsx")) => chat.mount({ base, slug, root, launcher, locale, theme }))
      .catch((error) => {
        widget = undefined;
        throw error;
      });
    return widget;
  };
  const call = (...[verb, ...values]: Call): void => {
    if (verb === "shutdown") gone = true;
    load()
      .then((loaded) => (loaded[verb] as (...given: unknown[]) => void)?.(...values))
      .catch((error) => console.warn("concierge:", error));
  };

  launcher.addEventListener("click", () => call("toggle"));
  for (const hint of ["pointerenter", "focus"])
    launcher.addEventListener(hint, () => void load().catch(() => {}), { once: true });

  const put = (): void => {
    if (!gone && !host.isConnected) document.body?.append(host);
  };
  put();
  // A host page that empties its body takes the widget with it.
  new MutationObserver(put).observe(document.documentElement, { childList: true, subtree: true });

  const before = (window as { concierge?: Concierge }).concierge?.q ?? [];
  (window as { concierge?: Concierge }).concierge = call;
  for (const waiting of before) call(...(Array.from(waiting) as unknown as Call));

  // Somebody who has written before wants to hear about answers.
  try {
    if (localStorage.getItem(`concierge:${slug}`))
      ("requestIdleCallback" in window ? requestIdleCallback : setTimeout)(() => call("resume"));
  } catch {
    // A page without storage has nothing to go on with.
  }
}

try {
  const script = document.currentScript;
  if (script instanceof HTMLScriptElement) start(script);
} catch (error) {
  console.warn("concierge:", error);
}
