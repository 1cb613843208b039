/** @jsxImportSource preact */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Chat } from "../model.ts";
import { say } from "./hooks.ts";
import { Icon } from "./icons.tsx";
import { useMedia } from "./lazy.ts";

export type ComposerProps = {
  readonly chat: Chat;
  readonly box: { current: HTMLTextAreaElement | null };
  readonly files: readonly File[];
  readonly setFiles: (files: readonly File[]) => void;
  readonly addFiles: (files: readonly File[]) => void;
  readonly notice: string;
  readonly setNotice: (text: string) => void;
};

export function Composer(props: ComposerProps): JSX.Element {
  const { chat, box, files, setFiles, addFiles, notice, setNotice } = props;
  const [text, setText] = useState("");
  const [voice, setVoice] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const canRecord = "MediaRecorder" in globalThis && navigator.mediaDevices !== undefined;
  const media = useMedia(voice || files.length > 0);
  const nothing = text.trim() === "" && files.length === 0;

  function handleSend(event?: Event): void {
    event?.preventDefault();
    if (nothing) return;
    chat.send(text.trim(), files);
    chat.typing(false);
    setText("");
    setFiles([]);
    setNotice("");
    box.current?.focus();
  }

  function handleKey(event: KeyboardEvent): void {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) handleSend(event);
  }

  function handleInput(value: string): void {
    setText(value);
    chat.typing(value.trim() !== "");
  }

  return (
    <form class="composer" onSubmit={handleSend}>
      {notice && (
        <p class="notice" role="alert" dir="auto">
          {notice}
        </p>
      )}
      {voice && media ? (
        <media.VoiceBox
          chat={chat}
          onClose={(why) => {
            setVoice(false);
            if (why) setNotice(say(why));
            requestAnimationFrame(() => box.current?.focus());
          }}
          onSend={(recording) => {
            chat.send("", [recording]);
            setVoice(false);
            requestAnimationFrame(() => box.current?.focus());
          }}
        />
      ) : (
        <div class="box">
          {files.length > 0 && media && (
            <ul class="chosen">
              {files.map((file) => (
                <media.Chosen
                  key={`${file.name}${file.size}${file.lastModified}`}
                  file={file}
                  onRemove={() => setFiles(files.filter((one) => one !== file))}
                />
              ))}
            </ul>
          )}
          <textarea
            ref={box}
            rows={1}
            dir="auto"
            maxLength={10_000}
            value={text}
            placeholder={say("placeholder")}
            aria-label={say("message")}
            onInput={(event) => handleInput(event.currentTarget.value)}
            onKeyDown={handleKey}
            onBlur={() => chat.typing(false)}
            onPaste={(event) => {
              const pasted = [...(event.clipboardData?.files ?? [])];
              if (pasted.length === 0) return;
              event.preventDefault();
              addFiles(pasted);
            }}
          />
          <div class="tools">
            <button
              type="button"
              class="tool"
              aria-label={say("attach")}
              onClick={() => picker.current?.click()}
            >
              <Icon name="clip" />
            </button>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              tabIndex={-1}
              onChange={(event) => {
                addFiles([...(event.currentTarget.files ?? [])]);
                event.currentTarget.value = "";
              }}
            />
            {canRecord && (
              <button
                type="button"
                class="tool"
                aria-label={say("record")}
                onClick={() => {
                  setNotice("");
                  setVoice(true);
                }}
              >
                <Icon name="mic" />
              </button>
            )}
            <button type="submit" class="round send" aria-label={say("send")} aria-disabled={nothing}>
              <Icon name="up" />
            </button>
          </div>
        </div>
      )}
    </form>
  );
}
