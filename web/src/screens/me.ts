// My data: clips, choices, everything held, the download, the proofs, and the end of it all.
import { call, get, post, when } from '../api.js';
import type { ClipMineAnswer, DataHeldAnswer, Entry, Holding, Item, ReceiptReadAnswer, ReceiptsListAnswer } from '../api.gen.js';
import { h, replace } from '../dom.js';
import { go } from '../nav.js';
import { forget, who } from '../session.js';
import { errorNote, page, save } from '../ui.js';
import { helpReady, kindWords, moment, w } from '../words.js';
import { deleteAccount } from './delete.js';

function tile(i: Item): HTMLElement {
  const el = h('li', { class: 'tile' });
  const remove = h('button', { type: 'button', class: 'plain danger', onclick: async () => {
    if (remove.dataset['sure']) {
      try { await call('DELETE', `/api/clips/${i.clip}`); el.remove(); } catch (e) { el.append(errorNote(e)); }
      return;
    }
    remove.dataset['sure'] = '1';
    remove.textContent = w('me.remove.sure');
  } }, w('me.remove'));
  const look = i.state === 'ready'
    ? h('a', { href: `/clip/${i.clip}`, 'aria-label': i.caption || w('feed.mine') }, h('img', { src: `/media/${i.clip}/poster`, alt: '', loading: 'lazy' }))
    : h('div', { class: 'blank' }, w(i.state === 'failed' ? 'share.failed' : 'share.processing'));
  replace(el, look, i.caption ? h('p', { class: 'small' }, i.caption) : null, remove);
  return el;
}

const fact = (term: string, text: string): HTMLElement => h('div', {}, h('dt', {}, term), h('dd', {}, text));

function held(x: Holding): HTMLElement {
  return h('li', { class: 'card' }, h('div', { class: 'spread' }, h('h3', {}, x.title), h('span', { class: 'quiet' }, x.count === 1 ? w('me.count.one') : w('me.count', { n: x.count }))),
    h('dl', { class: 'facts' }, fact(w('me.for'), x.purposes), fact(w('me.ground'), x.basis), fact(w('me.until'), x.until), fact(w('me.who'), x.recipients || w('me.nobody'))));
}

function entry(x: Entry): HTMLElement {
  const at = when(x.at);
  const li = h('li', {}, h('span', {}, kindWords(x.kind), h('br'), h('span', { class: 'quiet small' }, at ? moment(at) : '')));
  li.append(h('button', { type: 'button', onclick: async () => {
    try {
      const r = await get<ReceiptReadAnswer>(`/api/receipts/${x.index}`);
      save(`ward-${x.index}.tlog-proof`, r.receipt);
    } catch (e) { li.append(errorNote(e)); }
  } }, w('me.receipt.get')));
  return li;
}

export async function me(): Promise<HTMLElement> {
  const person = await who();
  if (!person) { queueMicrotask(() => go('/login', true)); return page(w('me.title'), null); }
  const [mine, data, proofs] = await Promise.all([
    get<ClipMineAnswer>('/api/me/clips'), get<DataHeldAnswer>('/api/data'), get<ReceiptsListAnswer>('/api/receipts'), helpReady()]);
  const out = async (): Promise<void> => { await post('/api/logout'); forget(); go('/'); };
  return page(person.name, person.child ? w('me.child.safe') : null,
    h('ul', { class: 'menu' }, h('li', {}, h('a', { class: 'button', href: '/choices' }, w('choices.title'))), h('li', {}, h('a', { class: 'button', href: '/history' }, w('me.history'))),
      h('li', {}, h('a', { class: 'button', href: '/notice' }, w('me.notice'))), h('li', {}, h('button', { type: 'button', onclick: () => void out() }, w('login.out')))),
    h('section', { class: 'stack' }, h('h2', {}, w('me.clips')), mine.items.length ? h('ul', { class: 'tiles' }, ...mine.items.map(tile)) : h('p', { class: 'quiet' }, w('me.clips.none'))),
    h('section', { class: 'stack' }, h('h2', {}, w('me.data')), h('p', { class: 'quiet' }, w('me.data.text')), h('ul', { class: 'stack' }, ...data.holdings.map(held))),
    h('section', { class: 'card' }, h('h2', {}, w('me.download')), h('p', {}, w('me.download.text')), h('a', { class: 'button', href: '/api/data/export', download: true }, w('me.download'))),
    h('section', { class: 'card' }, h('h2', {}, w('me.delete')), deleteAccount()),
    h('section', { class: 'stack' }, h('h2', {}, w('me.receipts')), h('p', { class: 'quiet' }, w('me.receipts.text')), proofs.entries.length ? h('ul', { class: 'list' }, ...proofs.entries.map(entry)) : null));
}
