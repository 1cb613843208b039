import { Link } from "@tanstack/react-router";
import { Trans, useTranslation } from "react-i18next";
import { useMe } from "../../parts/data";
import { Snippet } from "../settings/Snippet";

/** Nobody has written yet: the line for the site, and the widget to try it with. */
export function FirstRun() {
  const { t } = useTranslation();
  const { me, workspace } = useMe();
  const unfinished = workspace.setup && Object.keys(workspace.setup).length < 6 && me.role === "owner";
  return (
    <div className="m-auto grid w-full max-w-[900px] gap-10 overflow-y-auto p-8 lg:grid-cols-[1fr_340px]">
      <div className="self-center">
        <h2 className="mb-2 text-[22px]! tracking-[-.02em]!">{t("first.title")}</h2>
        <p className="mb-5 max-w-[46ch] text-draft leading-relaxed text-ink2">{t("first.text")}</p>
        <Snippet slug={workspace.slug} />
        <p className="mt-5 text-ink2">
          <Trans t={t} i18nKey="first.steps" components={[<kbd key="0" />, <kbd key="1" />]} />
        </p>
        <p className="mt-5 flex flex-wrap gap-2">
          {unfinished ? (
            <Link to="/setup/{-$step}" params={{ step: undefined }} className="btn go plain">
              {t("first.goOn")}
            </Link>
          ) : null}
          <a className="btn line" href={`/portal/${workspace.slug}`} target="_blank" rel="noreferrer">
            {t("first.try")}
          </a>
          <Link to="/settings/{-$section}" params={{ section: "widget" }} className="btn">
            {t("first.settings")}
          </Link>
        </p>
      </div>
      <iframe
        className="h-[560px] w-full rounded-r3 border border-line bg-sheet"
        src={`/portal/${workspace.slug}?embed=1`}
        title={t("first.try")}
        allow="microphone"
      />
    </div>
  );
}
