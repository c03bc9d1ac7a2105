/** The keys, in a dialog. */
import { useEffect, useRef, useState } from "react";
import { KEYS, keysOn, setKeysOn } from "../keys";

export function Help({ open, close }: { open: boolean; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [on, setOn] = useState(keysOn);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="keys-title">
      <header>
        <h2 id="keys-title">Keys</h2>
        <button type="button" className="button icon" aria-label="Close" onClick={close}>
          ×
        </button>
      </header>
      <div className="keys">
        {KEYS.map(([title, keys]) => (
          <section key={title} className="key-group">
            <h3>{title}</h3>
            {keys.map(([key, what]) => (
              <div key={key}>
                <span>{what}</span>
                <kbd>{key}</kbd>
              </div>
            ))}
          </section>
        ))}
      </div>
      <label className="key-switch">
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => {
            setKeysOn(event.target.checked);
            setOn(event.target.checked);
          }}
        />
        Single keys act
      </label>
    </dialog>
  );
}
