// The shield: why may Ward do this? Opens where a person's data are used.
import { get, post } from './api.js';
import type { WhyAnswer } from './api.gen.js';
import { h, icon, replace } from './dom.js';
import { errorNote } from './ui.js';
import { helpReady, needWords, w } from './words.js';

const row = (term: string, text: string): HTMLElement => h('div', {}, h('dt', {}, term), h('dd', {}, text));

/** The right to object, where the law knows one: no reasons are asked for. */
function objection(a: WhyAnswer, purpose: string, again: () => Promise<void>): HTMLElement {
  const did = a.objection === 'objected';
  const button = h('button', { type: 'button', onclick: async () => {
    button.disabled = true;
    try { await post('/api/objections', { purpose, on: !did }); await again(); } catch (e) { button.disabled = false; button.after(errorNote(e)); }
  } }, w(did ? 'why.object.back' : 'why.object'));
  return h('div', { class: 'stack', role: 'status' }, h('p', {}, w(did ? 'why.objected' : 'why.object.open')), h('div', {}, button));
}

function inside(a: WhyAnswer, purpose: string, again: () => Promise<void>): HTMLElement[] {
  const facts = h('dl', { class: 'facts' }, row(w('why.purpose'), a.purpose_title), row(w('why.category'), a.category_title), row(w('why.ground'), a.basis));
  if (a.until) facts.append(row(w('why.until'), a.until));
  if (a.needs.length) facts.append(row(w('why.needs'), needWords(a.needs)));
  const rules = h('div', { class: 'stack' }, h('h3', {}, w('why.rules')));
  for (const r of a.rules) {
    rules.append(h('div', { class: 'stack' }, h('p', {}, h('strong', {}, `${r.law.toUpperCase()} ${r.article}`), ` ${r.title}`), r.quote ? h('blockquote', {}, `“${r.quote}”`) : null));
  }
  const choice = a.choice ? h('p', {}, h('a', { href: '/choices', class: 'button' }, w('why.change')))
    : a.objection ? objection(a, purpose, again) : h('p', { class: 'quiet' }, w('why.noswitch'));
  return [facts, a.rules.length ? rules : h('span'), choice];
}

export async function showWhy(purpose: string, category: string): Promise<void> {
  const title = h('h2', { tabindex: -1 }, w('why.title'));
  const body = h('div', { class: 'stack' }, h('p', { class: 'quiet' }, w('say.loading')));
  const dialog = h('dialog', { 'aria-label': w('why.title') }, h('div', { class: 'inside' }, h('div', { class: 'row' }, icon('shield'), title), body,
    h('div', { class: 'foot' }, h('button', { type: 'button', onclick: () => dialog.close() }, w('say.close')))));
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (e) => { if (e.target === dialog || (e.target as Element).closest('a')) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  const draw = async (): Promise<void> => {
    const a = await get<WhyAnswer>(`/api/why?purpose=${encodeURIComponent(purpose)}&category=${encodeURIComponent(category)}`);
    await helpReady();
    title.textContent = w(a.decision === 'deny' ? 'why.title.no' : 'why.title');
    replace(body, ...inside(a, purpose, () => draw().then(() => title.focus())));
  };
  title.focus();
  await draw().catch((e: unknown) => replace(body, errorNote(e)));
}

/** The shield as a button beside a setting. */
export function shield(purpose: string, category: string): HTMLButtonElement {
  return h('button', { type: 'button', class: 'plain', onclick: () => void showWhy(purpose, category) }, icon('shield'), w('feed.why'));
}
