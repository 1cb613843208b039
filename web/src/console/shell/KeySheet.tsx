import { useTranslation } from "react-i18next";
import { KEYS, type KeyGroup, type KeyName, keyCap, keySpec } from "../lib/keys";
import { usePrefs } from "../lib/prefs";
import { Sheet } from "../parts/Sheet";

const GROUPS: readonly KeyGroup[] = ["draft", "conversation", "move"];

export function KeySheet({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const { t } = useTranslation();
  const single = usePrefs((prefs) => prefs.singleKeys);
  const names = Object.keys(KEYS) as KeyName[];
  return (
    <Sheet open onOpenChange={onOpenChange} title={t("keys.title")} wide>
      <section
        className="overflow-y-auto px-5 py-4"
        aria-label={t("keys.title")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard.
        tabIndex={0}
      >
        {single ? null : (
          <p className="mb-4 rounded-r2 bg-amber-tint px-3 py-2 text-amber">{t("keys.off")}</p>
        )}
        <div className="gap-x-10 sm:columns-2">
          {GROUPS.map((group) => (
            <section key={group} className="mb-5 break-inside-avoid-column">
              <h3 className="mb-1.5 text-meta font-[600] text-ink3">{t(`keys.group.${group}`)}</h3>
              <dl>
                {names
                  .filter((name) => keySpec(name).group === group)
                  .map((name) => (
                    <div key={name} className="flex min-h-7 items-center gap-3">
                      <dt className="flex-1 text-ink2">{t(`keys.${name}`)}</dt>
                      <dd className="flex items-center gap-1">
                        <Caps name={name} />
                      </dd>
                    </div>
                  ))}
              </dl>
            </section>
          ))}
        </div>
      </section>
    </Sheet>
  );
}

function Caps({ name }: { name: KeyName }) {
  const { t } = useTranslation();
  const spec = keySpec(name);
  const shown = spec.shown ?? spec.keys;
  return shown.map((key, at) => (
    <span key={key} className="flex items-center gap-1">
      {at > 0 ? <span className="text-meta text-ink3">{t("keys.or")}</span> : null}
      {keyCap(key).map((cap) => (
        <kbd key={cap}>{cap}</kbd>
      ))}
    </span>
  ));
}
