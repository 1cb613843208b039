/** A form on a card for one thing that is added, changed or taken away. */
import { type FormEvent, type ReactNode, useState } from "react";
import { refusal } from "../lib/refusal";
import { toast } from "./toast";

type Deed = { readonly label: string; readonly done: string };

export function CardForm(props: {
  className?: string;
  save: Deed;
  cancel: string;
  /** Offered when there is something to take away. */
  remove: Deed | undefined;
  /** Keeps what the fields say; a text is found by the name of its field. */
  onSave: (text: (name: string) => string, checked: (name: string) => boolean) => Promise<unknown>;
  onRemove: () => Promise<unknown>;
  /** Called when it was kept, taken away or given up. */
  onClose: () => void;
  children: ReactNode;
}) {
  const { save, remove } = props;
  const [wrong, setWrong] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function act(work: () => Promise<unknown>, done: string) {
    setBusy(true);
    setWrong(undefined);
    try {
      await work();
      toast(done);
      props.onClose();
    } catch (error) {
      setWrong(refusal(error));
      setBusy(false);
    }
  }

  function handleSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    void act(() => props.onSave(text, (name) => form.has(name)), save.done);
  }

  return (
    <form className={`rcard grid gap-4 ${props.className ?? ""}`} noValidate onSubmit={handleSubmit}>
      {props.children}
      {wrong ? (
        <p className="err" role="alert">
          {wrong}
        </p>
      ) : null}
      <p className="flex flex-wrap gap-2">
        <button type="submit" className="btn go" disabled={busy}>
          {save.label}
        </button>
        <button type="button" className="btn" onClick={props.onClose}>
          {props.cancel}
        </button>
        {remove ? (
          <button
            type="button"
            className="btn line ms-auto"
            disabled={busy}
            onClick={() => void act(props.onRemove, remove.done)}
          >
            {remove.label}
          </button>
        ) : null}
      </p>
    </form>
  );
}
