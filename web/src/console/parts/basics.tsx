import { useQuery } from "@tanstack/react-query";
import type { LucideIcon } from "lucide-react";
import { Check } from "lucide-react";
import { Switch as RadixSwitch, Tooltip } from "radix-ui";
import type { ComponentProps, CSSProperties, ReactNode } from "react";
import { hue, initials } from "@/kit/person";
import { ask, fileUrl } from "../api";
import { type KeyName, keyCap, keySpec } from "../lib/keys";

export const hueStyle = (id: string): CSSProperties => ({ "--h": hue(id) }) as CSSProperties;

/** A colleague's own colour and picture; customers have the colour of their identifier. */
function useFace(id: string): { hue?: number | undefined; picture?: string | undefined } {
  const { data } = useQuery({ ...ask.staff, enabled: id.startsWith("stf_") });
  return (id.startsWith("stf_") && data?.find((one) => one.id === id)) || {};
}

export function Avatar(props: {
  id: string;
  name: string;
  online?: boolean;
  className?: string;
  title?: string;
}) {
  const face = useFace(props.id);
  return (
    <span
      className={`av ${props.className ?? ""}`}
      style={face.hue === undefined ? hueStyle(props.id) : ({ "--h": face.hue } as CSSProperties)}
      aria-hidden="true"
      title={props.title}
    >
      {face.picture ? <img src={fileUrl(face.picture)} alt="" draggable={false} /> : initials(props.name)}
      {props.online ? <i className="on" /> : null}
    </span>
  );
}

export function Icon({ of: Shape, size = "" }: { of: LucideIcon; size?: "s" | "xs" | "" }) {
  return <Shape className={`i ${size}`} aria-hidden="true" />;
}

/** A key cap, for the eye only. */
export function Cap({ children }: { children: ReactNode }) {
  return (
    <span aria-hidden="true" className="inline-flex">
      <kbd>{children}</kbd>
    </span>
  );
}

/** The key of an action, printed on its button. */
export function Key({ name }: { name: KeyName }) {
  const spec = keySpec(name);
  const first = (spec.shown ?? spec.keys)[0] ?? "";
  return (
    <span className="flex gap-1" aria-hidden="true">
      {keyCap(first).map((cap) => (
        <kbd key={cap}>{cap}</kbd>
      ))}
    </span>
  );
}

export function Tip(props: {
  says: string;
  keys?: KeyName;
  children: ReactNode;
  side?: "top" | "bottom" | "left" | "right";
}) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{props.children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tip" sideOffset={6} side={props.side ?? "bottom"} collisionPadding={8}>
          <span className="flex items-center gap-1.5">
            {props.says}
            {props.keys ? <Key name={props.keys} /> : null}
          </span>
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

export function IconButton(
  props: ComponentProps<"button"> & { says: string; icon: LucideIcon; keys?: KeyName; dot?: boolean },
) {
  const { says, icon, keys, dot, ...rest } = props;
  return (
    <Tip says={says} {...(keys ? { keys } : {})}>
      <button type="button" {...rest} className={`icb ${rest.className ?? ""}`} aria-label={says}>
        <Icon of={icon} />
        {dot ? <em /> : null}
      </button>
    </Tip>
  );
}

export function Switch(props: {
  label: string;
  checked: boolean;
  onChange: (on: boolean) => void;
  disabled?: boolean;
}) {
  return (
    <RadixSwitch.Root
      className="switch"
      aria-label={props.label}
      checked={props.checked}
      disabled={props.disabled ?? false}
      onCheckedChange={props.onChange}
    >
      <RadixSwitch.Thumb asChild>
        <span />
      </RadixSwitch.Thumb>
    </RadixSwitch.Root>
  );
}

export function Segments<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { readonly value: T; readonly label: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <fieldset className="seg2">
      <legend className="sr-only">{props.label}</legend>
      {props.options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === props.value}
          onClick={() => props.onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  );
}

export function Empty(props: { title: string; text?: string; children?: ReactNode; page?: boolean }) {
  const Heading = props.page ? "h1" : "h2";
  return (
    <div className="empty">
      <Heading>{props.title}</Heading>
      {props.text ? <p>{props.text}</p> : null}
      {props.children ? <div className="mt-4 flex justify-center gap-2">{props.children}</div> : null}
    </div>
  );
}

/** A mark that shows which of several choices is taken. */
export function Chosen({ on }: { on: boolean }) {
  return on ? <Check className="i s ms-auto" aria-hidden="true" /> : null;
}

export type SegState = "known" | "inferred" | "missing";

/** One segment per field: solid is known, hatched is likely, hollow is missing. */
export function Stitch(props: { states: readonly SegState[]; label: string; big?: boolean }) {
  return (
    <span
      className={`stitch ${props.big ? "big" : ""}`}
      role="img"
      aria-label={props.label}
      title={props.label}
    >
      {props.states.map((state, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: segments have no identity beyond their place.
        <i key={at} className={`seg ${state}`} />
      ))}
    </span>
  );
}
