// Pieces that several screens use: a page, an error, a saved file, the yes and the no.
import { ApiError } from './api.js';
import { h, type Child } from './dom.js';
import { errorWords, needWords, w } from './words.js';

/** A screen with its heading, which receives the focus when it opens. */
export function page(title: string, lead: Child, ...children: Child[]): HTMLElement {
  return h('div', { class: 'page' }, h('header', {}, h('h1', { tabindex: -1 }, title), lead ? h('p', { class: 'quiet' }, lead) : null), ...children);
}

function causeAndRemedy(e: unknown): readonly [string, string] {
  if (!(e instanceof ApiError)) return [e instanceof Error ? e.message : String(e), w('error.nothing')];
  if (e.code === 'E_OFFLINE') return [w('error.offline'), w('error.offline.todo')];
  if (e.code === 'E_HTTP') return [w('error.http', { status: e.status }), w('error.http.todo')];
  return errorWords(e.code) ?? [e.cause_, e.remedy];
}

/** What happened, that nothing is lost, and what to do. */
export function errorNote(e: unknown): HTMLElement {
  const api = e instanceof ApiError ? e : null;
  const [cause, remedy] = causeAndRemedy(e);
  const box = h('div', { class: 'note wrong', role: 'alert' }, h('strong', {}, api?.title || w('error.title')), cause ? h('p', {}, cause) : null);
  for (const r of api?.rules ?? []) box.append(h('p', { class: 'small' }, `${w('error.law')}: ${r.law.toUpperCase()} ${r.article}${r.title ? ` – ${r.title}` : ''}`));
  if (api?.needs.length) box.append(h('p', { class: 'small' }, `${w('why.needs')}: ${needWords(api.needs)}`));
  if (remedy) box.append(h('p', {}, remedy));
  if (api?.kept) box.append(h('p', {}, api.kept));
  return box;
}

/** A form that shows its error in place, keeps what was typed, and cannot be sent twice. */
export function form(send: () => Promise<void>, ...children: Child[]): HTMLFormElement {
  const wrong = h('div', { 'aria-live': 'polite' });
  const el = h('form', { class: 'stack', novalidate: true }, ...children, wrong);
  el.addEventListener('submit', (e) => {
    e.preventDefault();
    const buttons = [...el.querySelectorAll('button')];
    for (const b of buttons) b.disabled = true;
    wrong.replaceChildren();
    send().catch((err: unknown) => {
      wrong.replaceChildren(errorNote(err));
      wrong.scrollIntoView({ block: 'nearest' }); // on a phone it would stand below the edge
    }).finally(() => { for (const b of buttons) b.disabled = false; });
  });
  return el;
}

/** Wrong input found before anything is sent. */
export class Mistake extends Error {}

/** Yes and no: the same size, weight and distance; nothing is chosen beforehand. */
export function answers(name: string, state: string, choose: (yes: boolean) => Promise<void>): HTMLElement {
  const box = h('div', { class: 'answers', role: 'group', 'aria-label': name });
  const say = (yes: boolean): HTMLButtonElement => h('button', {
    type: 'button', class: 'answer', 'aria-pressed': String(state === (yes ? 'given' : 'refused') || (!yes && state === 'withdrawn')),
    onclick: async () => {
      const old = [...box.children].map((b) => b.getAttribute('aria-pressed') ?? 'false');
      [...box.children].forEach((b, i) => b.setAttribute('aria-pressed', String((i === 0) === yes)));
      try { await choose(yes); box.parentElement?.querySelector('.note.wrong')?.remove(); } catch (e) {
        [...box.children].forEach((b, i) => b.setAttribute('aria-pressed', old[i]!));
        box.parentElement?.querySelector('.note.wrong')?.remove();
        box.after(errorNote(e));
      }
    },
  }, w(yes ? 'say.yes' : 'say.no'));
  box.append(say(true), say(false));
  return box;
}

export function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const a = h('a', { href: url, download: name });
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
