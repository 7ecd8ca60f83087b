// The only door to the service. Errors carry what happened and what to do, as the service says it.

export interface Reason { law: string; article: string; title: string; quote: string }
export class ApiError extends Error {
  constructor(readonly code: string, readonly cause_: string, readonly remedy: string, readonly rules: Reason[], readonly needs: string[], readonly status: number) {
    super(cause_);
  }
}

async function fail(r: Response): Promise<never> {
  let e: { code?: string; cause?: string; remedy?: string; rules?: Reason[]; needs?: string[] } = {};
  try { e = ((await r.json()) as { error?: typeof e }).error ?? {}; } catch { /* not from the service: a proxy, or a cut connection */ }
  throw new ApiError(e.code ?? 'E_HTTP', e.cause ?? `The service answered ${r.status}.`, e.remedy ?? '', e.rules ?? [], e.needs ?? [], r.status);
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

/** Sends a file in one stream, with progress from 0 to 1. */
export function upload(path: string, file: Blob, progress: (part: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open('PUT', path);
    x.setRequestHeader('Content-Type', 'application/octet-stream');
    x.upload.onprogress = (e) => { if (e.lengthComputable) progress(e.loaded / e.total); };
    x.onerror = () => reject(new ApiError('E_OFFLINE', '', '', [], [], 0));
    x.onload = () => {
      if (x.status < 300) resolve();
      else fail(new Response(x.responseText, { status: x.status })).catch(reject);
    };
    x.send(file);
  });
}

/** A time as the service writes it, as a date; 0 and empty mean never. */
export function when(t: string | number): Date | null {
  if (!t || t === '0') return null;
  const d = new Date(t);
  return Number.isNaN(d.getTime()) || d.getTime() === 0 ? null : d;
}
