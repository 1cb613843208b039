import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import type { CSSProperties, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./basics";

type Props = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  children: ReactNode;
  hideTitle?: boolean;
};

/** The focus goes to the dialog itself: on the close button it would open that button's tooltip. */
function focusSelf(event: Event): void {
  event.preventDefault();
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
}

/** A dialog in the middle. */
export function Sheet(props: Props & { wide?: boolean }) {
  return (
    <Dialog.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content
          className={`dialog ${props.wide ? "wide" : ""}`}
          data-modal
          aria-describedby={undefined}
          onOpenAutoFocus={focusSelf}
        >
          <Head {...props} />
          {props.children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** A pane that comes in from the side. */
export function Drawer(props: Props & { width?: number; plain?: boolean }) {
  return (
    <Dialog.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content
          className="drawer"
          data-modal
          aria-describedby={undefined}
          onOpenAutoFocus={focusSelf}
          style={{ "--drawer": `${props.width ?? 340}px` } as CSSProperties}
        >
          <Head {...props} />
          {props.children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Head({ title, hideTitle }: Props) {
  const { t } = useTranslation();
  if (hideTitle) return <Dialog.Title className="sr-only">{title}</Dialog.Title>;
  return (
    <div className="flex flex-none items-center justify-between gap-3 border-b border-line py-2.5 ps-5 pe-3">
      <Dialog.Title asChild>
        <h2>{title}</h2>
      </Dialog.Title>
      <Dialog.Close asChild>
        <IconButton says={t("app.close")} icon={X} />
      </Dialog.Close>
    </div>
  );
}
