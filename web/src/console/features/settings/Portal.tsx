import { ExternalLink } from "lucide-react";
import qrcode from "qrcode-generator";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import "../../i18n/settings";
import { Icon } from "../../parts/basics";
import { useMe } from "../../parts/data";

/** The dark modules of a QR code as one SVG path, with the quiet zone of four modules around it. */
function modules(text: string): { path: string; size: number } {
  const code = qrcode(0, "M");
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  let path = "";
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column < count; column += 1) {
      if (code.isDark(row, column)) path += `M${column + 4} ${row + 4}h1v1h-1z`;
    }
  }
  return { path, size: count + 8 };
}

export function Portal() {
  const { t } = useTranslation();
  const { workspace } = useMe();
  const url = `${location.origin}/portal/${workspace.slug}`;
  const { path, size } = useMemo(() => modules(url), [url]);
  const file = useMemo(
    () =>
      `data:image/svg+xml,${encodeURIComponent(
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" width="600" height="600"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${path}"/></svg>`,
      )}`,
    [path, size],
  );
  return (
    <div className="flex flex-wrap gap-8">
      <div className="min-w-[260px] flex-1">
        <p className="mb-4 max-w-[52ch] text-ink2">{t("settings.portalText")}</p>
        <p className="flex items-center gap-2 rounded-r2 bg-sunk py-1 ps-3.5 pe-1.5">
          <code className="min-w-0 flex-1 font-mono text-[12.5px] break-all" dir="ltr">
            {url}
          </code>
          <a className="btn" href={url} target="_blank" rel="noreferrer">
            <Icon of={ExternalLink} size="s" />
            {t("settings.open")}
          </a>
        </p>
      </div>
      <div className="text-center">
        <svg
          viewBox={`0 0 ${size} ${size}`}
          className="size-[200px] rounded-r3 border border-line"
          shapeRendering="crispEdges"
          role="img"
          aria-label={t("settings.qr")}
        >
          <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
          <path fill="#1d1c1a" d={path} />
        </svg>
        <a className="btn mt-2" href={file} download={`${workspace.slug}-portal.svg`}>
          {t("settings.qrDownload")}
        </a>
      </div>
    </div>
  );
}
