import { type ReactNode, useId } from "react";

type Wiring = { readonly id: string; readonly "aria-describedby"?: string };

/** A labelled input with its hint and its fault. */
export function Field(props: {
  label: string;
  hint?: string | undefined;
  wrong?: string | undefined;
  children: (field: Wiring) => ReactNode;
}) {
  const id = useId();
  const more = `${id}-more`;
  const says = props.wrong ?? props.hint;
  return (
    <div>
      <label className="lab" htmlFor={id}>
        {props.label}
      </label>
      {props.children({ id, ...(says ? { "aria-describedby": more } : {}) })}
      {says ? (
        <p id={more} className={props.wrong ? "err" : "hint"}>
          {says}
        </p>
      ) : null}
    </div>
  );
}
