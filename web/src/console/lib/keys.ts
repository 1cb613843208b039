/**
 * Every key of the console in one list: the key sheet prints it, the handlers register by its names,
 * so a key that works is always a key that is shown.
 */
import { useEffect, useRef } from "react";
import { usePrefs } from "./prefs";

export const KEYS = {
  approve: { keys: ["Enter"], group: "draft" },
  approveStay: { keys: ["Shift+Enter"], group: "draft" },
  approveFromEditor: { keys: ["Mod+Enter"], group: "draft", everywhere: true },
  edit: { keys: ["e"], group: "draft" },
  keepEdit: { keys: ["Escape"], group: "draft", everywhere: true },
  rewrite: { keys: ["r"], group: "draft" },
  reject: { keys: ["x"], group: "draft" },
  earlier: { keys: ["b"], group: "draft" },
  nextClaim: { keys: ["Tab"], group: "draft" },
  removeClaim: { keys: ["Backspace"], group: "draft" },
  keepClaim: { keys: ["y"], group: "draft" },
  source: { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], group: "draft", shown: ["1", "9"] },
  undo: { keys: ["z"], group: "draft" },
  next: { keys: ["j", "ArrowDown"], group: "move", shown: ["j"] },
  previous: { keys: ["k", "ArrowUp"], group: "move", shown: ["k"] },
  goApprovals: { keys: ["g a"], group: "move" },
  goInbox: { keys: ["g i"], group: "move" },
  goContacts: { keys: ["g c"], group: "move" },
  goKnowledge: { keys: ["g k"], group: "move" },
  search: { keys: ["/"], group: "move" },
  palette: { keys: ["Mod+k"], group: "move", everywhere: true },
  keySheet: { keys: ["?"], group: "move" },
  reply: { keys: ["w"], group: "conversation" },
  note: { keys: ["n"], group: "conversation" },
  assign: { keys: ["a"], group: "conversation" },
  status: { keys: ["s"], group: "conversation" },
  labels: { keys: ["l"], group: "conversation" },
  takeOver: { keys: ["t"], group: "conversation" },
  snooze: { keys: ["h"], group: "conversation" },
  resolve: { keys: ["d"], group: "conversation" },
  why: { keys: ["i"], group: "conversation" },
  context: { keys: ["c"], group: "conversation" },
  lookBack: { keys: ["v"], group: "conversation" },
  play: { keys: [" "], group: "conversation" },
} as const satisfies Record<string, KeySpec>;

type KeySpec = {
  readonly keys: readonly string[];
  readonly group: "draft" | "move" | "conversation";
  /** Works while typing, too. */
  readonly everywhere?: boolean;
  /** The keys the sheet prints, if not all. */
  readonly shown?: readonly string[];
};

export type KeyName = keyof typeof KEYS;
export type KeyGroup = KeySpec["group"];

export const keySpec = (name: KeyName): KeySpec => KEYS[name];

export const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

/** How a key looks on a keyboard. */
export function keyCap(key: string): readonly string[] {
  const caps: Record<string, string> = {
    Enter: "↵",
    Shift: "⇧",
    Mod: isMac ? "⌘" : "Ctrl",
    Escape: "Esc",
    Backspace: "⌫",
    Tab: "Tab",
    ArrowDown: "↓",
    ArrowUp: "↑",
    " ": "Space",
  };
  if (key === " ") return ["Space"];
  return key.split(/[+ ]/).map((part) => caps[part] ?? part.toUpperCase());
}

/** Says whether the key was used; `false` leaves it to the browser and to other handlers. */
type Handler = (event: KeyboardEvent) => boolean | undefined;

type Layer = { readonly handlers: Partial<Record<KeyName, Handler>> };
const layers: { current: Layer }[] = [];
let pendingPrefix = "";
let prefixTimer = 0;

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  !(target instanceof HTMLInputElement && /^(checkbox|radio|button|range)$/.test(target.type));

/** Enter and Space belong to the button or link that has the focus. */
const pressing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest("button, a[href], summary, [role=option], [role=menuitem]") !== null;

function described(event: KeyboardEvent): string {
  const mod = (isMac ? event.metaKey : event.ctrlKey) ? "Mod+" : "";
  const shift = event.shiftKey && event.key.length > 1 ? "Shift+" : "";
  return mod + shift + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

function matches(name: KeyName, pressed: string): boolean {
  return keySpec(name).keys.some((key) => key === pressed || (key === "?" && pressed === "?"));
}

function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if (document.querySelector("[role=menu], [role=dialog][data-modal]")) return;
  const inText = typing(event.target);
  const pressed = described(event);
  const single = !pressed.includes("Mod+") && pressed !== "Escape";
  if (single && !inText && !usePrefs.getState().singleKeys && pressed !== "Enter") return;
  if (/^(Enter| |Backspace|Shift\+Enter)$/.test(pressed) && pressing(event.target)) return;
  const full = pendingPrefix === "" ? pressed : `${pendingPrefix} ${pressed}`;
  for (let at = layers.length - 1; at >= 0; at -= 1) {
    const layer = layers[at]?.current;
    if (!layer) continue;
    for (const [name, handler] of Object.entries(layer.handlers) as [KeyName, Handler][]) {
      if (inText && !keySpec(name).everywhere) continue;
      if (!matches(name, full)) continue;
      if (handler(event) === false) continue;
      event.preventDefault();
      pendingPrefix = "";
      return;
    }
  }
  pendingPrefix = !inText && pressed === "g" ? "g" : "";
  window.clearTimeout(prefixTimer);
  if (pendingPrefix !== "") prefixTimer = window.setTimeout(() => (pendingPrefix = ""), 900);
}

let listening = false;

/** Registers keys while the component is there; later ones are asked first. */
export function useKeys(handlers: Partial<Record<KeyName, Handler>>): void {
  const layer = useRef<Layer>({ handlers });
  layer.current = { handlers };
  useEffect(() => {
    if (!listening) {
      window.addEventListener("keydown", handleKey);
      listening = true;
    }
    layers.push(layer);
    return () => {
      layers.splice(layers.indexOf(layer), 1);
    };
  }, []);
}
