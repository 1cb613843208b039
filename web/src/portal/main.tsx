/** @jsxImportSource preact */
// The chat as a page of its own: for sites that forbid our script, as a frame (`?embed=1`), and behind
// the link or QR code on a counter.
import { render } from "preact";
import "@/kit/fonts.ts";
import css from "@/widget/chat.css?inline";
import { createChat } from "@/widget/model.ts";
import { setLanguage } from "@/widget/view/hooks.ts";
import { style } from "@/widget/view/lazy.ts";
import { Panel } from "@/widget/view/panel.tsx";
import { speak } from "@/widget/words.ts";
import "./portal.css";

async function start(box: HTMLElement): Promise<void> {
  const slug = decodeURIComponent(location.pathname.split("/")[2] ?? "");
  const asked = new URLSearchParams(location.search);
  const language = await speak([asked.get("locale"), ...navigator.languages]);
  const theme = asked.get("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  if (asked.has("embed")) document.documentElement.dataset.embed = "";
  document.documentElement.lang = language.lang;
  document.documentElement.dir = language.dir;
  setLanguage(language);
  style(document, css);

  const chat = createChat({ base: location.origin, slug, locale: language.locale });
  box.className = "cg-root";
  box.dir = language.dir;
  chat.subscribe(() => {
    const { workspace } = chat.state();
    if (!workspace) return;
    document.title = workspace.name;
    document.documentElement.style.setProperty("--own-accent", workspace.accent);
  });
  render(<Panel chat={chat} open />, box);
  chat.resume();
}

const box = document.getElementById("root");
if (box) void start(box);
