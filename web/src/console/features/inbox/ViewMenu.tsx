import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { BookmarkPlus, ListFilter, Pencil, RefreshCw, SlidersHorizontal, Trash2, X } from "lucide-react";
import { type FormEvent, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { late } from "../../lib/late";
import { refusal } from "../../lib/refusal";
import { Chosen, Icon, Switch } from "../../parts/basics";
import { useMay, useMe, useStaff, useWorkflow } from "../../parts/data";
import { Field } from "../../parts/Field";
import { Menu, MenuItem, MenuLine, MenuTitle } from "../../parts/Menu";
import { Sheet } from "../../parts/Sheet";
import { complain, toast } from "../../parts/toast";
import type { InboxSearch } from "../../router";
import type { SavedView, ViewFilter } from "../../types";

const Narrow = late(() => import("./Narrow"), "Narrow");

/** What of the address belongs to a view. */
const filterOf = ({ view, label, status, assignee, q, when }: InboxSearch): ViewFilter => ({
  ...(view && view !== "open" ? { view } : {}),
  ...(label ? { label } : {}),
  ...(status ? { status } : {}),
  ...(assignee ? { assignee } : {}),
  ...(q ? { q } : {}),
  ...(when ? { when: JSON.parse(when) } : {}),
});

/** A view's filter as the address has it. */
const searchOf = ({ when, ...filter }: ViewFilter): InboxSearch => ({
  ...(filter as InboxSearch),
  ...(when ? { when: JSON.stringify(when) } : {}),
});

const same = (a: ViewFilter, b: ViewFilter): boolean =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

const renew = () => queries.invalidateQueries({ queryKey: ask.views.queryKey });

/** Narrows the list, and saves what was narrowed. */
export function ViewMenu({ search, saved }: { search: InboxSearch; saved: SavedView | undefined }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { me } = useMe();
  const manager = useMay("manager");
  const staff = useStaff();
  const { states } = useWorkflow();
  const { data: open } = useQuery(ask.inbox({ view: "open" }));
  const [sheet, setSheet] = useState<"save" | "rename" | "narrow">();
  const filter = filterOf(search);
  const narrowed = Object.keys(filter).length > 0;
  const mayChange = saved !== undefined && (saved.made_by === me.id || manager);
  const labels = [...new Set((open?.items ?? []).flatMap((row) => row.labels))].sort().slice(0, 8);
  const { label, status, assignee, when } = search;
  const count = [label, status, assignee, when].filter(Boolean).length;

  const go = (change: Partial<Record<"label" | "status" | "assignee" | "when", string | undefined>>) => {
    const { saved: _, seq: __, ...old } = search;
    const next = Object.fromEntries(
      Object.entries({ ...old, ...change }).filter(([, value]) => value !== undefined),
    );
    void navigate({ to: "/inbox/{-$id}", params: { id: undefined }, search: next });
  };

  async function act(what: () => Promise<unknown>, said?: string) {
    try {
      await what();
      await renew();
      if (said) toast(said);
    } catch (error) {
      complain(refusal(error));
    }
  }

  return (
    <>
      <Menu
        trigger={
          <button
            type="button"
            className="sort"
            aria-label={count > 0 ? t("views.filterN", { count }) : t("views.filter")}
          >
            <Icon of={ListFilter} size="s" />
            {t("views.filter")}
            {count > 0 ? <span className="count num">{count}</span> : null}
          </button>
        }
      >
        <div className="max-h-[min(60vh,460px)] overflow-y-auto">
          <MenuTitle>{t("conv.status")}</MenuTitle>
          {states.map((state) => (
            <MenuItem
              key={state.key}
              onSelect={() => go({ status: status === state.key ? undefined : state.key })}
            >
              {state.label}
              <Chosen on={status === state.key} />
            </MenuItem>
          ))}
          <MenuTitle>{t("conv.assign")}</MenuTitle>
          {staff
            .filter((one) => !one.disabled && one.role !== "viewer")
            .map((one) => (
              <MenuItem
                key={one.id}
                onSelect={() => go({ assignee: assignee === one.id ? undefined : one.id })}
              >
                <span dir="auto">{one.name}</span>
                <Chosen on={assignee === one.id} />
              </MenuItem>
            ))}
          {labels.length > 0 ? <MenuTitle>{t("conv.labels")}</MenuTitle> : null}
          {labels.map((one) => (
            <MenuItem key={one} onSelect={() => go({ label: label === one ? undefined : one })}>
              <span dir="auto">{one}</span>
              <Chosen on={label === one} />
            </MenuItem>
          ))}
        </div>
        <MenuLine />
        <MenuItem onSelect={() => setSheet("narrow")}>
          <Icon of={SlidersHorizontal} size="s" />
          {t("views.conditions")}
          <Chosen on={when !== undefined} />
        </MenuItem>
        {saved && mayChange && !same(filter, saved.filter) ? (
          <MenuItem onSelect={() => void act(() => api.changeView(saved.id, { filter }), t("app.saved"))}>
            <Icon of={RefreshCw} size="s" />
            {t("views.update", { name: saved.name })}
          </MenuItem>
        ) : null}
        {narrowed ? (
          <MenuItem onSelect={() => setSheet("save")}>
            <Icon of={BookmarkPlus} size="s" />
            {t("views.save")}
          </MenuItem>
        ) : null}
        {saved && mayChange ? (
          <>
            <MenuItem onSelect={() => setSheet("rename")}>
              <Icon of={Pencil} size="s" />
              {t("views.rename")}
            </MenuItem>
            <MenuItem
              onSelect={() =>
                void act(
                  async () => {
                    await api.deleteView(saved.id);
                    await navigate({ to: "/inbox/{-$id}", params: { id: undefined }, search: {} });
                  },
                  t("views.deleted", { name: saved.name }),
                )
              }
            >
              <Icon of={Trash2} size="s" />
              {t("views.delete")}
            </MenuItem>
          </>
        ) : null}
        {narrowed ? (
          <MenuItem
            onSelect={() => void navigate({ to: "/inbox/{-$id}", params: { id: undefined }, search: {} })}
          >
            <Icon of={X} size="s" />
            {t("inbox.clear")}
          </MenuItem>
        ) : null}
      </Menu>
      <Sheet
        open={sheet === "narrow"}
        onOpenChange={(isOpen) => !isOpen && setSheet(undefined)}
        title={t("views.conditions")}
      >
        <Suspense>
          <Narrow
            when={when}
            onShow={(next) => {
              setSheet(undefined);
              go({ when: next });
            }}
          />
        </Suspense>
      </Sheet>
      <Sheet
        open={sheet === "save" || sheet === "rename"}
        onOpenChange={(isOpen) => !isOpen && setSheet(undefined)}
        title={t(sheet === "rename" ? "views.rename" : "views.save")}
      >
        <NameForm
          name={sheet === "rename" ? (saved?.name ?? "") : ""}
          mayShare={sheet === "save"}
          onSave={async (name, shared) => {
            if (sheet === "rename" && saved) {
              await api.changeView(saved.id, { name });
              await renew();
            } else {
              const made = await api.addView({ name, shared, filter });
              await renew();
              await navigate({
                to: "/inbox/{-$id}",
                params: { id: undefined },
                search: { ...searchOf(made.filter), saved: made.id },
              });
            }
            setSheet(undefined);
          }}
        />
      </Sheet>
    </>
  );
}

function NameForm(props: {
  name: string;
  mayShare: boolean;
  onSave: (name: string, shared: boolean) => Promise<void>;
}) {
  const { t } = useTranslation();
  const mayAnswer = useMay("staff");
  const [name, setName] = useState(props.name);
  const [shared, setShared] = useState(false);
  const [wrong, setWrong] = useState<string>();

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    setWrong(undefined);
    try {
      await props.onSave(name.trim(), shared);
    } catch (error) {
      setWrong(refusal(error));
    }
  }

  return (
    <form className="grid gap-4 p-5" onSubmit={handleSubmit}>
      <Field label={t("views.name")} wrong={wrong}>
        {(field) => (
          <input
            {...field}
            className="input"
            required
            maxLength={40}
            dir="auto"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      {props.mayShare && mayAnswer ? (
        <div className="flex items-center justify-between gap-4">
          <div>
            <p className="font-[560]">{t("views.share")}</p>
            <p className="text-small text-ink3">{t("views.shareHint")}</p>
          </div>
          <Switch label={t("views.share")} checked={shared} onChange={setShared} />
        </div>
      ) : null}
      <div>
        <button type="submit" className="btn go plain" disabled={name.trim() === ""}>
          {t("app.save")}
        </button>
      </div>
    </form>
  );
}
