/** Adds documents: files by drop or choice, and pages of the web. */
import { Link, useNavigate } from "@tanstack/react-router";
import { FileUp, Globe, Pencil } from "lucide-react";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, queries } from "../../api";
import { refusal } from "../../lib/refusal";
import { Empty, Icon, Segments } from "../../parts/basics";
import { useMay } from "../../parts/data";
import { Field } from "../../parts/Field";
import { toast } from "../../parts/toast";
import { ACCEPT } from "./accept";
import { BackToList } from "./Reader";
import { sendFiles } from "./uploads";

export function Add() {
  const { t } = useTranslation();
  const mayWrite = useMay("manager");
  if (!mayWrite) return <Empty title={t("knowledge.managers")} />;
  return (
    <div className="mx-auto w-full max-w-[680px] px-7 py-6 max-sm:px-4">
      <div className="mb-5 flex items-center gap-1">
        <BackToList />
        <h1 className="text-[22px]!">{t("add.title")}</h1>
      </div>
      <Files />
      <Web />
      <p className="mt-6 flex flex-wrap items-center gap-x-2 text-ink2">
        <Icon of={Pencil} size="s" />
        {t("add.orWrite")}
        <Link to="/knowledge/{-$id}" params={{ id: "new" }} className="underline">
          {t("add.writeOne")}
        </Link>
      </p>
    </div>
  );
}

function Files() {
  const { t } = useTranslation();
  const picker = useRef<HTMLInputElement>(null);
  const hint = useId();
  return (
    <div className="kcard">
      <button type="button" className="kzone" aria-describedby={hint} onClick={() => picker.current?.click()}>
        <Icon of={FileUp} />
        <b>{t("add.choose")}</b>
        <span>{t("add.orDrop")}</span>
      </button>
      <input
        ref={picker}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-label={t("add.files")}
        accept={ACCEPT}
        multiple
        onChange={(event) => {
          sendFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <p className="hint" id={hint}>
        {t("add.kinds")}
      </p>
    </div>
  );
}

function Web() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [address, setAddress] = useState("");
  const [scope, setScope] = useState<"page" | "site">("page");
  const [pages, setPages] = useState(25);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();

  async function handleAdd() {
    if (busy || address.trim() === "") return;
    setBusy(true);
    setWrong(undefined);
    try {
      const added = await api.addPages(address.trim(), scope === "page" ? 1 : pages);
      void queries.invalidateQueries({ queryKey: ["documents"] });
      const count = added.items.length;
      toast(added.known > 0 ? t("add.addedKnown", { count, known: added.known }) : t("add.added", { count }));
      setAddress("");
      const [only] = added.items;
      if (only && count === 1) void navigate({ to: "/knowledge/{-$id}", params: { id: only.id } });
    } catch (error) {
      setWrong(refusal(error));
    }
    setBusy(false);
  }

  return (
    <form
      className="kcard mt-4"
      aria-label={t("add.web")}
      onSubmit={(event) => {
        event.preventDefault();
        void handleAdd();
      }}
    >
      <h2 className="mb-3 flex items-center gap-2">
        <Icon of={Globe} size="s" />
        {t("add.web")}
      </h2>
      <Field label={t("add.address")} wrong={wrong} hint={t("add.addressHint")}>
        {(field) => (
          <input
            {...field}
            className="input"
            dir="ltr"
            inputMode="url"
            autoComplete="off"
            placeholder="https://"
            value={address}
            maxLength={2000}
            onChange={(event) => setAddress(event.target.value)}
          />
        )}
      </Field>
      <div className="mt-3 flex flex-wrap items-center gap-3">
        <Segments
          label={t("add.scope")}
          value={scope}
          options={[
            { value: "page", label: t("add.onePage") },
            { value: "site", label: t("add.site") },
          ]}
          onChange={setScope}
        />
        {scope === "site" ? (
          <label className="flex items-center gap-2 text-meta text-ink2">
            {t("add.atMost")}
            <input
              type="number"
              className="input num w-[84px]!"
              min={2}
              max={200}
              value={pages}
              onChange={(event) => setPages(Math.min(200, Math.max(2, Number(event.target.value) || 2)))}
            />
            {t("add.pages")}
          </label>
        ) : null}
        <button type="submit" className="btn go plain ms-auto" disabled={busy || address.trim() === ""}>
          {busy ? t("add.looking") : t("add.addWeb")}
        </button>
      </div>
    </form>
  );
}
