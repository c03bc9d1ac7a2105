/** Requests to the server that the page came from, and to no other. */

/** What the server says went wrong, in a sentence, and what to do about it. */
export class ApiError extends Error {
  readonly hint: string;
  readonly status: number;

  constructor(message: string, hint = "", status = 0) {
    super(message);
    this.hint = hint;
    this.status = status;
  }

  static of(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    return new ApiError(
      "The server does not answer.",
      "Is `longthought view` still running? Start it again and reload this page.",
    );
  }
}

/** Write a path with its query; what is undefined, null or empty is left out. */
export function path(
  name: string,
  query: Record<string, string | number | boolean | readonly string[] | null | undefined> = {},
): string {
  const written = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const item of value) written.append(key, item);
    else if (value !== undefined && value !== null && value !== "") written.set(key, String(value));
  }
  const text = written.toString();
  return `/api/${name}${text ? `?${text}` : ""}`;
}

export async function get<T>(address: string, signal?: AbortSignal): Promise<T> {
  return answer<T>(await fetch(address, { signal: signal ?? null, headers: { accept: "application/json" } }));
}

export async function post<T>(address: string, body: unknown): Promise<T> {
  const headers = { "content-type": "application/json" };
  return answer<T>(await fetch(address, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function answer<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body as T;
  const said = (body ?? {}) as { error?: unknown; hint?: unknown; detail?: unknown };
  const message = typeof said.error === "string" ? said.error : typeof said.detail === "string" ? said.detail : "";
  throw new ApiError(
    message || `The server answered ${response.status}.`,
    typeof said.hint === "string" ? said.hint : "",
    response.status,
  );
}
