import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import i18next from "i18next";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ask, queries } from "../../api";
import { schemas as texts } from "../../i18n/schemas";
import { refusal } from "../../lib/refusal";
import { Empty, Icon } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { Field } from "../../parts/Field";
import { Sheet } from "../../parts/Sheet";
import type { Schema } from "../../types";
import { Board } from "./Board";
import { Builder } from "./Builder";
import { calls, emptyDoc, keyFrom } from "./document";
import { Statistics } from "./Statistics";
import "./schemas.css";

i18next.addResourceBundle("en", "schemas", texts);

const TABS = ["fields", "workflow", "board", "figures"] as const;
export type Tab = (typeof TABS)[number];

/** What the business wants to know, the statuses it works through, where everything stands, and how it goes. */
export function Schemas() {
  const { t } = useTranslation("schemas");
  const { key } = useParams({ from: "/schemas/{-$key}" });
  const { tab: given } = useSearch({ from: "/schemas/{-$key}" });
  const tab = TABS.find((one) => one === given) ?? "fields";
  const manager = useMay("manager");
  const { data, error, isPending } = useQuery(ask.schemas);
  const [adding, setAdding] = useState(false);
  const schema = data?.items.find((one) => one.key === key) ?? data?.items[0];
  return (
    <main className="page">
      <div className="schemas">
        <header className="flex flex-wrap items-center gap-x-5 gap-y-2">
          <h1>{t("title")}</h1>
          {manager ? (
            <button type="button" className="btn line ms-auto" onClick={() => setAdding(true)}>
              <Icon of={Plus} size="s" />
              {t("new")}
            </button>
          ) : null}
        </header>
        {error ? (
          <p className="err" role="alert">
            {t("error", { why: refusal(error) })}
          </p>
        ) : null}
        {data && data.items.length > 1 ? (
          <nav aria-label={t("title")} className="flex flex-wrap gap-1.5">
            {data.items.map((one) => (
              <Link
                key={one.key}
                to="/schemas/{-$key}"
                params={{ key: one.key }}
                search={{ tab }}
                className="mini"
                aria-current={one.key === schema?.key ? "page" : undefined}
              >
                {one.name}
              </Link>
            ))}
          </nav>
        ) : null}
        {schema ? (
          <>
            <div className="flex flex-wrap items-baseline gap-x-4 gap-y-2">
              <h2 className="text-[17px]!" dir="auto">
                {schema.name}
              </h2>
              <span className="num text-small text-ink3">{t("version", { n: schema.version })}</span>
            </div>
            <nav aria-label={schema.name} className="stabs">
              {TABS.map((one) => (
                <Link
                  key={one}
                  to="/schemas/{-$key}"
                  params={{ key: schema.key }}
                  search={{ tab: one }}
                  aria-current={one === tab ? "page" : undefined}
                >
                  {t(`tab.${one}`)}
                </Link>
              ))}
            </nav>
            {tab === "board" ? (
              <Board key={schema.key} schema={schema} />
            ) : tab === "figures" ? (
              <Statistics key={schema.key} schema={schema} />
            ) : (
              <Builder key={schema.key} schema={schema} part={tab} />
            )}
          </>
        ) : isPending ? null : (
          <Empty title={t("none")} />
        )}
      </div>
      <Sheet open={adding} onOpenChange={setAdding} title={t("newTitle")}>
        {adding ? <NewSchema taken={data?.items ?? []} onDone={() => setAdding(false)} /> : null}
      </Sheet>
    </main>
  );
}

function NewSchema({ taken, onDone }: { taken: readonly Schema[]; onDone: () => void }) {
  const { t } = useTranslation("schemas");
  const navigate = useNavigate();
  const [wrong, setWrong] = useState<string>();

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const title = String(new FormData(event.currentTarget).get("title") ?? "").trim();
    const key = keyFrom(
      title,
      "-",
      taken.map((one) => one.key),
    );
    try {
      const made = await calls.create(emptyDoc(title, key));
      await queries.invalidateQueries({ queryKey: ask.schemas.queryKey });
      onDone();
      await navigate({ to: "/schemas/{-$key}", params: { key: made.key }, search: {} });
    } catch (error) {
      setWrong(refusal(error));
    }
  }

  return (
    <form className="grid gap-4 p-5" onSubmit={(event) => void handleSubmit(event)}>
      <Field label={t("label")} wrong={wrong}>
        {(field) => <input {...field} className="input" name="title" required maxLength={80} dir="auto" />}
      </Field>
      <div>
        <button type="submit" className="btn go plain">
          {t("new")}
        </button>
      </div>
    </form>
  );
}
