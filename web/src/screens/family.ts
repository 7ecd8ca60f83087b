// Family: a guardian decides for a child, and can only make things stricter than the law allows.
import { get, post } from '../api.js';
import type { Child, Choice, FamilyListAnswer } from '../api.gen.js';
import { h } from '../dom.js';
import { go } from '../nav.js';
import { who } from '../session.js';
import { page } from '../ui.js';
import { w } from '../words.js';
import { question } from './choices.js';

function one(c: Child): HTMLElement {
  const decide = (x: Choice) => async (yes: boolean): Promise<void> => {
    const state = yes ? 'given' : x.state === 'given' ? 'withdrawn' : 'refused';
    await post(`/api/family/${c.id}/consents`, { purpose: x.purpose, state });
    x.state = state;
  };
  return h('section', { class: 'stack' }, h('h2', {}, w('family.history', { name: c.name })), h('p', { class: 'quiet' }, w('family.age', { n: c.age })),
    ...c.choices.map((x) => question(x, decide(x))));
}

export async function family(): Promise<HTMLElement> {
  if (!(await who())) { queueMicrotask(() => go('/login', true)); return page(w('family.title'), null); }
  const { children } = await get<FamilyListAnswer>('/api/family');
  return page(w('family.title'), children.length ? w('family.text') : w('family.none'), ...children.map(one));
}
