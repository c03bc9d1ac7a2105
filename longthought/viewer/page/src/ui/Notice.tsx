/** What stands where there is nothing to show: what happened, and what to do next. */
import type { ReactNode } from "react";
import type { ApiError } from "../api/client";

export function Notice({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="notice" role="status">
      <h1>{title}</h1>
      {children}
    </div>
  );
}

export function Trouble({ error }: { error: ApiError }) {
  return (
    <div className="notice" role="alert">
      <h1>{error.message}</h1>
      {error.hint && <p>{error.hint}</p>}
    </div>
  );
}
