/** Times and numbers as people read them. Formatters are built once per locale. */
import i18next from "i18next";
import { useSyncExternalStore } from "react";

const formats = new Map<string, Intl.DateTimeFormat>();

let chosen: string | undefined;

/** What the profile says; the browser's own region until then. */
export function setLocale(language: string | undefined): void {
  if (language === chosen) return;
  chosen = language;
  formats.clear();
}

/** The reader's own region, if it speaks the language of the texts. */
export const locale = (): string =>
  chosen ?? navigator.languages.find((one) => one.startsWith(i18next.language)) ?? i18next.language;

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${i18next.language}${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale(), options);
  formats.set(key, made);
  return made;
}

export const clock = (at: string): string =>
  dateFormat({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at));

export const shortDay = (at: string): string =>
  dateFormat({ day: "numeric", month: "short" }).format(new Date(at));

/** "Mon 09:00" within a week, else with the date. */
export function weekdayTime(at: Date): string {
  const near = at.getTime() - Date.now() < 6.5 * 86_400_000;
  return dateFormat(
    near
      ? { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }
      : {
          weekday: "short",
          day: "numeric",
          month: "short",
          hour: "2-digit",
          minute: "2-digit",
          hourCycle: "h23",
        },
  ).format(at);
}

export const dayClock = (at: string): string =>
  dateFormat({
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(new Date(at));

export const monthYear = (at: string): string =>
  dateFormat({ month: "short", year: "numeric" }).format(new Date(at));

export const fullTime = (at: string): string =>
  dateFormat({ dateStyle: "full", timeStyle: "short" }).format(new Date(at));

export const sameDay = (a: string, b: string): boolean =>
  new Date(a).toDateString() === new Date(b).toDateString();

/** "Today", "Yesterday" or the date. */
export function dayName(at: string, now: number): string {
  const t = i18next.t;
  const day = new Date(at).toDateString();
  if (day === new Date(now).toDateString()) return t("time.today");
  if (day === new Date(now - 86_400_000).toDateString()) return t("time.yesterday");
  return dateFormat({ weekday: "long", day: "numeric", month: "long" }).format(new Date(at));
}

/** A length of time in its largest unit: "40 s", "6 min", "3 h", "2 d". */
export function span(milliseconds: number): string {
  const t = i18next.t;
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return t("time.s", { n: seconds });
  if (seconds < 3600) return t("time.min", { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t("time.h", { n: Math.floor(seconds / 3600) });
  return t("time.d", { n: Math.floor(seconds / 86_400) });
}

/** How long ago something was: "just now", "6 min ago". */
export const ago = (milliseconds: number): string =>
  milliseconds < 60_000 ? i18next.t("time.now") : i18next.t("time.ago", { span: span(milliseconds) });

/** A time of today as the clock shows it, an older one as a date. */
export const shortTime = (at: string, now: number): string =>
  sameDay(at, new Date(now).toISOString()) ? clock(at) : shortDay(at);

export function bytes(size: number): string {
  const t = i18next.t;
  if (size < 1000) return t("size.b", { n: size });
  if (size < 1_000_000) return t("size.kb", { n: Math.round(size / 1000) });
  return t("size.mb", { n: (size / 1_000_000).toFixed(1) });
}

export function micros(value: number): string {
  if (value < 1000) return `${value} µs`;
  if (value < 1_000_000) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} ms`;
  return `${(value / 1_000_000).toFixed(1)} s`;
}

export const percent = (share: number): string => `${Math.round(share * 100)}%`;

type Tick = {
  now: number;
  readonly listeners: Set<() => void>;
  timer: number;
  readonly subscribe: (listener: () => void) => () => void;
};

const ticks = new Map<number, Tick>();

function tickOf(every: number): Tick {
  const known = ticks.get(every);
  if (known) return known;
  const tick: Tick = {
    now: Date.now(),
    listeners: new Set(),
    timer: 0,
    subscribe: (listener) => {
      tick.listeners.add(listener);
      if (tick.listeners.size === 1) {
        tick.now = Date.now();
        tick.timer = window.setInterval(() => {
          tick.now = Date.now();
          for (const each of tick.listeners) each();
        }, every);
      }
      return () => {
        tick.listeners.delete(listener);
        if (tick.listeners.size === 0) window.clearInterval(tick.timer);
      };
    },
  };
  ticks.set(every, tick);
  return tick;
}

/** The time, renewed every `every` milliseconds by one shared timer. */
export function useNow(every: number): number {
  const tick = tickOf(every);
  return useSyncExternalStore(tick.subscribe, () => tick.now);
}
