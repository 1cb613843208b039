/** @jsxImportSource preact */
// The chat itself, loaded when the visitor first wants it. The loader gave it a shadow root with the
// launcher in it.
import { render } from "preact";
import css from "./chat.css?inline";
import { type Chat, createChat, type Identity } from "./model.ts";
import { setLanguage } from "./view/hooks.ts";
import { style } from "./view/lazy.ts";
import { Panel } from "./view/panel.tsx";
import { fill, type Language, speak } from "./words.ts";

export type Shell = {
  readonly base: string;
  readonly slug: string;
  readonly root: ShadowRoot;
  readonly launcher: HTMLButtonElement;
  readonly locale: string | undefined;
  readonly theme: string | undefined;
};

export type Widget = {
  readonly open: () => void;
  readonly close: () => void;
  readonly toggle: () => void;
  readonly resume: () => void;
  readonly identify: (who: Identity) => void;
  readonly locale: (locale: string) => Promise<void>;
  readonly theme: (theme: string) => void;
  readonly prefill: (text: string) => void;
  readonly on: (event: string, hear: (value: unknown) => void) => void;
  readonly shutdown: () => void;
};

export async function mount(shell: Shell): Promise<Widget> {
  const { root, launcher } = shell;
  const wanted = [shell.locale, document.documentElement.lang, navigator.language];
  let language: Language = await speak(wanted);
  let open = false;
  let prefill: { readonly text: string } | undefined;
  let told = -1;
  let worn: string | undefined;
  const hears = new Map<string, Set<(value: unknown) => void>>();

  style(root, css);
  const box = document.createElement("div");
  box.className = "cg-root";
  root.prepend(box);

  const chat: Chat = createChat({ base: shell.base, slug: shell.slug, locale: language.locale });

  function paint(): void {
    render(<Panel chat={chat} open={open} onClose={close} {...(prefill ? { prefill } : {})} />, box);
  }

  function speakIt(to: Language): void {
    language = to;
    setLanguage(to);
    box.dir = to.dir;
    box.lang = to.lang;
    paint();
    dress();
  }

  function dress(): void {
    const state = chat.state();
    // Setting it (or `dir`) again, even to the same, makes the browser look at every row again.
    const accent = state.workspace?.accent;
    if (accent && accent !== worn) {
      worn = accent;
      for (const element of [box, launcher]) element.style.setProperty("--own-accent", accent);
    }
    launcher.hidden = state.trouble === "blocked";
    if (state.trouble === "blocked" && open) close();
    const unread = open ? 0 : chat.unread();
    launcher.dataset.unread = unread > 0 ? String(Math.min(unread, 99)) : "";
    launcher.setAttribute(
      "aria-label",
      open
        ? language.words.close
        : unread > 0
          ? fill(language.words.openUnread, { n: unread })
          : language.words.open,
    );
    if (unread !== told) {
      told = unread;
      tell("unread", unread);
    }
  }

  function tell(event: string, value: unknown): void {
    for (const hear of hears.get(event) ?? [])
      try {
        hear(value);
      } catch (error) {
        console.error(error);
      }
  }

  function show(to: boolean): void {
    if (open === to) return;
    open = to;
    launcher.setAttribute("aria-expanded", String(to));
    (root.host as HTMLElement).dataset.open = to ? "" : "no";
    paint();
    dress();
    if (to) chat.resume();
    else launcher.focus();
    tell(to ? "open" : "close", undefined);
  }

  const close = (): void => show(false);

  // Keys leave a shadow tree as if pressed on the page, where one-key shortcuts would eat the typing.
  for (const type of ["keydown", "keyup", "keypress"] as const)
    root.addEventListener(type, (event) => {
      event.stopPropagation();
      if (type === "keydown" && (event as KeyboardEvent).key === "Escape") close();
    });

  const unfit = fitKeyboard(box);
  const deafen = chat.subscribe(dress);
  if (shell.theme) box.dataset.theme = shell.theme;
  speakIt(language);

  return {
    open: () => show(true),
    close,
    toggle: () => show(!open),
    resume: chat.resume,
    identify: chat.identify,
    locale: async (locale) => {
      speakIt(await speak([locale, ...wanted]));
    },
    theme: (theme) => {
      if (theme === "light" || theme === "dark") box.dataset.theme = theme;
      else delete box.dataset.theme;
    },
    prefill: (text) => {
      prefill = { text };
      show(true);
      paint();
    },
    on: (event, hear) => {
      const known = hears.get(event) ?? new Set();
      hears.set(event, known.add(hear));
      if (event === "unread") hear(Math.max(0, told));
    },
    shutdown: () => {
      deafen();
      unfit();
      chat.stop();
      render(null, box);
      root.host.remove();
    },
  };
}

/** Phones lay the keyboard over the page; the panel keeps to what is left. */
function fitKeyboard(box: HTMLElement): () => void {
  const view = window.visualViewport;
  if (!view) return () => {};
  const measure = (): void => {
    box.style.setProperty("--view", `${view.height}px`);
    box.style.setProperty("--view-top", `${view.offsetTop}px`);
  };
  measure();
  view.addEventListener("resize", measure);
  view.addEventListener("scroll", measure);
  return () => {
    view.removeEventListener("resize", measure);
    view.removeEventListener("scroll", measure);
  };
}
