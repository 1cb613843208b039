import { Copy } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../parts/basics";

/** The line that puts the widget on a page. */
export function Snippet({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const code = `<script async src="${location.origin}/widget.js" data-key="${slug}"></script>`;
  const handleCopy = () => {
    navigator.clipboard.writeText(code).then(
      () => {
        setCopied(true);
        window.setTimeout(() => setCopied(false), 2000);
      },
      () => {},
    );
  };
  return (
    <div className="flex items-start gap-2 rounded-r2 bg-sunk ps-3.5 pe-1.5">
      <code className="min-w-0 flex-1 py-2.5 font-mono text-[12.5px] leading-relaxed break-all" dir="ltr">
        {code}
      </code>
      <button type="button" className="btn my-1" onClick={handleCopy}>
        <Icon of={Copy} size="s" />
        {copied ? t("app.copied") : t("app.copy")}
      </button>
    </div>
  );
}
