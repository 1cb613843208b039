import i18next from "i18next";
import { useTranslation } from "react-i18next";

const TEXTS = {
  role: "Drafted by {{name}}, as the role comes",
  version: "Drafted by {{name}}, version {{n}}",
} as const;

i18next.addResourceBundle("en", "who", TEXTS);

export type Who = typeof TEXTS;

/** Which agent drafted, and in which version of the business's own. */
export function DraftedBy({ name, version }: { name: string; version: number }) {
  const { t } = useTranslation("who");
  return (
    <p className="mb-3 text-ink2" data-drafted-by={version}>
      {version === 0 ? t("role", { name }) : t("version", { name, n: version })}
    </p>
  );
}
