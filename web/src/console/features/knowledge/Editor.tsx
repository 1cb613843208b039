import { useQuery } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { Bold, Heading2, List, type LucideIcon, MessagesSquare } from "lucide-react";
import { type RefObject, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { useKeys } from "../../lib/keys";
import { refusal } from "../../lib/refusal";
import { Icon, IconButton, Segments } from "../../parts/basics";
import { Field } from "../../parts/Field";
import { Markdown } from "../../parts/markdown";
import { toast } from "../../parts/toast";
import type { Document, GapView } from "../../types";

type Props = {
  document?: Document;
  /** The open question that the article shall answer. */
  gap?: string | undefined;
  onDone: (saved?: Document) => void;
};

/** Writes an article, or changes a text; an article for an open question begins with that question. */
export function Editor(props: Props) {
  const asked = useQuery({ ...ask.gap(props.gap ?? ""), enabled: props.gap !== undefined });
  if (props.gap !== undefined && asked.isPending) return null;
  return <Form {...props} asked={asked.data} />;
}

function Form({ document, asked, onDone }: Props & { asked: GapView | undefined }) {
  const { t } = useTranslation();
  const start = {
    title: document?.title ?? (asked ? asked.question.replace(/[?？؟\s]+$/, "") : ""),
    body: document?.body ?? (asked ? `## ${asked.question}\n\n` : ""),
  };
  const text = useRef<HTMLTextAreaElement>(null);
  const [title, setTitle] = useState(start.title);
  const [body, setBody] = useState(start.body);
  const [language, setLanguage] = useState(document?.language ?? "en");
  const [side, setSide] = useState<"write" | "preview">("write");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const dirty = title !== start.title || body !== start.body || language !== (document?.language ?? "en");

  useBlocker({
    shouldBlockFn: () => dirty && !window.confirm(t("knowledge.leave")),
    enableBeforeUnload: dirty,
  });

  useEffect(() => {
    if (document === undefined && title === "") {
      const heading = /^#\s+(.+)$/m.exec(body)?.[1];
      if (heading) setTitle(heading);
    }
  }, [body, title, document]);

  async function handleSave() {
    if (busy) return;
    setBusy(true);
    setWrong(undefined);
    const form = { title: title.trim(), body, language: language.trim() };
    try {
      const saved = document ? await api.changeDocument(document.id, form) : await api.addDocument(form);
      if (asked) {
        await api.closeGap(asked.id, saved.id);
        void queries.invalidateQueries({ queryKey: ["gaps"] });
      }
      await queries.invalidateQueries({ queryKey: ["document", saved.id] });
      void queries.invalidateQueries({ queryKey: ["documents"] });
      void queries.invalidateQueries({ queryKey: ["hits"] });
      toast(t("app.saved"));
      onDone(saved);
    } catch (error) {
      setWrong(refusal(error));
      setBusy(false);
    }
  }

  useKeys({
    approveFromEditor: () => {
      if (!dirty) return false;
      void handleSave();
      return true;
    },
  });

  return (
    <form
      className="mx-auto flex w-full max-w-[1200px] flex-1 flex-col gap-4 px-7 py-6 max-sm:px-4"
      onSubmit={(event) => {
        event.preventDefault();
        void handleSave();
      }}
    >
      <h1 className="sr-only">{document?.title ?? t("knowledge.newTitle")}</h1>
      <div className="flex flex-wrap items-center gap-2">
        <span className="2xl:hidden">
          <Segments
            label={t("knowledge.body")}
            value={side}
            options={[
              { value: "write", label: t("knowledge.write") },
              { value: "preview", label: t("knowledge.preview") },
            ]}
            onChange={setSide}
          />
        </span>
        <span className="me-auto text-meta text-ink3">{dirty ? t("knowledge.unsaved") : ""}</span>
        <button type="button" className="btn" onClick={() => onDone(undefined)}>
          {t("app.cancel")}
        </button>
        <button
          type="submit"
          className="btn go plain"
          disabled={busy || !dirty || title.trim() === "" || body.trim() === ""}
        >
          {busy ? t("app.saving") : t("app.save")}
        </button>
      </div>
      {wrong ? (
        <p className="err mt-0!" role="alert">
          {wrong}
        </p>
      ) : null}
      {asked ? (
        <div className="knote mb-0!">
          <p className="flex items-start gap-2">
            <Icon of={MessagesSquare} size="s" />
            <span>{t("gaps.writing", { count: asked.asked })}</span>
          </p>
          <ul className="mt-2 grid gap-1 ps-6">
            {asked.examples.slice(0, 5).map((one) => (
              <li key={`${one.conversation}${one.seq}`} dir="auto">
                <q>{one.text}</q>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      <div className="grid gap-4 sm:grid-cols-[1fr_120px]">
        <Field label={t("knowledge.titleField")}>
          {(field) => (
            <input
              {...field}
              className="input"
              dir="auto"
              required
              value={title}
              maxLength={200}
              onChange={(event) => setTitle(event.target.value)}
            />
          )}
        </Field>
        <Field label={t("knowledge.language")}>
          {(field) => (
            <input
              {...field}
              className="input"
              dir="ltr"
              value={language}
              maxLength={20}
              onChange={(event) => setLanguage(event.target.value)}
            />
          )}
        </Field>
      </div>
      <div className="grid min-h-[360px] flex-1 gap-6 2xl:grid-cols-2">
        <div className={`flex flex-col ${side === "preview" ? "max-2xl:hidden" : ""}`}>
          <label className="lab" htmlFor="knowledge-body">
            {t("knowledge.body")}
          </label>
          <Tools of={text} onChange={setBody} />
          <textarea
            ref={text}
            id="knowledge-body"
            className="input flex-1 resize-none font-mono text-[13px]! leading-relaxed!"
            dir="auto"
            value={body}
            aria-describedby="knowledge-hint"
            onChange={(event) => setBody(event.target.value)}
          />
          <p className="hint" id="knowledge-hint">
            {t("knowledge.bodyHint")}{" "}
            <span className="num">{t("knowledge.characters", { count: body.length })}</span>
          </p>
        </div>
        <div className={`min-w-0 ${side === "write" ? "max-2xl:hidden" : ""}`}>
          <p className="lab">{t("knowledge.preview")}</p>
          <div className="rounded-r2 border border-line p-5">
            <Markdown text={body} />
          </div>
        </div>
      </div>
    </form>
  );
}

/** Puts Markdown's marks into the text: what is selected becomes bold, its lines a heading or a list. */
function Tools({
  of,
  onChange,
}: {
  of: RefObject<HTMLTextAreaElement | null>;
  onChange: (text: string) => void;
}) {
  const { t } = useTranslation();

  function change(mark: (selected: string) => string, lines: boolean) {
    const box = of.current;
    if (!box) return;
    const { value, selectionStart, selectionEnd } = box;
    const start = lines ? value.lastIndexOf("\n", selectionStart - 1) + 1 : selectionStart;
    const marked = mark(value.slice(start, selectionEnd));
    box.focus();
    box.setSelectionRange(start, selectionEnd);
    // Unlike setting the value this keeps the browser's own undo.
    if (!window.document.execCommand("insertText", false, marked)) {
      onChange(value.slice(0, start) + marked + value.slice(selectionEnd));
    }
  }

  const everyLine = (prefix: string) => (selected: string) =>
    selected
      .split("\n")
      .map((line) => prefix + line.replace(/^(#{1,6}|-)\s+/, ""))
      .join("\n");
  const tools: readonly [LucideIcon, string, () => void][] = [
    [Heading2, t("knowledge.toolHeading"), () => change(everyLine("## "), true)],
    [Bold, t("knowledge.toolBold"), () => change((selected) => `**${selected}**`, false)],
    [List, t("knowledge.toolList"), () => change(everyLine("- "), true)],
  ];
  return (
    <div className="mb-1 flex gap-1" role="toolbar" aria-label={t("knowledge.tools")}>
      {tools.map(([icon, says, work]) => (
        <IconButton key={says} says={says} icon={icon} onClick={work} />
      ))}
    </div>
  );
}
