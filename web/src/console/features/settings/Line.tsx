import type { ReactNode } from "react";

/** One setting: what it is on one side, how it stands on the other. */
export function Line(props: { label: string; hint?: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center gap-x-6 gap-y-2 border-t border-line py-3.5">
      <div className="min-w-[200px] flex-1">
        <p className="font-[560]">{props.label}</p>
        {props.hint ? <p className="mt-0.5 text-small text-ink3">{props.hint}</p> : null}
      </div>
      {props.children}
    </div>
  );
}
