import { useQuery } from "@tanstack/react-query";
import { Check, Languages, Pencil, X } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, rest } from "../../api";
import "../../i18n/voice";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { useMay, useMe } from "../../parts/data";
import { toast } from "../../parts/toast";
import type { Attachment, Entry, SpokenWord } from "../../types";
import "./voice-note.css";

/** A machine that is less sure of a word than this may have misheard it. */
const UNSURE = 0.55;

type Props = {
  readonly file: Attachment;
  readonly told: Entry | undefined;
  readonly translated: Entry | undefined;
  /** Where the player is, in milliseconds. */
  readonly at: number;
  readonly onSeek: (ms: number) => void;
};

/** What was said, under the player. Words that the machine is not sure of are marked; a person can correct it. */
export function Transcript({ file, told, translated, at, onSeek }: Props) {
  const { t } = useTranslation();
  const mayWrite = useMay("staff");
  const [edits, setEdits] = useState(false);
  const content = told?.content.kind === "transcribed" ? told.content : undefined;
  const state = content?.state ?? file.transcript;
  if (state === undefined) return null;
  if (edits) return <Correction file={file} text={told?.body ?? ""} onDone={() => setEdits(false)} />;
  const words = content?.words ?? [];
  return (
    <div className="said" data-transcript={state}>
      {told?.body ? (
        <p dir="auto" className="tx">
          {words.length > 0 ? <Words words={words} at={at} onSeek={onSeek} /> : told.body}
        </p>
      ) : null}
      <p className="ab" role={state === "waiting" ? "status" : undefined}>
        <span>
          {t(`conv.file.transcript.${state}`, { name: told?.author ?? "" })}
          {content?.cut ? ` · ${t("conv.file.cut")}` : ""}
        </span>
        {mayWrite && state !== "waiting" ? (
          <button type="button" className="link" onClick={() => setEdits(true)}>
            <Icon of={Pencil} size="xs" />
            {t(told?.body ? "conv.file.correct" : "conv.file.write")}
          </button>
        ) : null}
        {mayWrite && told?.body && !translated ? <Translate file={file} spoken={content?.language} /> : null}
      </p>
      {translated ? <Translation entry={translated} /> : null}
    </div>
  );
}

/** Asked once: what the hub can do does not change while somebody reads. */
const canTranslate = {
  queryKey: ["translation"],
  queryFn: () => rest.call<{ readonly ready: boolean }>("GET", "/v1/translation"),
  staleTime: 300_000,
};

const languageName = (tag: string): string =>
  new Intl.DisplayNames(undefined, { type: "language" }).of(tag) ?? tag;

/** Asks for the words in the reader's own language; not there where no model translates. */
function Translate({ file, spoken }: { readonly file: Attachment; readonly spoken: string | undefined }) {
  const { t } = useTranslation("voice");
  const { me, workspace } = useMe();
  const { data } = useQuery(canTranslate);
  const [busy, setBusy] = useState(false);
  const own = me.language ?? workspace.locale;
  if (!data?.ready || spoken === own.slice(0, 2)) return null;

  async function handleTranslate() {
    setBusy(true);
    try {
      // It comes back through the conversation, for all who look at it.
      await rest.call("POST", `/v1/files/${file.id}/translation`, { language: own });
    } catch (error) {
      toast(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <button type="button" className="link" disabled={busy} onClick={() => void handleTranslate()}>
      <Icon of={Languages} size="xs" />
      {busy ? t("translating") : t("translate", { language: languageName(own) })}
    </button>
  );
}

function Translation({ entry }: { readonly entry: Entry }) {
  const { t } = useTranslation("voice");
  if (entry.content.kind !== "translated") return null;
  const { language, engine } = entry.content;
  return (
    <div className="trans" data-translation={language}>
      <p className="tx" dir="auto" lang={language}>
        {entry.body}
      </p>
      <p className="ab">
        {t("translated", { language: languageName(language), engine, name: entry.author })}
      </p>
    </div>
  );
}

function Words({
  words,
  at,
  onSeek,
}: {
  readonly words: readonly SpokenWord[];
  readonly at: number;
  readonly onSeek: (ms: number) => void;
}) {
  const { t } = useTranslation();
  return words.map((word, place) => {
    const unsure = word.confidence !== undefined && word.confidence < UNSURE;
    const now = at > 0 && at >= word.start_ms && at < word.end_ms;
    return (
      // The keyboard has the slider of the player; a stop at every word would be in its way.
      // biome-ignore lint/a11y/useKeyWithClickEvents: see above.
      // biome-ignore lint/a11y/noStaticElementInteractions: see above.
      <span
        // biome-ignore lint/suspicious/noArrayIndexKey: words have no identity beyond their place.
        key={place}
        className={`w ${unsure ? "un" : ""} ${now ? "now" : ""}`}
        title={unsure ? t("conv.file.unsure", { n: Math.round((word.confidence ?? 0) * 100) }) : undefined}
        onClick={() => onSeek(word.start_ms)}
      >
        {place > 0 ? " " : ""}
        {word.text}
      </span>
    );
  });
}

function Correction(props: {
  readonly file: Attachment;
  readonly text: string;
  readonly onDone: () => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [text, setText] = useState(props.text);
  const [busy, setBusy] = useState(false);

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      await api.correctTranscript(props.file.id, text);
      props.onDone();
    } catch (error) {
      toast(refusal(error));
      setBusy(false);
    }
  }

  return (
    <form className="said edit" onSubmit={handleSubmit}>
      <label className="lab" htmlFor={id}>
        {t("conv.file.said")}
      </label>
      <textarea
        id={id}
        className="input"
        dir="auto"
        rows={3}
        required
        maxLength={10_000}
        // biome-ignore lint/a11y/noAutofocus: the press on "correct" asks for this field.
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          props.onDone();
        }}
      />
      <div className="flex items-center gap-2">
        <button type="submit" className="btn go plain" disabled={busy || text.trim() === ""}>
          <Icon of={Check} size="s" />
          {busy ? t("app.saving") : t("app.save")}
        </button>
        <button type="button" className="btn" onClick={props.onDone}>
          <Icon of={X} size="s" />
          {t("app.cancel")}
        </button>
      </div>
      <p className="hint">{t("conv.file.correctHint")}</p>
    </form>
  );
}
