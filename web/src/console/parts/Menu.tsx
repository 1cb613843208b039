import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";

/** Menus hang in the page's main part: beside it they would be in no landmark. */
export const home = (): HTMLElement => document.querySelector("main") ?? document.body;

/** A button with a menu under it. */
export function Menu(props: {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "center" | "end";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  const controlled = props.open === undefined ? {} : { open: props.open };
  return (
    <DropdownMenu.Root
      modal={false}
      {...controlled}
      {...(props.onOpenChange ? { onOpenChange: props.onOpenChange } : {})}
    >
      <DropdownMenu.Trigger asChild>{props.trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal container={home()}>
        <DropdownMenu.Content
          className="menu"
          sideOffset={6}
          collisionPadding={8}
          align={props.align ?? "end"}
        >
          {props.children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export const MenuItem = DropdownMenu.Item;
export const MenuTitle = (props: { children: ReactNode }) => (
  <DropdownMenu.Label className="mt">{props.children}</DropdownMenu.Label>
);
export const MenuLine = () => (
  <DropdownMenu.Separator asChild>
    <hr />
  </DropdownMenu.Separator>
);
