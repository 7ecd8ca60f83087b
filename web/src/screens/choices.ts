// Consents: each purpose alone, yes and no alike, changed as easily as given.
import { get, post } from '../api.js';
import type { Choice, ConsentsListAnswer } from '../api.gen.js';
import { h } from '../dom.js';
import { choicesChanged } from '../session.js';
import { shield } from '../shield.js';
import { answers, page } from '../ui.js';
import { w } from '../words.js';

const CATEGORY: Record<string, string> = { 'ads-personalised': 'watch-history', recommend: 'watch-history', 'keep-history': 'watch-history' };

/** One question. `choose` is missing where the person cannot decide it. */
export function question(c: Choice, choose?: (yes: boolean) => Promise<void>): HTMLElement {
  const head = h('div', { class: 'spread' }, h('h2', {}, c.title), shield(c.purpose, CATEGORY[c.purpose] ?? 'account'));
  const body = !c.possible ? h('p', { class: 'quiet' }, `${w('choices.never')}${c.article ? ` (${c.article})` : ''}`)
    : choose ? answers(c.title, c.state, choose)
      : h('p', { class: 'quiet' }, w('choices.by.guardian'));
  return h('div', { class: 'card' }, head, h('p', {}, c.why), body);
}

export async function choices(): Promise<HTMLElement> {
  const list = await get<ConsentsListAnswer>('/api/consents');
  const set = (c: Choice) => async (yes: boolean): Promise<void> => {
    const state = yes ? 'given' : c.state === 'given' ? 'withdrawn' : 'refused';
    await post('/api/consents', { purpose: c.purpose, state, notice: list.notice });
    c.state = state;
    choicesChanged();
  };
  return page(w('choices.title'), w('choices.text'), ...list.choices.map((c) => question(c, c.by === 'guardian' ? undefined : set(c))),
    h('a', { href: '/', class: 'button' }, w('choices.done')));
}
