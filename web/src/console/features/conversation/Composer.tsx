import { LockKeyhole, Mic, Paperclip, X } from "lucide-react";
import { Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { newClientId, type OutFile } from "@/wire/outbox";
import { api } from "../../api";
import { useKeys } from "../../lib/keys";
import { late } from "../../lib/late";
import { refusal } from "../../lib/refusal";
import { line, say, typingIn } from "../../live/live";
import { Avatar, Icon, IconButton, Key, Segments } from "../../parts/basics";
import { useMe, useStaff } from "../../parts/data";
import { complain } from "../../parts/toast";
import type { Staff } from "../../types";
import { useSnippets } from "./useSnippets";

const VoiceNote = late(() => import("./VoiceNote"), "VoiceNote");

const canRecord = "MediaRecorder" in globalThis && navigator.mediaDevices !== undefined;

type Mode = "reply" | "note";
type Props = {
  conversation: string;
  name: string;
  mode: Mode;
  onMode: (mode: Mode) => void;
  onClose?: (() => void) | undefined;
  /** Somebody asked for the editor, so it takes the focus. */
  asked: boolean;
  /** Words to begin with, such as a question for a missing fact. */
  seed?: string | undefined;
};

const drafts = new Map<string, string>();

export function Composer({ conversation, name, mode, onMode, onClose, asked, seed }: Props) {
  const { t } = useTranslation();
  const key = `${conversation}.${mode}`;
  const [text, setText] = useState(drafts.get(key) ?? "");
  const [files, setFiles] = useState<readonly (OutFile & { progress: number })[]>([]);
  const [busy, setBusy] = useState(false);
  const [speaks, setSpeaks] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const mention = useMention(text, setText, area, mode === "note");
  const snippet = useSnippets({ text, setText, area, conversation, name, on: mode === "reply" });

  useEffect(() => {
    setText(drafts.get(key) ?? "");
    // Opening a conversation leaves the keys to the list; asking for the editor means to write.
    if (asked) area.current?.focus();
  }, [key, asked]);

  useEffect(() => {
    if (!seed) return;
    setText((old) => (old.trim() === "" ? seed : `${old.trimEnd()} ${seed}`));
    area.current?.focus();
  }, [seed]);

  useEffect(() => {
    if (text === "") drafts.delete(key);
    else drafts.set(key, text);
  }, [key, text]);

  const uploading = files.some((file) => !file.uploaded);
  const ready = !busy && !uploading && (text.trim() !== "" || (mode === "reply" && files.length > 0));

  async function handleSend() {
    if (!ready) return;
    const body = text.trim();
    if (mode === "reply") {
      say(conversation, body, files);
      setText("");
      setFiles([]);
      onClose?.();
      return;
    }
    setBusy(true);
    try {
      const mentions = mention.mentioned(body);
      await line().request({
        cmd: "note",
        conversation,
        client_id: newClientId(),
        body,
        ...(mentions.length === 0 ? {} : { mentions }),
      });
      drafts.delete(key);
      setText("");
      onClose?.();
    } catch (error) {
      complain(t("draft.refused", { why: refusal(error) }));
    } finally {
      setBusy(false);
    }
  }

  /** A voice note goes out by itself: what is written stays. */
  function handleSpoken(file?: OutFile) {
    if (file) say(conversation, "", [file]);
    setSpeaks(false);
    area.current?.focus();
  }

  useKeys({
    approveFromEditor: (event) => {
      if (event.target !== area.current) return false;
      void handleSend();
      return true;
    },
    keepEdit: (event) => {
      if (event.target !== area.current) return false;
      if (mention.open) mention.close();
      else if (snippet.open) snippet.close();
      else if (onClose) onClose();
      else area.current?.blur();
      return true;
    },
  });

  function handleFiles(list: FileList | null) {
    for (const file of list ?? []) {
      const one: OutFile & { progress: number } = {
        key: newClientId(),
        name: file.name,
        type: file.type,
        size: file.size,
        progress: 0,
      };
      setFiles((old) => [...old, one]);
      const patch = (change: Partial<typeof one>) =>
        setFiles((old) => old.map((other) => (other.key === one.key ? { ...other, ...change } : other)));
      api
        .upload(file, (progress) => patch({ progress }))
        .then(
          (uploaded) => patch({ uploaded, progress: 1 }),
          (error) => {
            setFiles((old) => old.filter((other) => other.key !== one.key));
            complain(t("conv.uploadFailed", { name: file.name, why: refusal(error) }));
          },
        );
    }
  }

  return (
    <form
      className={`composer ${mode === "note" ? "note" : ""}`}
      onSubmit={(event) => {
        event.preventDefault();
        void handleSend();
      }}
    >
      {mention.open ? (
        <div className="mentions menu" role="listbox" aria-label={t("conv.notePlaceholder")}>
          {mention.matches.map((person, at) => (
            <button
              key={person.id}
              type="button"
              role="option"
              aria-selected={at === mention.at}
              className="mi"
              onMouseDown={(event) => {
                event.preventDefault();
                mention.choose(person);
              }}
            >
              <Avatar id={person.id} name={person.name} />
              {person.name}
            </button>
          ))}
        </div>
      ) : null}
      {snippet.open ? (
        <div className="mentions menu wide" role="listbox" aria-label={t("snippets.title")}>
          {snippet.matches.map((one, at) => (
            <button
              key={one.id}
              type="button"
              role="option"
              aria-selected={at === snippet.at}
              className="mi"
              onMouseDown={(event) => {
                event.preventDefault();
                snippet.choose(one);
              }}
            >
              <kbd>/{one.shortcut}</kbd>
              <span className="min-w-0 flex-1 truncate text-ink2" dir="auto">
                {one.body}
              </span>
            </button>
          ))}
        </div>
      ) : null}
      <textarea
        ref={area}
        rows={mode === "note" ? 1 : 2}
        dir="auto"
        value={text}
        maxLength={10_000}
        aria-label={t(mode === "note" ? "conv.noteTab" : "conv.reply")}
        placeholder={mode === "note" ? t("conv.notePlaceholder") : t("conv.replyPlaceholder", { name })}
        onChange={(event) => {
          setText(event.target.value);
          mention.look(event.target);
          snippet.look(event.target);
          if (mode === "reply") typingIn(conversation);
        }}
        onKeyDown={mode === "note" ? mention.handleKey : snippet.handleKey}
        onPaste={(event) => {
          if (mode === "reply" && event.clipboardData.files.length > 0) {
            event.preventDefault();
            handleFiles(event.clipboardData.files);
          }
        }}
      />
      {files.length > 0 ? (
        <div className="flex flex-wrap gap-1.5 px-3 pb-1.5">
          {files.map((file) => (
            <span key={file.key} className="tag2">
              <span dir="auto">{file.name}</span>
              {file.uploaded ? null : (
                <span className="num text-ink3">{Math.round(file.progress * 100)}%</span>
              )}
              <button
                type="button"
                aria-label={t("conv.removeFile", { name: file.name })}
                onClick={() => setFiles((old) => old.filter((other) => other.key !== file.key))}
              >
                <Icon of={X} size="xs" />
              </button>
            </span>
          ))}
        </div>
      ) : null}
      {speaks && mode === "reply" ? (
        <Suspense fallback={<div className="h-[52px]" />}>
          <VoiceNote key={conversation} name={name} onClose={() => handleSpoken()} onSent={handleSpoken} />
        </Suspense>
      ) : null}
      <div className="bar">
        <Segments
          label={t("conv.reply")}
          value={mode}
          options={[
            { value: "reply", label: t("conv.reply") },
            { value: "note", label: t("conv.noteTab") },
          ]}
          onChange={onMode}
        />
        {mode === "reply" ? (
          <>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              onChange={(event) => {
                handleFiles(event.target.files);
                event.target.value = "";
              }}
            />
            <IconButton says={t("conv.attach")} icon={Paperclip} onClick={() => picker.current?.click()} />
            {canRecord && !speaks ? (
              <IconButton says={t("conv.record")} icon={Mic} onClick={() => setSpeaks(true)} />
            ) : null}
          </>
        ) : (
          <span className="ms-1 text-amber" title={t("conv.notePlaceholder")}>
            <Icon of={LockKeyhole} size="s" />
          </span>
        )}
        <span className="ms-auto" />
        {onClose ? (
          <button type="button" className="btn" onClick={onClose}>
            {t("app.cancel")}
          </button>
        ) : null}
        <button type="submit" className="btn go h-8!" disabled={!ready}>
          {mode === "note" ? t("conv.addNote") : t("conv.send")}
          <Key name="approveFromEditor" />
        </button>
      </div>
    </form>
  );
}

/** `@` offers colleagues; whose name stands in the note when it is sent is mentioned. */
function useMention(
  text: string,
  setText: (text: string) => void,
  area: React.RefObject<HTMLTextAreaElement | null>,
  on: boolean,
) {
  const staff = useStaff();
  const { me } = useMe();
  const [query, setQuery] = useState<{ from: number; word: string }>();
  const [at, setAt] = useState(0);
  const matches = useMemo(
    () =>
      query
        ? staff
            .filter(
              (one) =>
                !one.disabled &&
                one.id !== me.id &&
                one.name.toLowerCase().includes(query.word.toLowerCase()),
            )
            .slice(0, 6)
        : [],
    [query, staff, me.id],
  );
  const open = on && query !== undefined && matches.length > 0;

  const choose = (person: Staff) => {
    if (!query) return;
    const after = text.slice(query.from + query.word.length + 1);
    setText(`${text.slice(0, query.from)}@${person.name} ${after.trimStart()}`);
    setQuery(undefined);
    area.current?.focus();
  };

  return {
    open,
    matches,
    at,
    choose,
    close: () => setQuery(undefined),
    look: (box: HTMLTextAreaElement) => {
      const before = box.value.slice(0, box.selectionStart);
      const found = /(?:^|\s)@([\p{L}\p{M}]*(?: [\p{L}\p{M}]+)?)$/u.exec(before);
      setQuery(
        found ? { from: before.length - (found[1]?.length ?? 0) - 1, word: found[1] ?? "" } : undefined,
      );
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
    mentioned: (body: string): readonly string[] =>
      staff.filter((one) => body.includes(`@${one.name}`)).map((one) => one.id),
  };
}
