// The only door to the service. Errors carry what happened and what to do, as the service says it.

export interface Reason { law: string; article: string; title: string; quote: string }
export class ApiError extends Error {
  /** What the screen says instead of "that did not work", and what became of the thing itself. */
  title = '';
  kept = '';
  constructor(readonly code: string, readonly cause_: string, readonly remedy: string, readonly rules: Reason[], readonly needs: string[], readonly status: number) {
    super(cause_);
  }
}

async function fail(r: Response): Promise<never> {
  let e: { code?: string; cause?: string; remedy?: string; rules?: Reason[]; needs?: string[] } = {};
  try { e = ((await r.json()) as { error?: typeof e }).error ?? {}; } catch { /* not from the service: a proxy, or a cut connection */ }
  throw new ApiError(e.code ?? 'E_HTTP', e.cause ?? '', e.remedy ?? '', e.rules ?? [], e.needs ?? [], r.status);
}

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let r: Response;
  try {
    r = await fetch(path, {
      method, credentials: 'same-origin',
      headers: method === 'GET' ? {} : { 'Content-Type': 'application/json' },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    });
  } catch {
    throw new ApiError('E_OFFLINE', '', '', [], [], 0);
  }
  if (!r.ok) return fail(r);
  return r.status === 204 ? ({} as T) : ((await r.json()) as T);
}

export const get = <T>(path: string): Promise<T> => call<T>('GET', path);
export const post = <T>(path: string, body?: unknown): Promise<T> => call<T>('POST', path, body);

const WAITS_MS = [500, 1000, 2000, 4000, 8000];
const PASSING = new Set(['E_OFFLINE', 'E_OFFSET', 'E_BUSY', 'E_HTTP_BUSY', 'E_HTTP_CUT', 'E_HTTP_GUARD_AWAY']);

/** Whether the rest of an upload may be sent after this; a proxy's 502 to 504 have no name of ours. */
const passes = (e: unknown): boolean => e instanceof ApiError && (PASSING.has(e.code) || (e.code === 'E_HTTP' && e.status >= 502));

function put(path: string, part: Blob, progress: (bytes: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open('PUT', path);
    x.setRequestHeader('Content-Type', 'application/octet-stream');
    x.upload.onprogress = (e) => progress(e.loaded);
    x.onerror = () => reject(new ApiError('E_OFFLINE', '', '', [], [], 0));
    x.onload = () => {
      if (x.status < 300) resolve();
      else fail(new Response(x.responseText, { status: x.status })).catch(reject);
    };
    x.send(part);
  });
}

/** How many bytes have arrived, asked until somebody answers; `left` waits are allowed. */
async function arrived(path: string, left: number[]): Promise<number> {
  for (;;) {
    await new Promise((r) => setTimeout(r, left.shift()));
    try {
      return Number((await get<{ received: string | number }>(path)).received);
    } catch (e) {
      if (!passes(e) || left.length === 0) throw e;
    }
  }
}

/**
 * Sends a file, with progress from 0 to 1. After a cut it goes on where the service stopped receiving,
 * five times without a step forward; `lost` hears when the connection went and when it is back.
 */
export async function upload(path: string, file: Blob, progress: (part: number) => void, lost: (now: boolean) => void): Promise<void> {
  let waits = [...WAITS_MS];
  for (let from = 0; ;) {
    try {
      return await put(`${path}?offset=${from}`, file.slice(from), (bytes) => progress(Math.min(1, (from + bytes) / (file.size || 1))));
    } catch (e) {
      if (!passes(e) || waits.length === 0) throw e;
    }
    lost(true);
    const received = await arrived(path, waits);
    if (received > from) waits = [...WAITS_MS];
    from = received;
    lost(false);
    if (from >= file.size) return;
  }
}

/** A time as the service writes it, as a date; 0 and empty mean never. */
export function when(t: string | number): Date | null {
  if (!t || t === '0') return null;
  const d = new Date(t);
  return Number.isNaN(d.getTime()) || d.getTime() === 0 ? null : d;
}
