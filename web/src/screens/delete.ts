// Deleting an account: one password, one button, one proof.
import { post } from '../api.js';
import type { AccountEraseAnswer } from '../api.gen.js';
import { field, h } from '../dom.js';
import { forget } from '../session.js';
import { form, page, save } from '../ui.js';
import { w } from '../words.js';


export function deleteAccount(): HTMLElement {
  const password = h('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true });
  const el = form(async () => {
    const r = await post<AccountEraseAnswer>('/api/account/erase', { password: password.value });
    forget();
    const done = page(w('gone.title'), w('gone.text'),
      h('button', { class: 'primary', type: 'button', onclick: () => save(r.name, r.receipt) }, w('gone.save')),
      h('details', { class: 'card' }, h('summary', {}, r.name), h('pre', { tabindex: 0 }, r.receipt)));
    document.getElementById('content')!.replaceChildren(done);
    done.querySelector('h1')!.focus();
  }, h('p', {}, w('me.delete.text')), field(w('join.password'), password), h('div', { class: 'row' }, h('button', { class: 'danger sure' }, w('me.delete.go'))));
  return el;
}
