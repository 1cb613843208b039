// Preact's JSX runtime without what only its own tools need; the widget is counted in bytes.
import { type ComponentType, Fragment, h, type VNode } from "preact";

export function jsx(type: string, props: Record<string, unknown>, key?: string): VNode {
  return h(type as unknown as ComponentType, key === undefined ? props : { ...props, key });
}

export { Fragment, jsx as jsxs };
