// Message text as runs: links, bold, list lines. Everything else stays the text it is, so nothing that
// a person or a model writes can become markup.

export type Run = {
  readonly text: string;
  readonly strong?: true;
  readonly href?: string;
};

export type Block = { readonly list: boolean; readonly lines: readonly (readonly Run[])[] };

const PIECE = /\*\*(?=\S)(.+?)\*\*|(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/g;
const BULLET = /^\s*(?:[-*•]|\d{1,2}[.)])\s+/;

export function blocks(text: string): readonly Block[] {
  return text
    .trim()
    .split(/\n{2,}/)
    .flatMap((paragraph) => {
      const out: { list: boolean; lines: (readonly Run[])[] }[] = [];
      for (const line of paragraph.split("\n")) {
        const list = BULLET.test(line);
        const last = out.at(-1);
        const lineRuns = runs(list ? line.replace(BULLET, "") : line);
        if (last?.list === list) last.lines.push(lineRuns);
        else out.push({ list, lines: [lineRuns] });
      }
      return out;
    });
}

export function runs(line: string): readonly Run[] {
  const out: Run[] = [];
  let from = 0;
  for (const match of line.matchAll(PIECE)) {
    if (match.index > from) out.push({ text: line.slice(from, match.index) });
    const [whole, strong, url] = match;
    const href = url === undefined ? undefined : safeUrl(url);
    if (strong !== undefined) out.push({ text: strong, strong: true });
    else out.push(href === undefined ? { text: whole } : { text: whole, href });
    from = match.index + whole.length;
  }
  if (from < line.length) out.push({ text: line.slice(from) });
  return out;
}

function safeUrl(text: string): string | undefined {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** The text without its marks, for announcements. */
export function plain(text: string): string {
  return text
    .replace(/\*\*(.+?)\*\*/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}
