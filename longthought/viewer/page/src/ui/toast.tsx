/** A short message at the bottom of the page, such as "Copied". */
import { useEffect, useState } from "react";

const SAID = "longthought:toast";

export function toast(message: string): void {
  window.dispatchEvent(new CustomEvent(SAID, { detail: message }));
}

export function Toast() {
  const [message, setMessage] = useState("");
  useEffect(() => {
    let timer = 0;
    const show = (event: Event) => {
      setMessage((event as CustomEvent<string>).detail);
      clearTimeout(timer);
      timer = window.setTimeout(() => setMessage(""), 2500);
    };
    window.addEventListener(SAID, show);
    return () => window.removeEventListener(SAID, show);
  }, []);
  return (
    <div role="status" className={message ? "toast" : "hidden"}>
      {message}
    </div>
  );
}
