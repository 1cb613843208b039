import { useEffect, useState } from "preact/hooks";
import type { Chat, ChatState } from "../model.ts";
import { english, fill, type Language, type Words } from "../words.ts";

/** The language the views speak; painting again from the top shows another one. */
export let language: Language = english;

/** Building a formatter costs more than all it formats: one per language. */
export let formats = formatsOf(english);

export function setLanguage(to: Language): void {
  language = to;
  formats = formatsOf(to);
}

function formatsOf({ locale }: Language): Readonly<Record<"time" | "day" | "back", Intl.DateTimeFormat>> {
  return {
    back: new Intl.DateTimeFormat(locale, { weekday: "long", hour: "numeric", minute: "2-digit" }),
    time: new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" }),
    day: new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" }),
  };
}

export function say(key: keyof Words, values: Readonly<Record<string, string | number>> = {}): string {
  return fill(language.words[key], values);
}

export function useChat(chat: Chat): ChatState {
  const [state, setState] = useState(chat.state);
  useEffect(() => {
    setState(chat.state());
    return chat.subscribe(() => setState(chat.state()));
  }, [chat]);
  return state;
}
