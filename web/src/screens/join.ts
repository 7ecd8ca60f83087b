// Joining: a neutral age screen, the notice, the account. Nothing is sent before the notice was read.
import { ApiError, get, post } from '../api.js';
import type { AccountJoinAnswer, NoticeReadAnswer, ServiceInfoAnswer } from '../api.gen.js';
import { field, h, replace } from '../dom.js';
import { go } from '../nav.js';
import { forget } from '../session.js';
import { form, Mistake, page } from '../ui.js';
import { countryName, LANGUAGES, lang, speak, w } from '../words.js';
import { noticeText } from './notice.js';

interface Answers { birth: string; country: string; notice: string }

const two = (n: string): string => n.padStart(2, '0');

function readDate(d: string, m: string, y: string): string {
  const iso = `${y.padStart(4, '0')}-${two(m)}-${two(d)}`;
  const t = new Date(`${iso}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(iso) || Number.isNaN(t.getTime()) || t.toISOString().slice(0, 10) !== iso || t.getTime() > Date.now() || Number(y) < 1900) throw new Mistake(w('join.birth.wrong'));
  return iso;
}

function isChild(birth: string): boolean {
  const adult = new Date(`${birth}T00:00:00Z`);
  adult.setUTCFullYear(adult.getUTCFullYear() + 18);
  return adult.getTime() > Date.now();
}

const step = (n: number): HTMLElement => h('p', { class: 'quiet small' }, w('join.step', { n, of: 3 }));

export async function join(): Promise<HTMLElement> {
  const info = await get<ServiceInfoAnswer>('/api/service');
  const root = page(w('join.title'), null);
  root.append(ageStep(root, info, { birth: '', country: '', notice: '' }));
  return root;
}

function turn(root: HTMLElement, el: HTMLElement): void {
  replace(root, root.firstElementChild, el);
  const heading = el.querySelector('h2');
  heading?.setAttribute('tabindex', '-1');
  heading?.focus();
}

function ageStep(root: HTMLElement, info: ServiceInfoAnswer, a: Answers): HTMLElement {
  const num = (name: string, max: number, auto: string): HTMLInputElement => h('input', { name, inputmode: 'numeric', maxlength: max, autocomplete: auto, required: true });
  const d = num('day', 2, 'bday-day');
  const m = num('month', 2, 'bday-month');
  const y = num('year', 4, 'bday-year');
  const country = h('select', { name: 'country', autocomplete: 'country' }, h('option', { value: '' }, w('join.country.choose')));
  for (const c of [...info.countries].sort((p, q) => countryName(p).localeCompare(countryName(q), lang()))) country.append(h('option', { value: c }, countryName(c)));
  const language = h('select', { name: 'language' });
  for (const l of info.languages) language.append(h('option', { value: l, lang: l }, LANGUAGES[l] ?? l));
  language.value = lang();
  language.addEventListener('change', () => {
    sessionStorage.setItem('language', language.value);
    void speak(language.value).then(() => { root.querySelector('h1')!.textContent = w('join.title'); turn(root, ageStep(root, info, a)); });
  });
  const send = async (): Promise<void> => {
    a.birth = readDate(d.value.trim(), m.value.trim(), y.value.trim());
    a.country = country.value;
    if (!a.country) throw new Mistake(w('join.country.wrong'));
    turn(root, await noticeStep(root, a));
  };
  return h('div', { class: 'card' }, step(1), h('h2', {}, w('join.age')), h('p', { class: 'quiet' }, w('join.age.text')), form(send,
    field(w('join.language'), language),
    h('fieldset', {}, h('legend', {}, w('join.birth')), h('div', { class: 'date' }, field(w('join.day'), d), field(w('join.month'), m), field(w('join.year'), y))),
    field(w('join.country'), country),
    h('button', { class: 'primary' }, w('say.next'))),
  h('p', {}, `${w('join.have')} `, h('a', { href: '/login' }, w('login.title'))));
}

async function noticeStep(root: HTMLElement, a: Answers): Promise<HTMLElement> {
  const n = await get<NoticeReadAnswer>(`/api/notice?language=${lang()}&audience=${isChild(a.birth) ? 'child' : 'adult'}`);
  a.notice = n.version;
  return h('div', { class: 'card' }, step(2), h('h2', {}, w('join.notice')),
    h('div', { class: 'scrollbox', tabindex: 0, role: 'region', 'aria-label': n.title }, noticeText(n, 'h3')),
    h('button', { class: 'primary', type: 'button', onclick: () => turn(root, accountStep(a)) }, w('join.notice.read')));
}

function accountStep(a: Answers): HTMLElement {
  const name = h('input', { name: 'name', autocomplete: 'username', maxlength: 40, required: true });
  const mail = h('input', { name: 'mail', type: 'email', autocomplete: 'email', maxlength: 254, required: true });
  const password = h('input', { name: 'password', type: 'password', autocomplete: 'new-password', required: true });
  const box = h('div', { class: 'card' });
  const send = async (): Promise<void> => {
    try {
      const r = await post<AccountJoinAnswer>('/api/join', { name: name.value.trim(), mail: mail.value.trim(), password: password.value, birth_date: a.birth, country: a.country, region: '', language: lang(), notice: a.notice });
      forget();
      const back = sessionStorage.getItem('after') ?? '/choices';
      sessionStorage.removeItem('after');
      go(r.state === 'needs-guardian' ? '/ask' : back);
    } catch (e) {
      if (!(e instanceof ApiError) || e.code !== 'E_AGE_LOCKED') throw e;
      replace(box, h('h2', { tabindex: -1 }, w('join.locked')), h('div', { class: 'note', role: 'status' }, h('p', {}, w('join.locked.text'))));
      box.querySelector('h2')!.focus();
    }
  };
  replace(box, step(3), h('h2', {}, w('join.account')), form(send,
    field(w('join.name'), name, w('join.name.hint')), field(w('join.mail'), mail, w('join.mail.hint')),
    field(w('join.password'), password, w('join.password.hint')), h('button', { class: 'primary' }, w('join.create'))));
  return box;
}
