/** What the builders of rules and of sequences share: a document that is edited, read back in words, and kept. */
import { useQuery } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import "./rules.css";
import "./texts";
import { useKeys } from "../../lib/keys";
import { isCode, refusal } from "../../lib/refusal";
import { Icon } from "../../parts/basics";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";

/** What the hub adds to a document that it keeps. */
type Stored = { readonly id: string; readonly version: number; readonly enabled: boolean };

type Named = { readonly name: string };

/** A document in words, or what is wrong with it. */
type InWords = { readonly text?: string; readonly problem?: string };

/** A kind of document: how the builder edits it, and where it is kept. */
export type Kind<State, Document extends Named, Kept extends Stored, Reading extends InWords> = {
  /** What its queries begin with. */
  readonly name: string;
  readonly stateOf: (kept: Kept) => State;
  readonly documentOf: (state: State) => Document;
  readonly check: (document: Document) => Promise<Reading>;
  readonly one: (id: string) => Promise<Kept>;
  readonly create: (document: Document & { enabled: boolean }) => Promise<Kept>;
  readonly change: (id: string, version: number, document: Document) => Promise<Kept>;
  readonly switchOn: (kept: Kept) => Promise<Kept>;
  readonly remove: (id: string) => Promise<void>;
  /** Has the lists that show it asked for anew; told of what was kept and whether it is new. */
  readonly refresh: (kept?: Kept, isNew?: boolean) => Promise<void>;
};

/** What is said when it has been kept, and asked before it is taken away. */
type Says<Kept> = { readonly kept: (kept: Kept, before: Kept) => string; readonly confirmDelete: string };

export type Building<
  State,
  Document extends Named,
  Kept extends Stored,
  Reading extends InWords,
> = ReturnType<typeof useBuilding<State, Document, Kept, Reading>>;

/** Edits a document from what is stored on; nothing that was edited is lost without a question. */
export function useBuilding<State, Document extends Named, Kept extends Stored, Reading extends InWords>(
  kind: Kind<State, Document, Kept, Reading>,
  stored: Kept,
  mayWrite: boolean,
  says: Says<Kept>,
) {
  const { t } = useTranslation("rules");
  const navigate = useNavigate();
  const { stateOf, documentOf } = kind;
  const [state, setState] = useState(() => stateOf(stored));
  const [base, setBase] = useState(stored);
  const [theirs, setTheirs] = useState<Kept>();
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);
  const document = useMemo(() => documentOf(state), [state, documentOf]);
  const text = JSON.stringify(document);
  const [saved, setSaved] = useState(text);
  const dirty = text !== saved;
  const reading = useReading(kind, document);
  const ready = reading?.text !== undefined && reading.problem === undefined;

  useBlocker({
    shouldBlockFn: () => dirty && !busy && !window.confirm(t("leave")),
    enableBeforeUnload: dirty,
  });

  async function handleSave(enable: boolean, over = base) {
    setBusy(true);
    setWrong(undefined);
    try {
      const isNew = over.id === "";
      let kept = isNew
        ? await kind.create({ ...document, enabled: enable })
        : await kind.change(over.id, over.version, document);
      if (!isNew && enable && !kept.enabled) kept = await kind.switchOn(kept);
      setSaved(text);
      setBase(kept);
      setTheirs(undefined);
      await kind.refresh(kept, isNew);
      toast(says.kept(kept, base));
      if (isNew)
        await navigate({ to: "/rules/$rule", params: { rule: kept.id }, replace: true, ignoreBlocker: true });
    } catch (error) {
      if (isCode(error, "conflict") && over.id !== "") setTheirs(await kind.one(over.id));
      else setWrong(isCode(error, "conflict") && error instanceof Error ? error.message : refusal(error));
    } finally {
      setBusy(false);
    }
  }

  function handleTake(kept: Kept) {
    const taken = stateOf(kept);
    setState(taken);
    setSaved(JSON.stringify(documentOf(taken)));
    setBase(kept);
    setTheirs(undefined);
  }

  async function handleDelete() {
    if (!window.confirm(says.confirmDelete)) return;
    try {
      await kind.remove(base.id);
      await kind.refresh();
      await navigate({ to: "/settings/{-$section}", params: { section: "rules" }, ignoreBlocker: true });
    } catch (error) {
      complain(refusal(error));
    }
  }

  useKeys({
    approveFromEditor: () => {
      if (!mayWrite || !ready || busy) return false;
      void handleSave(base.enabled);
      return true;
    },
  });

  return {
    kind,
    mayWrite,
    state,
    replace: setState,
    set: (to: Partial<State>) => setState((now) => ({ ...now, ...to })),
    document,
    base,
    theirs,
    wrong,
    busy,
    dirty,
    reading,
    ready,
    handleSave,
    handleTake,
    handleDelete,
  };
}

type Of<State, Document extends Named, Kept extends Stored, Reading extends InWords> = {
  building: Building<State, Document, Kept, Reading>;
};

/** The frame of a builder's page, with the way back to the list. */
export function BuilderPage({ children }: { children: ReactNode }) {
  const { t } = useTranslation("rules");
  return (
    <main className="page">
      <div className="rui mx-auto w-full max-w-[1180px] px-6 py-6 max-sm:px-4">
        <Link
          to="/settings/{-$section}"
          params={{ section: "rules" }}
          className="mini mb-3 inline-flex items-center gap-1"
        >
          <Icon of={ArrowLeft} size="xs" />
          {t("back")}
        </Link>
        {children}
      </div>
    </main>
  );
}

/** Its title, and the buttons that keep it; below them what stands in the way. */
export function BuilderHead<State, Document extends Named, Kept extends Stored, Reading extends InWords>({
  building,
  title,
}: Of<State, Document, Kept, Reading> & { title: string }) {
  const { t } = useTranslation("rules");
  const { t: app } = useTranslation();
  const { base, busy, dirty, ready, mayWrite, wrong, handleSave } = building;
  return (
    <>
      <div className="mb-5 flex flex-wrap items-center gap-2">
        <h1 className="me-auto min-w-0 truncate text-[22px]! max-sm:whitespace-normal" dir="auto">
          {title}
        </h1>
        {base.enabled ? <span className="rverdict fired">{t("isOn")}</span> : null}
        {mayWrite ? (
          <button
            type="button"
            className="btn line"
            disabled={!ready || busy || !dirty}
            onClick={() => void handleSave(base.enabled)}
          >
            {busy ? app("app.saving") : t("save")}
          </button>
        ) : null}
        {mayWrite && !base.enabled ? (
          <button
            type="button"
            className="btn go plain"
            disabled={!ready || busy}
            onClick={() => void handleSave(true)}
          >
            {t("saveOn")}
          </button>
        ) : null}
      </div>
      {wrong ? (
        <p className="err mb-4!" role="alert">
          {wrong}
        </p>
      ) : null}
      <Overtaken building={building} />
    </>
  );
}

/** Somebody else has kept another version meanwhile: both, and the choice. */
function Overtaken<State, Document extends Named, Kept extends Stored, Reading extends InWords>({
  building,
}: Of<State, Document, Kept, Reading>) {
  const { t } = useTranslation("rules");
  const { kind, theirs, document, handleSave, handleTake } = building;
  if (!theirs) return null;
  return (
    <section className="rcard mb-5" role="alert">
      <p className="mb-3 font-[560]">{t("overtaken", { n: theirs.version })}</p>
      <div className="grid gap-4 sm:grid-cols-2">
        <Saying label={t("theirs")} kind={kind} document={kind.documentOf(kind.stateOf(theirs))} />
        <Saying label={t("yours")} kind={kind} document={document} />
      </div>
      <div className="mt-3 flex flex-wrap gap-2">
        <button type="button" className="btn line" onClick={() => handleTake(theirs)}>
          {t("takeTheirs")}
        </button>
        <button type="button" className="btn" onClick={() => void handleSave(theirs.enabled, theirs)}>
          {t("keepMine")}
        </button>
      </div>
    </section>
  );
}

function Saying<State, Document extends Named, Kept extends Stored, Reading extends InWords>(props: {
  label: string;
  kind: Kind<State, Document, Kept, Reading>;
  document: Document;
}) {
  const { kind, document } = props;
  const { data } = useQuery({
    queryKey: [`${kind.name}-reading`, document],
    queryFn: () => kind.check(document),
  });
  return (
    <div>
      <p className="lab">{props.label}</p>
      <p className="font-[560]" dir="auto">
        {document.name}
      </p>
      <p dir="auto">{data?.text ?? data?.problem}</p>
    </div>
  );
}

export function NameField(props: { hint: string; value: string; onChange: (name: string) => void }) {
  const { t } = useTranslation("rules");
  return (
    <section className="rcard">
      <Field label={t("name")} hint={props.hint}>
        {(field) => (
          <input
            {...field}
            className="input"
            dir="auto"
            maxLength={120}
            value={props.value}
            onChange={(event) => props.onChange(event.target.value)}
          />
        )}
      </Field>
    </section>
  );
}

/** The document in words. What is wrong with it is said once somebody has `begun`. */
export function ReadingCard(props: {
  reading: InWords | undefined;
  begun: boolean;
  incomplete: string;
  testId: string;
  children?: ReactNode;
}) {
  const { t } = useTranslation("rules");
  const { reading } = props;
  return (
    <section className="rcard" aria-label={t("words")}>
      <h2>{t("words")}</h2>
      {reading?.text ? (
        <p dir="auto" data-testid={props.testId}>
          {reading.text}
        </p>
      ) : (
        <p className="text-ink3">{props.incomplete}</p>
      )}
      {reading?.problem && props.begun ? (
        <ul className="mt-2">
          {reading.problem.split("; ").map((problem) => (
            <li key={problem} className="err" dir="auto">
              {problem}
            </li>
          ))}
        </ul>
      ) : null}
      {props.children}
    </section>
  );
}

/** What the hub reads in a document, a moment after it stopped changing. */
function useReading<State, Document extends Named, Kept extends Stored, Reading extends InWords>(
  kind: Kind<State, Document, Kept, Reading>,
  document: Document,
): Reading | undefined {
  const [asked, setAsked] = useState(document);
  useEffect(() => {
    const timer = window.setTimeout(() => setAsked(document), 250);
    return () => window.clearTimeout(timer);
  }, [document]);
  const { data } = useQuery({
    queryKey: [`${kind.name}-reading`, asked],
    queryFn: () => kind.check(asked),
    placeholderData: (before) => before,
    gcTime: 10_000,
  });
  // What was read of an older document says nothing of this one.
  return asked === document ? data : data && { ...data, problem: data.problem ?? "" };
}
