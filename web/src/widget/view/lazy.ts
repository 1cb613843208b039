import { useEffect, useState } from "preact/hooks";

type Media = typeof import("./media.tsx");

let media: Media | undefined;
let loading: Promise<Media> | undefined;
let styled: DocumentOrShadowRoot = document;

/** Says where styles belong: the page, or the shadow tree the chat lives in. */
export function style(root: DocumentOrShadowRoot, css: string): void {
  styled = root;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

export function loadMedia(): Promise<Media> {
  loading ??= import("./media.tsx").then(
    (loaded) => {
      style(styled, loaded.css);
      media = loaded;
      return loaded;
    },
    (error) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

/** The views for files and voice, once they are here. */
export function useMedia(wanted: boolean): Media | undefined {
  const [here, setHere] = useState(media);
  useEffect(() => {
    if (wanted && !here) loadMedia().then(setHere, () => {});
  }, [wanted, here]);
  return here;
}
