/** Fields and choices that customers' messages would fill already, with how often. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, Sparkles } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { call } from "../../api";
import { percent } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import type { Doc, FieldDoc } from "./document";

type Suggestion = {
  readonly field: string;
  readonly property: FieldDoc;
  readonly becomes_choice: boolean;
  readonly conversations: number;
  readonly share: number;
  readonly examples: readonly { readonly conversation: string; readonly words: string }[];
};
type StateSuggestion = {
  readonly key: string;
  readonly label: string;
  readonly conversations: number;
  readonly share: number;
  readonly examples: readonly string[];
};
type Found = {
  readonly conversations: number;
  readonly items: readonly Suggestion[];
  readonly states: readonly StateSuggestion[];
};

/** The type in words, unless the name says it already. */
const typeWord = (field: FieldDoc): string => {
  const word = field["x-type"].replaceAll("_", " ");
  return field.title.toLowerCase() === word ? "" : word;
};

export function Suggested(props: {
  doc: Doc;
  schemaKey: string;
  onAdd: (key: string, field: FieldDoc) => void;
  onAddState: (key: string, label: string) => void;
}) {
  const { t } = useTranslation("schemas");
  const [asked, setAsked] = useState(false);
  const { data, error, isFetching } = useQuery({
    queryKey: ["schema-suggestions", props.schemaKey],
    queryFn: () => call<Found>("GET", `/v1/schemas/${props.schemaKey}/suggestions`),
    enabled: asked,
    staleTime: 60_000,
  });
  const isThere = (one: Suggestion) =>
    JSON.stringify(props.doc.properties[one.field]?.["x-type"]) === JSON.stringify(one.property["x-type"]);
  const items = data?.items.filter((one) => !isThere(one)) ?? [];
  const known = props.doc["x-workflow"].states.map((state) => state.key);
  const states = data?.states.filter((one) => !known.includes(one.key)) ?? [];
  return (
    <section aria-labelledby="suggested-title">
      <h3 id="suggested-title" className="sub">
        {t("suggested.title")}
      </h3>
      <p className="mb-3 text-ink2">{t("suggested.text")}</p>
      <button type="button" className="btn line" disabled={isFetching} onClick={() => setAsked(true)}>
        <Icon of={Sparkles} size="s" />
        {t(isFetching ? "suggested.looking" : "suggested.look")}
      </button>
      {error ? <p className="err">{refusal(error)}</p> : null}
      {data ? (
        <p className="mt-3 text-ink3" role="status">
          {t("suggested.looked", { count: items.length + states.length, n: data.conversations })}
        </p>
      ) : null}
      <ul className="mt-2 grid gap-3">
        {items.map((one) => (
          <li
            key={one.field}
            className="flex flex-wrap items-start gap-x-3 gap-y-1 border-t border-line pt-3"
          >
            <div className="min-w-0 flex-1">
              <p>
                <b className="font-[560]" dir="auto">
                  {one.property.title}
                </b>{" "}
                <span className="text-ink3">
                  {one.becomes_choice
                    ? t("suggested.choice", { words: one.property.enum?.join(", ") ?? "" })
                    : typeWord(one.property)}
                </span>
              </p>
              <p className="num text-small text-ink2">
                {t("suggested.share", { p: percent(one.share), n: one.conversations })}
              </p>
              <p className="text-small text-ink3">
                {one.examples.map((seen) => (
                  <Link
                    key={seen.conversation}
                    to="/inbox/{-$id}"
                    params={{ id: seen.conversation }}
                    search={{ view: "all" }}
                    className="me-2 underline"
                    dir="auto"
                  >
                    “{seen.words}”
                  </Link>
                ))}
              </p>
            </div>
            <button type="button" className="mini" onClick={() => props.onAdd(one.field, one.property)}>
              <Icon of={Plus} size="xs" />
              {t(one.becomes_choice ? "suggested.make" : "suggested.add")}
            </button>
          </li>
        ))}
        {states.map((one) => (
          <li
            key={`state ${one.key}`}
            className="flex flex-wrap items-start gap-x-3 gap-y-1 border-t border-line pt-3"
          >
            <div className="min-w-0 flex-1">
              <p>
                <b className="font-[560]" dir="auto">
                  {one.label}
                </b>{" "}
                <span className="text-ink3">{t("suggested.state")}</span>
              </p>
              <p className="num text-small text-ink2">
                {t("suggested.stateShare", { p: percent(one.share), n: one.conversations })}
              </p>
              <p className="text-small text-ink3">
                {one.examples.map((id, at) => (
                  <Link
                    key={id}
                    to="/inbox/{-$id}"
                    params={{ id }}
                    search={{ view: "all" }}
                    className="me-2 underline"
                  >
                    {at + 1}
                  </Link>
                ))}
              </p>
            </div>
            <button type="button" className="mini" onClick={() => props.onAddState(one.key, one.label)}>
              <Icon of={Plus} size="xs" />
              {t("suggested.addState")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
