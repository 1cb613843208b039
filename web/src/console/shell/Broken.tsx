import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { isMissing } from "../lib/late";
import { Empty } from "../parts/basics";

export function Nowhere() {
  const { t } = useTranslation();
  return (
    <main className="page grid">
      <Empty page title={t("app.notFound")} text={t("app.notFoundText")}>
        <Link to="/approvals/{-$id}" className="btn line">
          {t("app.toApprovals")}
        </Link>
      </Empty>
    </main>
  );
}

export function Broken({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  if (isMissing(error)) {
    return (
      <main className="page grid">
        <Empty page title={t("app.newer")} text={t("app.newerText")}>
          <button type="button" className="btn line" onClick={() => location.reload()}>
            {t("app.load")}
          </button>
        </Empty>
      </main>
    );
  }
  return (
    <main className="page grid">
      <Empty page title={t("app.failed")} text={error instanceof Error ? error.message : ""}>
        <button type="button" className="btn line" onClick={reset}>
          {t("app.retry")}
        </button>
      </Empty>
    </main>
  );
}
