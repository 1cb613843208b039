import { useTranslation } from "react-i18next";
import type { Piece } from "../../lib/diff";

/** The changes one by one, since what was taken out cannot be seen in the editor. */
export function Changes({ pieces }: { pieces: readonly Piece[] }) {
  const { t } = useTranslation();
  const changes: { gone: string; added: string; at: number }[] = [];
  for (const piece of pieces) {
    if (piece.kind === "same") continue;
    const last = changes.at(-1);
    if (piece.kind === "new" && last && last.added === "" && last.at + last.gone.length === piece.at)
      last.added = piece.text;
    else
      changes.push({
        gone: piece.kind === "gone" ? piece.text : "",
        added: piece.kind === "new" ? piece.text : "",
        at: piece.at,
      });
  }
  return (
    <div className="changes">
      {changes.length === 0 ? t("draft.noChange") : null}
      {changes.map((change) => (
        <span key={`${change.at}${change.gone}`} className="chg" dir="auto">
          {change.gone.trim() === "" ? null : <del>{change.gone.trim()}</del>}
          {change.added.trim() === "" ? null : <ins>{change.added.trim()}</ins>}
        </span>
      ))}
    </div>
  );
}
