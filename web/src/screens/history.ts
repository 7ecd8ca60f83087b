// The watch history: seen and emptied by its owner, and off until chosen.
import { call, get, when } from '../api.js';
import type { HistoryListAnswer, Watched } from '../api.gen.js';
import { h } from '../dom.js';
import { go } from '../nav.js';
import { keepsHistory, who } from '../session.js';
import { shield } from '../shield.js';
import { errorNote, page } from '../ui.js';
import { moment, w } from '../words.js';

function entry(x: Watched): HTMLElement {
  const at = when(x.at);
  return h('li', {}, h('a', { href: `/clip/${x.clip}` }, x.caption || w('feed.by', { name: x.owner_name })),
    h('span', { class: 'quiet small' }, `${x.owner_name} · ${w('history.at', { at: at ? moment(at) : '' })}`));
}

export async function watched(): Promise<HTMLElement> {
  if (!(await who())) { queueMicrotask(() => go('/login', true)); return page(w('history.title'), null); }
  if (!(await keepsHistory())) {
    return page(w('history.title'), null, h('div', { class: 'note' }, h('strong', {}, w('history.off')), h('p', {}, w('history.off.text'))),
      h('div', { class: 'row' }, h('a', { class: 'button', href: '/choices' }, w('choices.title')), shield('keep-history', 'watch-history')));
  }
  const list = h('ul', { class: 'list' });
  const more = h('button', { type: 'button' }, w('say.next'));
  let cursor = 0;
  const load = async (): Promise<void> => {
    const p = await get<HistoryListAnswer>(`/api/history?cursor=${cursor}`);
    list.append(...p.entries.map(entry));
    cursor = Number(p.next);
    more.hidden = cursor === 0;
  };
  more.addEventListener('click', () => void load());
  await load();
  const root = page(w('history.title'), null, h('div', { class: 'row' }, shield('keep-history', 'watch-history')),
    list.childElementCount ? list : h('p', { class: 'quiet' }, w('history.none')), more);
  if (list.childElementCount) {
    const empty = h('button', { type: 'button', class: 'danger', onclick: async () => {
      try { await call('DELETE', '/api/history'); list.replaceWith(h('p', { role: 'status' }, w('history.emptied'))); empty.remove(); more.hidden = true; } catch (e) { root.append(errorNote(e)); }
    } }, w('history.empty'));
    root.append(empty);
  }
  return root;
}
