import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, ask } from "../../api";
import { plainValue, useMe } from "../../parts/data";
import type { ContextAnswer, Snippet } from "../../types";

const OFFERED = 6;

/** Puts what is known in the place of variables; what is not stays visible as a gap to fill. */
export function filled(body: string, known: Readonly<Record<string, string>>): string {
  return body.replace(/\{\{\s*([\p{L}\p{N}_.-]+)\s*\}\}/gu, (_, name: string) => known[name] || `[${name}]`);
}

function fields(context: ContextAnswer | undefined): Record<string, string> {
  const known: Record<string, string> = {};
  for (const record of context?.records ?? [])
    for (const field of record.fields) known[field.key] = field.text ?? plainValue(field.value);
  return known;
}

/** A slash offers saved replies; the chosen one stands in the editor with its variables filled in. */
export function useSnippets(props: {
  text: string;
  setText: (text: string) => void;
  area: React.RefObject<HTMLTextAreaElement | null>;
  conversation: string;
  name: string;
  on: boolean;
}) {
  const { me, workspace } = useMe();
  const [query, setQuery] = useState<{ from: number; word: string }>();
  const [at, setAt] = useState(0);
  const { data: snippets } = useQuery({ ...ask.snippets, enabled: props.on && query !== undefined });
  const { data: context } = useQuery({ ...ask.context(props.conversation), enabled: query !== undefined });
  const matches = useMemo(() => {
    if (!query) return [];
    const word = query.word.toLocaleLowerCase();
    const starts = (one: Snippet) => one.shortcut.startsWith(word);
    const all = snippets ?? [];
    const inside = all.filter((one) => !starts(one) && one.body.toLocaleLowerCase().includes(word));
    return [...all.filter(starts), ...inside].slice(0, OFFERED);
  }, [query, snippets]);
  const open = props.on && query !== undefined && matches.length > 0;

  const choose = (snippet: Snippet) => {
    if (!query) return;
    const body = filled(snippet.body, {
      ...fields(context),
      customer: props.name,
      me: me.name,
      business: workspace.name,
      assistant: workspace.assistant_name,
    });
    const after = props.text.slice(query.from + query.word.length + 1);
    props.setText(`${props.text.slice(0, query.from)}${body}${after}`);
    setQuery(undefined);
    props.area.current?.focus();
    api.usedSnippet(snippet.id).catch(() => {});
  };

  return {
    open,
    matches,
    at,
    choose,
    close: () => setQuery(undefined),
    look: (box: HTMLTextAreaElement) => {
      const before = box.value.slice(0, box.selectionStart);
      const found = /(?:^|\s)\/([\p{L}\p{N}-]*)$/u.exec(before);
      const word = found?.[1] ?? "";
      setQuery(found ? { from: before.length - word.length - 1, word } : undefined);
      setAt(0);
    },
    handleKey: (event: React.KeyboardEvent) => {
      if (!open) return;
      const chosen = matches[at];
      if (event.key === "ArrowDown") setAt((at + 1) % matches.length);
      else if (event.key === "ArrowUp") setAt((at + matches.length - 1) % matches.length);
      else if ((event.key === "Enter" || event.key === "Tab") && chosen) choose(chosen);
      else return;
      event.preventDefault();
    },
  };
}
