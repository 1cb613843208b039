/** What one person prefers on this device. */
import { create } from "zustand";

export type Theme = "auto" | "light" | "dark";
export type Density = "comfortable" | "compact";
export type Prefs = {
  readonly theme: Theme;
  readonly density: Density;
  readonly singleKeys: boolean;
  readonly sort: "longest" | "newest";
};

const KEY = "concierge.console";
const DEFAULTS: Prefs = { theme: "auto", density: "comfortable", singleKeys: true, sort: "longest" };

function stored(): Prefs {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return DEFAULTS;
  }
}

export const usePrefs = create<Prefs>(() => stored());

export function setPrefs(change: Partial<Prefs>): void {
  usePrefs.setState(change);
  try {
    localStorage.setItem(KEY, JSON.stringify(usePrefs.getState()));
  } catch {
    // A full or forbidden store loses the preference with the page, which is all it can do.
  }
  applyPrefs();
}

export function applyPrefs(): void {
  const { theme, density } = usePrefs.getState();
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  root.dataset.density = density;
}
