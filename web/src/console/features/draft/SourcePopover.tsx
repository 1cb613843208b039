import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Popover } from "radix-ui";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { percent } from "../../lib/format";
import type { Citation } from "../../types";

const ROUND = 220;

/** Markdown as running text; blanks at the ends stay, they part it from the quote. */
const flat = (text: string): string =>
  text
    .replace(/^#{1,6}\s+/gm, "")
    .replace(/[*`|]/g, "")
    .replace(/\s+/g, " ");

/** The passage with the cited words marked, cut at blanks. Positions count Unicode characters. */
function passage(
  body: string,
  citation: Citation,
): { before: string; quote: string; after: string } | undefined {
  const characters = [...body];
  const text = characters.slice(citation.start, citation.end).join("");
  const at = text.indexOf(citation.quote);
  const from = at < 0 ? citation.start : citation.start + [...text.slice(0, at)].length;
  const quote = at < 0 ? text : citation.quote;
  const to = from + [...quote].length;
  if (quote === "" || to > characters.length) return undefined;
  const low = Math.max(0, from - ROUND);
  const high = Math.min(characters.length, to + ROUND);
  const before = characters.slice(low, from).join("");
  const after = characters.slice(to, high).join("");
  return {
    before: (low > 0 ? `…${before.replace(/^\S*\s/, "")}` : before).replace(/^[\s\S]*\n#{1,6} [^\n]*\n+/, ""),
    quote,
    after: (high < characters.length ? `${after.replace(/\s\S*$/, "")}…` : after).replace(
      /\n+#{1,6} [\s\S]*$/,
      "",
    ),
  };
}

export function SourcePopover(props: {
  citation: Citation;
  anchor: HTMLElement;
  pinned: boolean;
  onClose: () => void;
  onHover: () => void;
  onLeave: () => void;
}) {
  const { t } = useTranslation();
  const { citation } = props;
  const { data: document } = useQuery(ask.document(citation.document));
  const found = document && passage(document.body, citation);
  return (
    <Popover.Root open onOpenChange={(open) => !open && props.onClose()}>
      <Popover.Anchor virtualRef={{ current: props.anchor }} />
      <Popover.Portal>
        <Popover.Content
          className="pop"
          side="top"
          sideOffset={8}
          collisionPadding={12}
          aria-label={t("draft.source", { n: citation.number, title: citation.title })}
          onOpenAutoFocus={(event) => event.preventDefault()}
          onCloseAutoFocus={(event) => event.preventDefault()}
          onMouseEnter={props.onHover}
          onMouseLeave={props.onLeave}
        >
          <p className="mb-2 flex items-baseline gap-2">
            <span className="font-mono text-meta font-[600] text-pencil2">{citation.number}</span>
            <b className="min-w-0 flex-1 font-[620]" dir="auto">
              {citation.title}
              {citation.heading && citation.heading !== citation.title ? (
                <span className="font-[400] text-ink3">, {citation.heading}</span>
              ) : null}
            </b>
            <span className="num text-meta text-ink3">
              {t("draft.match", { n: percent(citation.score) })}
            </span>
          </p>
          <p className="max-h-[220px] overflow-y-auto leading-relaxed text-ink2" dir="auto">
            {found ? (
              <>
                {flat(found.before)}
                <mark className="text-ink!">{flat(found.quote)}</mark>
                {flat(found.after)}
              </>
            ) : (
              <mark className="text-ink!">{flat(citation.quote)}</mark>
            )}
          </p>
          {document && !document.body.includes(citation.quote) ? (
            <p className="hint">{t("draft.quoteGone")}</p>
          ) : null}
          <p className="mt-2.5 text-small">
            <Link
              to="/knowledge/{-$id}"
              params={{ id: citation.document }}
              className="rounded-r1 text-green underline underline-offset-2"
            >
              {t("draft.openDocument")}
            </Link>
          </p>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
