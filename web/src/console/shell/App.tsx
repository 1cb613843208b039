import { useQuery } from "@tanstack/react-query";
import { Tooltip } from "radix-ui";
import { Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Lost } from "@/wire/link";
import { ask, queries } from "../api";
import { setLocale } from "../lib/format";
import { late } from "../lib/late";
import { closeLine, openLine } from "../live/live";
import { Toasts } from "../parts/toast";
import { Shell } from "./Shell";
import { SignIn } from "./SignIn";

const Welcome = late(() => import("../features/setup/Welcome"), "Welcome");

/** Signed in or not: the whole console hangs on that. */
export function App() {
  const { t } = useTranslation();
  const { data: session, error, isPending, refetch } = useQuery(ask.session);
  const [expired, setExpired] = useState(false);
  const { data: fresh, isFetching: asking } = useQuery({
    ...ask.setupNeeded,
    enabled: !isPending && !session,
    retry: false,
  });

  useEffect(() => {
    const handleSignedOut = () => {
      if (queries.getQueryData(ask.session.queryKey)) setExpired(true);
      closeLine();
    };
    window.addEventListener("concierge:signed-out", handleSignedOut);
    return () => window.removeEventListener("concierge:signed-out", handleSignedOut);
  }, []);

  setLocale(session?.staff.language);
  const staff = session?.staff.id;
  useEffect(() => {
    if (staff !== undefined && !expired) openLine(staff);
  }, [staff, expired]);

  if (isPending || (!session && asking)) return null;
  if (!session && fresh)
    return (
      <Suspense>
        <Welcome />
      </Suspense>
    );
  if (!session || expired) {
    const unreachable = error instanceof Lost;
    return (
      <SignIn
        notice={expired ? t("app.expired") : unreachable ? t("signin.unreachable") : undefined}
        onSignedIn={(next) => {
          if (session && session.staff.id !== next.staff.id) {
            location.reload();
            return;
          }
          queries.setQueryData(ask.session.queryKey, next);
          setExpired(false);
          void refetch();
        }}
      />
    );
  }
  return (
    <Tooltip.Provider delayDuration={350}>
      <Shell />
      <Toasts />
    </Tooltip.Provider>
  );
}
