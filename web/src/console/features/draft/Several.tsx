/** A draft that needs several people: who has approved it, and how many are missing. */
import { UsersRound } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../parts/basics";
import { useMe } from "../../parts/data";
import type { DraftView } from "../../types";

export function Several({ draft }: { draft: DraftView }) {
  const { t } = useTranslation();
  const { me } = useMe();
  const needed = draft.required_people ?? 1;
  if (needed < 2 || draft.status !== "pending") return null;
  const given = draft.approvals ?? [];
  const mine = given.some((one) => one.by === me.id);
  return (
    <div className="check calm" role="status">
      <Icon of={UsersRound} />
      <p>
        <b>{t("draft.several", { n: given.length, of: needed })}</b>
        <span dir="auto">
          {given.length > 0 ? `${given.map((one) => one.name).join(", ")}. ` : ""}
          {t(mine ? "draft.severalOther" : "draft.severalHint")}
        </span>
      </p>
    </div>
  );
}
