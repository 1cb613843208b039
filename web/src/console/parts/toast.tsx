/** Short words about what has just happened; each goes away by itself. */
import { CircleAlert } from "lucide-react";
import { create } from "zustand";
import { announce } from "../lib/announce";
import { Icon } from "./basics";

type Said = { readonly id: number; readonly text: string; readonly bad: boolean };

const SHOWN_FOR = 5000;
const AT_ONCE = 3;

const useSaid = create<{ said: readonly Said[] }>(() => ({ said: [] }));
let next = 0;

function show(text: string, bad: boolean): void {
  next += 1;
  const one = { id: next, text, bad };
  useSaid.setState(({ said }) => ({
    said: [...said.filter((other) => other.text !== text), one].slice(-AT_ONCE),
  }));
  announce(text);
  setTimeout(() => dismiss(one.id), SHOWN_FOR);
}

const dismiss = (id: number): void =>
  useSaid.setState(({ said }) => ({ said: said.filter((one) => one.id !== id) }));

export const toast = (text: string): void => show(text, false);
export const complain = (text: string): void => show(text, true);

export function Toasts() {
  const said = useSaid((state) => state.said);
  return (
    <div className="toasts">
      {said.map((one) => (
        <button key={one.id} type="button" className={one.bad ? "bad" : ""} onClick={() => dismiss(one.id)}>
          {one.bad ? <Icon of={CircleAlert} /> : null}
          <span dir="auto">{one.text}</span>
        </button>
      ))}
    </div>
  );
}
