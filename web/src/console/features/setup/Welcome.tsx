/** The first minute of a hub: a business and its owner. */
import { type FormEvent, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ask, queries } from "../../api";
import { addSetupTexts } from "../../i18n/setup";
import { isCode, refusal } from "../../lib/refusal";
import { Field } from "../../parts/Field";
import { router } from "../../router";
import { Logo } from "../../shell/Logo";
import { Door } from "../../shell/SignIn";
import { countries, currencyOf, guess } from "./places";

addSetupTexts();

export function Welcome() {
  const { t } = useTranslation("setup");
  const code = location.hash.slice(1);
  const here = useMemo(() => guess(navigator.language), []);
  const [place, setPlace] = useState(here);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [late, setLate] = useState(false);
  const all = useMemo(() => countries(navigator.language), []);

  useEffect(() => {
    document.title = `${t("welcome")} · ${t("app.name", { ns: "console" })}`;
  }, [t]);

  async function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    const form = new FormData(event.currentTarget);
    const value = (name: string) => String(form.get(name) ?? "").trim();
    const owner = { name: value("you"), email: value("email"), password: String(form.get("password") ?? "") };
    setBusy(true);
    setWrong(undefined);
    try {
      const made = await api.setUp({
        code: code || value("code").replace(/^.*#/, ""),
        name: value("business"),
        owner,
        locale: navigator.language,
        ...place,
      });
      const { email, password } = owner;
      const session = await api.signIn({ workspace: made.slug, email, password });
      await router.navigate({ to: "/setup/{-$step}", params: { step: undefined }, hash: "", replace: true });
      queries.setQueryData(ask.setupNeeded.queryKey, false);
      queries.setQueryData(ask.session.queryKey, session);
    } catch (error) {
      if (isCode(error, "conflict")) setLate(true);
      setWrong(
        isCode(error, "wrong_credentials")
          ? t("codeWrong")
          : isCode(error, "conflict")
            ? t("late")
            : refusal(error),
      );
      setBusy(false);
    }
  }

  return (
    <Door>
      <main className="m-auto w-full max-w-[420px] px-6 py-10">
        <div className="mb-8 flex items-center gap-2.5 text-title font-[650] tracking-[-.015em]">
          <Logo />
          {t("app.name", { ns: "console" })}
        </div>
        <h1 className="mb-1.5 text-[22px]! tracking-[-.02em]!">{t("welcome")}</h1>
        <p className="mb-6 text-ink2">{code === "" ? t("codeMissing") : t("welcomeText")}</p>
        <form onSubmit={handleSubmit} className="grid gap-4">
          {code === "" ? (
            <Field label={t("code")}>
              {(field) => (
                <input
                  {...field}
                  className="input h-10! font-mono"
                  name="code"
                  required
                  dir="ltr"
                  autoComplete="off"
                />
              )}
            </Field>
          ) : null}
          <Field label={t("business")} hint={t("businessHint")}>
            {(field) => (
              <input
                {...field}
                className="input h-10!"
                name="business"
                required
                dir="auto"
                maxLength={100}
                autoComplete="organization"
              />
            )}
          </Field>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t("you")}>
              {(field) => (
                <input
                  {...field}
                  className="input h-10!"
                  name="you"
                  required
                  dir="auto"
                  maxLength={100}
                  autoComplete="name"
                />
              )}
            </Field>
            <Field label={t("email")}>
              {(field) => (
                <input
                  {...field}
                  className="input h-10!"
                  name="email"
                  type="email"
                  required
                  dir="ltr"
                  autoComplete="username"
                />
              )}
            </Field>
          </div>
          <Field label={t("password")} hint={t("passwordHint")}>
            {(field) => (
              <input
                {...field}
                className="input h-10!"
                name="password"
                type="password"
                required
                minLength={8}
                dir="ltr"
                autoComplete="new-password"
              />
            )}
          </Field>
          <Field label={t("place")}>
            {(field) => (
              <select
                {...field}
                className="input h-10!"
                value={place.country}
                onChange={({ target }) =>
                  setPlace({ ...place, country: target.value, currency: currencyOf(target.value) })
                }
              >
                {all.map((one) => (
                  <option key={one.code} value={one.code}>
                    {one.name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <details className="text-ink2">
            <summary className="w-fit cursor-pointer rounded-r1 py-1 text-small text-ink3">
              {t("region", { clock: place.timezone.replaceAll("_", " "), currency: place.currency })}
              <span className="ms-2 text-green underline">{t("regionChange")}</span>
            </summary>
            <div className="mt-2 grid gap-4 sm:grid-cols-2">
              <Field label={t("clock")}>
                {(field) => (
                  <select
                    {...field}
                    className="input"
                    value={place.timezone}
                    onChange={({ target }) => setPlace({ ...place, timezone: target.value })}
                  >
                    {[...new Set([place.timezone, ...Intl.supportedValuesOf("timeZone")])].map((zone) => (
                      <option key={zone}>{zone}</option>
                    ))}
                  </select>
                )}
              </Field>
              <Field label={t("currency")}>
                {(field) => (
                  <select
                    {...field}
                    className="input"
                    value={place.currency}
                    onChange={({ target }) => setPlace({ ...place, currency: target.value })}
                  >
                    {Intl.supportedValuesOf("currency").map((currency) => (
                      <option key={currency}>{currency}</option>
                    ))}
                  </select>
                )}
              </Field>
            </div>
          </details>
          <p className="err mt-0! min-h-[18px]" role="alert">
            {wrong}
          </p>
          {late ? (
            <a className="btn go plain w-full justify-center" href="/app">
              {t("toSignIn")}
            </a>
          ) : (
            <button type="submit" className="btn go plain w-full" disabled={busy}>
              {busy ? t("creating") : t("create")}
            </button>
          )}
        </form>
      </main>
    </Door>
  );
}
