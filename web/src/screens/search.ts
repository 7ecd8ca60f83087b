// Search: clips by the words of their captions and makers. What was typed goes out in the body of a request,
// stands in no address, and lives on this page alone: leaving it or signing out forgets it.
import { post } from '../api.js';
import type { FeedSearchAnswer, Item } from '../api.gen.js';
import { field, h, replace } from '../dom.js';
import { who } from '../session.js';
import { shield } from '../shield.js';
import { errorNote, form, Mistake, page } from '../ui.js';
import { w } from '../words.js';

const PAGE = 24;
/** Answers in a row that may hold nothing while the service still looks. */
const LOOKS = 5;

/** What is on the screen, for who comes back to it from a clip. */
interface Found { person: string; words: string; items: Item[]; next: number; opened: string; reads_on: boolean }
let last: Found | null = null;

async function lookOn(f: Found): Promise<Item[]> {
  const more: Item[] = [];
  for (let i = 0; i < LOOKS && more.length === 0 && (i === 0 || f.next !== 0); i++) {
    const a = await post<FeedSearchAnswer>('/api/search', { words: f.words, cursor: f.next, limit: PAGE });
    more.push(...a.items);
    f.next = Number(a.next);
    f.reads_on = a.reads_on;
  }
  f.items.push(...more);
  return more;
}

function tile(i: Item, f: Found): HTMLElement {
  const by = i.mine ? w('feed.mine') : i.owner_name;
  return h('li', {}, h('a', { class: 'tile', href: `/clip/${i.clip}`, onclick: () => { f.opened = i.clip; } },
    h('img', { src: `/media/${i.clip}/poster`, alt: '', loading: 'lazy' }),
    i.caption ? h('span', { class: 'caption' }, i.caption) : null,
    h('span', { class: 'quiet small' }, i.audience === 'me' ? w('feed.private') : by)));
}

const nothing = (): HTMLElement[] => [h('h2', {}, w('search.none')), h('p', { class: 'quiet' }, w('search.none.todo'))];

function results(f: Found): HTMLElement[] {
  const list = h('ul', { class: 'tiles' }, ...f.items.map((i) => tile(i, f)));
  const more = h('button', { type: 'button', hidden: f.next === 0, onclick: async () => {
    more.disabled = true;
    more.parentElement?.querySelector('.note')?.remove();
    try {
      const added = (await lookOn(f)).map((i) => tile(i, f));
      list.append(...added);
      more.hidden = f.next === 0;
      added[0]?.querySelector('a')?.focus();
    } catch (e) { more.before(errorNote(e)); } finally { more.disabled = false; }
  } }, w('search.more'));
  const said = f.items.length ? [h('h2', {}, w('search.found')), h('p', { class: 'quiet small' }, w('search.order'))]
    : f.next ? [h('h2', {}, w('search.far'))] : nothing();
  if (f.reads_on) said.push(h('p', { class: 'note' }, w('search.reads')));
  return [h('div', { class: 'stack-tight', role: 'status' }, ...said), list, h('div', {}, more)];
}

export async function search(): Promise<HTMLElement> {
  const person = (await who())?.id ?? '';
  if (last?.person !== person) last = null;
  const input = h('input', { type: 'search', name: 'words', maxlength: 200, autocomplete: 'off', autocapitalize: 'none', enterkeyhint: 'search', spellcheck: 'false', value: last?.words });
  const shown = h('section', { class: 'stack', 'aria-label': w('search.results') }, ...(last ? results(last) : []));
  const send = async (): Promise<void> => {
    const words = input.value.trim();
    last = null;
    replace(shown);
    if (!words) throw new Mistake(w('search.write'));
    replace(shown, h('p', { class: 'quiet', role: 'status' }, w('say.loading')));
    const f: Found = { person, words, items: [], next: 0, opened: '', reads_on: false };
    try { await lookOn(f); } catch (e) { replace(shown); throw e; }
    last = f;
    replace(shown, ...results(f));
  };
  const seek = field(w('search.label'), input, w('search.hint'));
  const row = h('div', { class: 'seek' });
  input.replaceWith(row);
  row.append(input, h('button', { class: 'primary' }, w('search.go')));
  const root = page(w('search.title'), null, h('div', { role: 'search' }, form(send, seek)), shown, h('div', {}, shield('find-clips', 'clip-meta')));
  root.classList.add('wide');
  const back = last?.opened;
  requestAnimationFrame(() => (back ? root.querySelector<HTMLElement>(`a[href="/clip/${back}"]`) : input)?.focus());
  return root;
}
