/** Markdown of knowledge documents as elements: no HTML is ever parsed, so none can run. */
import type { ReactNode } from "react";

const INLINE = /(\*\*[^*]+\*\*|`[^`]+`|\*[^*\s][^*]*\*|\[[^\]]+\]\((?:https?:\/\/|mailto:|tel:)[^)\s]+\))/g;

function inline(text: string): ReactNode[] {
  return text.split(INLINE).map((part, at) => {
    const key = `${at}${part.slice(0, 8)}`;
    if (part.startsWith("**") && part.endsWith("**") && part.length > 4)
      return <strong key={key}>{part.slice(2, -2)}</strong>;
    if (part.startsWith("`") && part.endsWith("`") && part.length > 2)
      return <code key={key}>{part.slice(1, -1)}</code>;
    const link = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part);
    if (link) {
      return (
        <a key={key} href={link[2]} target="_blank" rel="noreferrer noopener">
          {link[1]}
        </a>
      );
    }
    if (/^\*[^*]+\*$/.test(part)) return <em key={key}>{part.slice(1, -1)}</em>;
    return part;
  });
}

const cells = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => cell.trim());

type Block = {
  readonly kind: "h1" | "h2" | "h3" | "p" | "ul" | "ol" | "table";
  readonly lines: readonly string[];
};

function blocks(text: string): Block[] {
  const out: { kind: Block["kind"]; lines: string[] }[] = [];
  let open: { kind: Block["kind"]; lines: string[] } | undefined;
  const add = (kind: Block["kind"], line: string, alone = false) => {
    if (!open || open.kind !== kind || alone) {
      open = { kind, lines: [] };
      out.push(open);
    }
    open.lines.push(line);
  };
  for (const line of text.split("\n")) {
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const bullet = /^\s*[-*+]\s+(.*)$/.exec(line);
    const numbered = /^\s*\d+[.)]\s+(.*)$/.exec(line);
    if (line.trim() === "") open = undefined;
    else if (heading) {
      const depth = heading[1]?.length ?? 1;
      add(depth === 1 ? "h1" : depth === 2 ? "h2" : "h3", heading[2] ?? "", true);
      open = undefined;
    } else if (bullet) add("ul", bullet[1] ?? "");
    else if (numbered) add("ol", numbered[1] ?? "");
    else if (line.trim().startsWith("|")) add("table", line);
    else if (open && (open.kind === "ul" || open.kind === "ol"))
      open.lines[open.lines.length - 1] += ` ${line.trim()}`;
    else add("p", line);
  }
  return out;
}

/** `mark` is a passage to show: the block that holds its beginning is marked and scrolled to. */
export function Markdown({ text, mark }: { text: string; mark?: string }) {
  const wanted = mark ? plain(mark).slice(0, 40) : "";
  const isMarked = (lines: readonly string[]) => wanted.length > 3 && plain(lines.join(" ")).includes(wanted);
  return (
    <div className="prose" dir="auto">
      {blocks(text).map((block, at) => {
        const key = `${at}${block.kind}`;
        const { lines } = block;
        if (block.kind === "ul" || block.kind === "ol") {
          const List = block.kind;
          return (
            <List key={key}>
              {lines.map((line) => (
                <li key={line}>{inline(line)}</li>
              ))}
            </List>
          );
        }
        if (block.kind === "table") {
          const [head = "", ...rows] = lines.filter((line) => !/^\s*\|?\s*:?-{2,}/.test(line));
          return (
            <table key={key}>
              <thead>
                <tr>
                  {cells(head).map((cell) => (
                    <th key={cell}>{inline(cell)}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row}>
                    {cells(row).map((cell, column) => (
                      // biome-ignore lint/suspicious/noArrayIndexKey: a row may hold the same words twice.
                      <td key={`${column}${cell}`}>{inline(cell)}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          );
        }
        const Tag = block.kind;
        return isMarked(lines) ? (
          <Tag key={key} ref={(element: HTMLElement | null) => element?.scrollIntoView({ block: "center" })}>
            <mark>{inline(lines.join(" "))}</mark>
          </Tag>
        ) : (
          <Tag key={key}>{inline(lines.join(" "))}</Tag>
        );
      })}
    </div>
  );
}

/** The plain words of Markdown, for one-line previews. */
export const plain = (text: string): string =>
  text
    .replace(/^#{1,6}\s+/gm, "")
    .replace(/[*`|]/g, "")
    .replace(/\s+/g, " ")
    .trim();
