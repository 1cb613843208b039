import { useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { Popover } from "radix-ui";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask } from "../../api";
import { Chosen, Icon } from "../../parts/basics";
import { home } from "../../parts/Menu";
import type { ConversationSummary } from "../../types";
import { command } from "./Header";

/** The labels of a conversation, to be switched on and off, and a new one. */
export function LabelsPopover(props: {
  summary: ConversationSummary;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  trigger: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <Popover.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Popover.Trigger asChild>{props.trigger}</Popover.Trigger>
      <Popover.Portal container={home()}>
        <Popover.Content
          className="menu"
          data-modal
          sideOffset={6}
          collisionPadding={8}
          align="end"
          aria-label={t("conv.labels")}
        >
          <Labels summary={props.summary} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Labels({ summary }: { summary: ConversationSummary }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const cache = useQueryClient();
  const used = new Set(summary.labels);
  for (const row of cache.getQueryData(ask.inbox({ view: "open" }).queryKey)?.items ?? [])
    for (const each of row.labels) used.add(each);
  const toggle = (label: string) =>
    void command(
      summary.labels.includes(label)
        ? { cmd: "label", conversation: summary.id, remove: [label] }
        : { cmd: "label", conversation: summary.id, add: [label] },
    );
  return (
    <>
      <p className="mt">{t("conv.labels")}</p>
      {[...used].sort().map((label) => (
        <button
          key={label}
          type="button"
          className="mi w-full"
          aria-pressed={summary.labels.includes(label)}
          onClick={() => toggle(label)}
        >
          <span dir="auto">{label}</span>
          <Chosen on={summary.labels.includes(label)} />
        </button>
      ))}
      <form
        className="flex gap-1 p-1"
        onSubmit={(event) => {
          event.preventDefault();
          const label = text.trim().toLowerCase();
          if (label !== "" && !summary.labels.includes(label)) toggle(label);
          setText("");
        }}
      >
        <input
          className="input h-8!"
          aria-label={t("conv.addLabel")}
          placeholder={t("conv.addLabel")}
          value={text}
          maxLength={40}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.stopPropagation()}
        />
        <button type="submit" className="icb" aria-label={t("conv.addLabel")}>
          <Icon of={Plus} />
        </button>
      </form>
    </>
  );
}
