import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { refusal } from "../../lib/refusal";
import { Icon, Switch } from "../../parts/basics";
import { useMay, useMe } from "../../parts/data";
import { Field } from "../../parts/Field";
import { Sheet } from "../../parts/Sheet";
import { complain, toast } from "../../parts/toast";
import type { Snippet } from "../../types";

const renew = () => queries.invalidateQueries({ queryKey: ask.snippets.queryKey });

/** Saved replies: typed with a slash in an answer. */
export function Snippets() {
  const { t } = useTranslation();
  const { me } = useMe();
  const mayWrite = useMay("staff");
  const manager = useMay("manager");
  const { data } = useQuery(ask.snippets);
  const [open, setOpen] = useState<Snippet | "new">();

  return (
    <>
      <p className="mb-4 max-w-[60ch] text-ink2">{t("snippets.text")}</p>
      {data?.length === 0 ? (
        <p className="border-t border-line py-6 text-ink3">{t("snippets.none")}</p>
      ) : null}
      <ul>
        {data?.map((one) => {
          const mayChange = one.made_by === me.id || manager;
          return (
            <li key={one.id} className="flex flex-wrap items-start gap-x-4 gap-y-1 border-t border-line py-3">
              <kbd className="mt-0.5 flex-none">/{one.shortcut}</kbd>
              <p
                className="line-clamp-2 min-w-0 flex-1 text-ink2 max-sm:order-last max-sm:basis-full"
                dir="auto"
              >
                {one.body}
              </p>
              <span className="num mt-0.5 flex-none text-small text-ink3 max-sm:flex-1">
                {one.shared
                  ? t("snippets.shared", { count: one.uses })
                  : t("snippets.own", { count: one.uses })}
              </span>
              {mayChange ? (
                <button type="button" className="btn -my-1" onClick={() => setOpen(one)}>
                  {t("app.edit")}
                  <span className="sr-only"> /{one.shortcut}</span>
                </button>
              ) : null}
            </li>
          );
        })}
      </ul>
      {mayWrite ? (
        <button type="button" className="btn line mt-4" onClick={() => setOpen("new")}>
          <Icon of={Plus} size="s" />
          {t("snippets.new")}
        </button>
      ) : null}
      <Sheet
        open={open !== undefined}
        onOpenChange={(isOpen) => !isOpen && setOpen(undefined)}
        title={t(open === "new" ? "snippets.new" : "snippets.edit")}
      >
        {open ? (
          <SnippetForm snippet={open === "new" ? undefined : open} onDone={() => setOpen(undefined)} />
        ) : null}
      </Sheet>
    </>
  );
}

const VARIABLES = ["customer", "me", "business"] as const;

function SnippetForm({ snippet, onDone }: { snippet: Snippet | undefined; onDone: () => void }) {
  const { t } = useTranslation();
  const [shared, setShared] = useState(true);
  const [body, setBody] = useState(snippet?.body ?? "");
  const [wrong, setWrong] = useState<string>();

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const shortcut = String(new FormData(event.currentTarget).get("shortcut") ?? "").trim();
    setWrong(undefined);
    try {
      if (snippet) await api.changeSnippet(snippet.id, { shortcut, body });
      else await api.addSnippet({ shortcut, body, shared });
      await renew();
      toast(t("app.saved"));
      onDone();
    } catch (error) {
      setWrong(refusal(error));
    }
  }

  async function handleDelete() {
    if (!snippet) return;
    try {
      await api.deleteSnippet(snippet.id);
      await renew();
      onDone();
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <form className="grid gap-4 overflow-y-auto p-5" onSubmit={(event) => void handleSubmit(event)}>
      <Field label={t("snippets.shortcut")} hint={t("snippets.shortcutHint")} wrong={wrong}>
        {(field) => (
          <input
            {...field}
            className="input w-56! font-mono"
            name="shortcut"
            required
            maxLength={31}
            autoComplete="off"
            defaultValue={snippet?.shortcut}
          />
        )}
      </Field>
      <Field label={t("snippets.body")} hint={t("snippets.bodyHint")}>
        {(field) => (
          <textarea
            {...field}
            className="input min-h-36"
            required
            dir="auto"
            maxLength={4000}
            value={body}
            onChange={(event) => setBody(event.target.value)}
          />
        )}
      </Field>
      <div className="-mt-2 flex flex-wrap gap-1.5">
        {VARIABLES.map((name) => (
          <button
            key={name}
            type="button"
            className="mini font-mono text-[12px]!"
            onClick={() => setBody(`${body}${body === "" || /\s$/.test(body) ? "" : " "}{{${name}}}`)}
          >
            {`{{${name}}}`}
          </button>
        ))}
      </div>
      {snippet ? null : (
        <div className="flex items-center justify-between gap-4">
          <p className="font-[560]">{t("views.share")}</p>
          <Switch label={t("views.share")} checked={shared} onChange={setShared} />
        </div>
      )}
      <div className="flex gap-2">
        <button type="submit" className="btn go plain" disabled={body.trim() === ""}>
          {t("app.save")}
        </button>
        {snippet ? (
          <button type="button" className="btn ms-auto text-brick!" onClick={() => void handleDelete()}>
            {t("app.delete")}
          </button>
        ) : null}
      </div>
    </form>
  );
}
