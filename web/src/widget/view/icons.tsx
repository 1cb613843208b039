/** @jsxImportSource preact */
import type { JSX } from "preact";

// Drawn after lucide (ISC), 24 units wide.
const paths = {
  clip: "m16 6-8.4 8.6a2 2 0 0 0 2.8 2.8l8.4-8.6a4 4 0 1 0-5.6-5.6L4.8 12a6 6 0 1 0 8.5 8.5L20 14",
  mic: "M12 19v3M19 10v2a7 7 0 0 1-14 0v-2M12 2a3 3 0 0 1 3 3v7a3 3 0 0 1-6 0V5a3 3 0 0 1 3-3",
  up: "M12 19V5M5 12l7-7 7 7",
  x: "M18 6 6 18M6 6l12 12",
  down: "m6 9 6 6 6-6",
  person: "M19 21v-2a4 4 0 0 0-4-4H9a4 4 0 0 0-4 4v2M12 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8",
  check: "M20 6 9 17l-5-5",
  checks: "M18 6 7 17l-5-5M22 10l-7.5 7.5L13 16",
  clock: "M12 6v6l4 2M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20",
  alert: "M12 8v4M12 16h.01M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20",
} as const;

export const bell =
  "M3.5 16.4a8.5 8.5 0 0 1 17 0zM3.3 18h17.4a1.2 1.2 0 0 1 0 2.4H3.3a1.2 1.2 0 0 1 0-2.4M12 3.6a1.9 1.9 0 1 1 0 3.8 1.9 1.9 0 0 1 0-3.8";

export type IconName = keyof typeof paths;

type IconProps = { readonly name: IconName; readonly size?: number };

export function Icon({ name, size }: IconProps): JSX.Element {
  return <Glyph path={paths[name]} {...(size ? { size } : {})} />;
}

type GlyphProps = { readonly path: string; readonly size?: number; readonly solid?: true };

export function Glyph({ path, size = 18, solid }: GlyphProps): JSX.Element {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" class={solid ? "solid" : "stroke"} aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
