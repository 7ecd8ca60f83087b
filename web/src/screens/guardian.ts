// The guardian's link: who asks, why, and a decision for each purpose.
import { get, post, when } from '../api.js';
import type { GuardianOpenAnswer } from '../api.gen.js';
import { field, h, replace } from '../dom.js';
import { who } from '../session.js';
import { answers, form, Mistake, page } from '../ui.js';
import { countryName, day, w } from '../words.js';

export async function guardian(token: string): Promise<HTMLElement> {
  const a = await get<GuardianOpenAnswer>(`/api/guardian/${encodeURIComponent(token)}`);
  const until = when(a.expires_at);
  const lead = w('guardian.text', { age: a.child_age, country: countryName(a.country), limit: a.limit_age, article: a.article });
  const title = w('guardian.title', { name: a.child_name });
  if (!(await who())) {
    sessionStorage.setItem('after', location.pathname);
    return page(title, lead, h('div', { class: 'card' }, h('p', {}, w('guardian.signin', { day: until ? day(until) : '' })),
      h('div', { class: 'answers' }, h('a', { class: 'button', href: '/join' }, w('nav.join')), h('a', { class: 'button', href: '/login' }, w('nav.login')))));
  }
  const decided = new Map<string, string>();
  const asked = a.choices.filter((c) => c.possible);
  const questions = asked.map((c) => h('div', { class: 'stack' }, h('h3', {}, c.title), h('p', {}, c.why),
    answers(c.title, '', (yes) => { decided.set(c.purpose, yes ? 'given' : 'refused'); return Promise.resolve(); })));
  const name = h('input', { name: 'signature', autocomplete: 'name', maxlength: 120, required: true });
  const declares = h('input', { type: 'checkbox', name: 'declares' });
  const root = page(title, lead);
  root.append(h('div', { class: 'card' }, h('h2', {}, w('guardian.choose')), h('p', { class: 'quiet' }, w('guardian.choose.text')), form(async () => {
    if (decided.size < asked.length) throw new Mistake(w('guardian.answer'));
    await post(`/api/guardian/${encodeURIComponent(token)}`, { signed_name: name.value.trim(), declares: declares.checked, decisions: [...decided].map(([purpose, state]) => ({ purpose, state })) });
    replace(root, h('header', {}, h('h1', { tabindex: -1 }, w('guardian.done'))), h('p', { role: 'status' }, w('guardian.done.text', { name: a.child_name })), h('p', {}, h('a', { class: 'button', href: '/family' }, w('nav.family'))));
    root.querySelector('h1')!.focus();
  }, ...questions, field(w('guardian.sign'), name), h('label', { class: 'tick' }, declares, w('guardian.declare')), h('button', { class: 'primary' }, w('guardian.go')))));
  return root;
}
