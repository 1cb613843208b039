import { useEffect, useState } from "preact/hooks";

let styled: DocumentOrShadowRoot = document;

/** Says where styles belong: the page, or the shadow tree the chat lives in. */
export function style(root: DocumentOrShadowRoot, css: string): void {
  styled = root;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

/** Views with styles of their own that are fetched when they are first wanted. */
function part<P extends { readonly css: string }>(fetch: () => Promise<P>) {
  let here: P | undefined;
  let loading: Promise<P> | undefined;
  const load = (): Promise<P> => {
    loading ??= fetch().then(
      (loaded) => {
        style(styled, loaded.css);
        here = loaded;
        return loaded;
      },
      (error) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  };
  /** The views, once they are here. */
  const use = (wanted: boolean): P | undefined => {
    const [now, setNow] = useState(here);
    useEffect(() => {
      if (wanted && !now) load().then(setNow, () => {});
    }, [wanted, now]);
    return now;
  };
  return [load, use] as const;
}

// Whoever can choose a file can keep it, also when the line is gone by then.
export const [loadMedia, useMedia] = part(() => import("../blobs.ts").then(() => import("./media.tsx")));
export const [, useRating] = part(() => import("./rating.tsx"));
