import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import { Lost } from "@/wire/link";
import { api } from "../api";
import { isCode, refusal } from "../lib/refusal";
import { Key } from "../parts/basics";
import type { Session } from "../types";
import { Logo } from "./Logo";

export function SignIn(props: { notice: string | undefined; onSignedIn: (session: Session) => void }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const first = useRef<HTMLInputElement>(null);
  const slug = new URLSearchParams(location.search).get("workspace") ?? "";

  useEffect(() => {
    document.title = `${t("signin.title")} · ${t("app.name")}`;
    first.current?.focus();
  }, [t]);

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    const form = new FormData(event.currentTarget);
    const workspace = String(form.get("workspace") ?? "").trim();
    setBusy(true);
    setWrong(undefined);
    try {
      const session = await api.signIn({
        email: String(form.get("email") ?? "").trim(),
        password: String(form.get("password") ?? ""),
        ...(workspace === "" ? {} : { workspace }),
      });
      props.onSignedIn(session);
    } catch (error) {
      if (error instanceof Lost) setWrong(t("signin.unreachable"));
      else
        setWrong(isCode(error, "wrong_credentials", "unauthenticated") ? t("signin.wrong") : refusal(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Door>
      <main className="m-auto w-full max-w-[380px] px-6 py-10">
        <div className="mb-10 flex items-center gap-2.5 text-title font-[650] tracking-[-.015em]">
          <Logo />
          {t("app.name")}
        </div>
        <h1 className="mb-6 text-[22px]! tracking-[-.02em]!">{t("signin.title")}</h1>
        {props.notice ? (
          <p className="mb-5 rounded-r2 bg-amber-tint px-3 py-2 text-amber">{props.notice}</p>
        ) : null}
        <form onSubmit={handleSubmit} className="grid gap-4">
          <div>
            <label className="lab" htmlFor="email">
              {t("signin.email")}
            </label>
            <input
              ref={first}
              className="input h-10!"
              id="email"
              name="email"
              type="email"
              autoComplete="username"
              required
              dir="ltr"
            />
          </div>
          <div>
            <label className="lab" htmlFor="password">
              {t("signin.password")}
            </label>
            <input
              className="input h-10!"
              id="password"
              name="password"
              type="password"
              autoComplete="current-password"
              required
              dir="ltr"
              aria-invalid={wrong !== undefined}
              aria-describedby={wrong === undefined ? undefined : "wrong"}
            />
          </div>
          <details className="text-ink2" open={slug !== ""}>
            <summary className="w-fit cursor-pointer rounded-r1 py-1 text-small text-ink3">
              {t("signin.workspace")}
            </summary>
            <label className="sr-only" htmlFor="workspace">
              {t("signin.workspace")}
            </label>
            <input
              className="input mt-1.5"
              id="workspace"
              name="workspace"
              defaultValue={slug}
              autoCapitalize="none"
              spellCheck={false}
              aria-describedby="workspace-hint"
            />
            <p className="hint" id="workspace-hint">
              {t("signin.workspaceHint")}
            </p>
          </details>
          <p className="err mt-0! min-h-[18px]" id="wrong" role="alert">
            {wrong}
          </p>
          <button type="submit" className="btn go plain w-full" disabled={busy}>
            {busy ? t("signin.busy") : t("signin.submit")}
          </button>
        </form>
      </main>
    </Door>
  );
}

/** A form at the door, and beside it what the desk is about. */
export function Door({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className="grid h-dvh min-h-0 overflow-y-auto lg:grid-cols-[minmax(440px,1fr)_1.15fr]">
      {children}
      <aside
        className="relative hidden items-center justify-center overflow-hidden border-s border-line bg-sheet p-12 lg:flex"
        aria-label={t("app.name")}
      >
        <div className="max-w-[520px]">
          <p className="mb-3 text-[30px] leading-tight font-[620] tracking-[-.024em]">{t("signin.line")}</p>
          <p className="mb-10 max-w-[44ch] text-draft leading-relaxed text-ink2">{t("signin.sub")}</p>
          <Specimen />
        </div>
      </aside>
    </div>
  );
}

/** The idea of the desk in one picture: a pencilled draft, corrected in ink. */
function Specimen() {
  const { t } = useTranslation();
  return (
    <div
      className="rounded-r3 bg-sheet p-1 shadow-[0_0_0_1px_var(--line2),var(--shadow-2)]"
      aria-hidden="true"
    >
      <div className="px-4 pt-3 pb-4 ps-8">
        <p className="dtext">
          <Trans
            t={t}
            i18nKey="signin.sample"
            components={[
              <del key="0" />,
              <ins key="1" />,
              <sup key="2" />,
              <span key="3" className="flag" />,
            ]}
          />
        </p>
      </div>
      <div className="act rounded-b-[10px]">
        <span className="btn go">
          {t("draft.approve")} <Key name="approve" />
        </span>
        <span className="btn">
          {t("draft.edit")} <Key name="edit" />
        </span>
        <span className="btn">
          {t("draft.reject")} <Key name="reject" />
        </span>
      </div>
    </div>
  );
}
