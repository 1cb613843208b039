import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { NARROW, useMedia } from "../lib/media";
import { usePrefs } from "../lib/prefs";

const OVER = 6;

/** The height of a row: it follows the density and the width, and is the same for every row. */
export function useRowSize(): number {
  const density = usePrefs((prefs) => prefs.density);
  const rail = useMedia("(max-width: 899.98px)");
  const narrow = useMedia(NARROW);
  if (rail && !narrow) return 60;
  return density === "compact" && !narrow ? 64 : 87;
}

/** A long list of rows of one height, of which only those in view exist. */
export function VirtualList<T>(props: {
  label: string;
  items: readonly T[];
  keyOf: (item: T) => string;
  /** The chosen row, kept in view. */
  current: number;
  row: (item: T) => ReactNode;
  children?: ReactNode;
}) {
  const { items, current } = props;
  const size = useRowSize();
  const box = useRef<HTMLElement>(null);
  const [view, setView] = useState({ top: 0, height: 900 });

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = box.current;
    if (!element || current < 0) return;
    const top = current * size;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + size > element.scrollTop + element.clientHeight)
      element.scrollTop = top + size - element.clientHeight;
  }, [current, size]);

  const first = Math.max(0, Math.floor(view.top / size) - OVER);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / size) + OVER);
  return (
    <section
      className="list"
      ref={box}
      aria-label={props.label}
      tabIndex={items.length === 0 ? -1 : 0}
      onScroll={(event) =>
        setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })
      }
    >
      <ul className="relative" style={{ height: items.length * size }}>
        {items.slice(first, last).map((item, at) => (
          <li
            key={props.keyOf(item)}
            className="absolute inset-x-0 top-0"
            aria-setsize={items.length}
            aria-posinset={first + at + 1}
            style={{ transform: `translateY(${(first + at) * size}px)` }}
          >
            {props.row(item)}
          </li>
        ))}
      </ul>
      {props.children}
    </section>
  );
}
