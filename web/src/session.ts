// Who is signed in, kept for the life of the page.
import { ApiError, get } from './api.js';
import type { AccountMeAnswer, ConsentsListAnswer } from './api.gen.js';

let me: AccountMeAnswer | null = null;
let known = false;

export async function who(): Promise<AccountMeAnswer | null> {
  if (known) return me;
  try {
    me = await get<AccountMeAnswer>('/api/me');
  } catch (e) {
    if (!(e instanceof ApiError) || e.status !== 401) throw e;
    me = null;
  }
  known = true;
  return me;
}

export function forget(): void {
  known = false;
  me = null;
  history_ = null;
}

let history_: boolean | null = null;

/** Whether watched clips may be noted. The service decides again each time; this spares it the refusals. */
export async function keepsHistory(): Promise<boolean> {
  const person = await who();
  if (!person || person.state !== 'active') return false;
  if (history_ === null) {
    const { choices } = await get<ConsentsListAnswer>('/api/consents');
    history_ = choices.some((c) => c.purpose === 'keep-history' && c.state === 'given');
  }
  return history_;
}
export const choicesChanged = (): void => { history_ = null; };
