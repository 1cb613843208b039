/** @jsxImportSource preact */
// The question at the end: five faces, and a line for words. Asked once for each time the business closes
// the conversation; what was chosen stays on show and may be changed.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Lost } from "../../wire/link.ts";
import type { Entry } from "../../wire/protocol.ts";
import type { Chat } from "../model.ts";
import css from "../rating.css?inline";
import { enRating } from "../words/en-rating.ts";
import { learn } from "../words.ts";
import { say } from "./hooks.ts";
import { Icon } from "./icons.tsx";

export { css };

learn(enRating);

/** Arrow keys pass over the faces between: only where they come to rest counts. */
const RESTS = 500;
const MOST_WORDS = 1_000;

const mouths = [
  "M8 16.8a4.4 4.4 0 0 1 8 0M7.4 7l2.4 1M16.6 7l-2.4 1",
  "M9 15.8a5.4 5.4 0 0 1 6 0",
  "M8.6 15.4h6.8",
  "M8.4 14.6a5.6 5.6 0 0 0 7.2 0",
  "M7.8 13.8h8.4a4.2 4.2 0 0 1-8.4 0",
];
const SCORES = [1, 2, 3, 4, 5] as const;

type Given = { readonly score: number; readonly words: string };

export type RatingProps = {
  readonly chat: Chat;
  readonly online: boolean;
  readonly entries: readonly Entry[];
};

export function Rating({ chat, online, entries }: RatingProps): JSX.Element {
  const known = ratingOf(entries);
  const [given, setGiven] = useState<Given>();
  const [sent, setSent] = useState(known);
  const [failed, setFailed] = useState(false);
  const [words, setWords] = useState(known?.words ?? "");
  const rest = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const score = given?.score ?? known?.score;

  async function hand(what: Given): Promise<void> {
    try {
      await chat.rate(what.score, what.words);
      setSent(what);
      setFailed(false);
    } catch (error) {
      // Without a line it goes out when there is one.
      if (!(error instanceof Lost)) setFailed(true);
    }
  }

  const owed = given !== undefined && (given.score !== sent?.score || given.words !== sent?.words);
  useEffect(() => {
    if (!owed || !online) return;
    rest.current = setTimeout(() => void hand(given), RESTS);
    return () => clearTimeout(rest.current);
  }, [given, online]);

  function handleWords(event: Event): void {
    event.preventDefault();
    if (score !== undefined) setGiven({ score, words: words.trim() });
  }

  const unsaid = words.trim() !== (given ?? known)?.words;
  return (
    <form class="rating" onSubmit={handleWords}>
      <fieldset>
        <legend>{say("rate")}</legend>
        <div class="faces">
          {SCORES.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="score"
                aria-label={say(`rate${one}`)}
                checked={score === one}
                onChange={() => setGiven({ score: one, words: (given ?? known)?.words ?? "" })}
              />
              <Face mouth={mouths[one - 1] ?? ""} />
            </label>
          ))}
        </div>
      </fieldset>
      <p class="said" role="status">
        {failed
          ? say("rateFailed")
          : score && (owed && !online ? say("rateLater") : !owed && say("rateThanks"))}
      </p>
      {score === undefined ? (
        <button type="button" class="skip" onClick={() => chat.leaveUnrated(entries.at(-1)?.seq ?? 0)}>
          {say("rateSkip")}
        </button>
      ) : (
        <div class="box">
          <textarea
            rows={1}
            dir="auto"
            maxLength={MOST_WORDS}
            value={words}
            placeholder={say("rateMore")}
            aria-label={say("rateMore")}
            onInput={(event) => setWords(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey && !event.isComposing) handleWords(event);
            }}
          />
          {unsaid && (
            <button type="submit" class="round send" aria-label={say("send")}>
              <Icon name="up" />
            </button>
          )}
        </div>
      )}
    </form>
  );
}

/** What the visitor said of the newest closing. */
function ratingOf(entries: readonly Entry[]): Given | undefined {
  const closed = entries.findLast(({ content }) => content.kind === "resolved_changed");
  const rated = entries.findLast(({ content }) => content.kind === "rated");
  return rated?.content.kind === "rated" && rated.content.resolution === closed?.seq
    ? { score: rated.content.score, words: rated.body ?? "" }
    : undefined;
}

function Face({ mouth }: { readonly mouth: string }): JSX.Element {
  return (
    <svg viewBox="0 0 24 24" class="stroke" aria-hidden="true">
      <circle cx="12" cy="12" r="10" />
      <path d="M9 9.2v.6M15 9.2v.6" />
      <path d={mouth} />
    </svg>
  );
}
