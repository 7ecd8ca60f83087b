// Signing in.
import { post } from '../api.js';
import type { AccountLoginAnswer } from '../api.gen.js';
import { field, h } from '../dom.js';
import { go } from '../nav.js';
import { forget } from '../session.js';
import { form, page } from '../ui.js';
import { w } from '../words.js';

export async function login(): Promise<HTMLElement> {
  const name = h('input', { name: 'name', autocomplete: 'username', required: true });
  const password = h('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true });
  const send = async (): Promise<void> => {
    const r = await post<AccountLoginAnswer>('/api/login', { name: name.value.trim(), password: password.value });
    forget();
    const back = sessionStorage.getItem('after') ?? '/';
    sessionStorage.removeItem('after');
    go(r.state === 'needs-guardian' ? '/ask' : back);
  };
  return page(w('login.title'), null, h('div', { class: 'card' }, form(send,
    field(w('login.who'), name), field(w('join.password'), password), h('button', { class: 'primary' }, w('login.go'))),
  h('p', {}, `${w('login.new')} `, h('a', { href: '/join' }, w('join.title')))));
}
