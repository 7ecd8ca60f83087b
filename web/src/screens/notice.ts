// The privacy notice, as the data map says it.
import { get } from '../api.js';
import type { NoticeReadAnswer } from '../api.gen.js';
import { h, replace } from '../dom.js';
import { who } from '../session.js';
import { page } from '../ui.js';
import { lang, w } from '../words.js';

// A paragraph whose lines begin with "- " is a list.
const paragraph = (p: string): HTMLElement => (p.startsWith('- ') ? h('ul', {}, ...p.split('\n').map((line) => h('li', {}, line.slice(2)))) : h('p', {}, p));

export function noticeText(n: NoticeReadAnswer, level: 'h2' | 'h3'): HTMLElement {
  return h('div', { class: 'notice-text', lang: n.language }, ...n.sections.map((x) => h('section', {}, h(level, {}, x.heading),
    ...x.text.split('\n\n').map(paragraph))), h('p', { class: 'quiet small' }, w('notice.version', { v: n.version.slice(0, 16) })));
}

export async function notice(): Promise<HTMLElement> {
  const person = await who();
  let audience = person?.child ? 'child' : 'adult';
  const text = h('div', { class: 'card' });
  const tabs = h('div', { class: 'answers', role: 'group', 'aria-label': w('notice.title') });
  const show = async (): Promise<void> => {
    const n = await get<NoticeReadAnswer>(`/api/notice?language=${lang()}&audience=${audience}`);
    replace(text, noticeText(n, 'h2'));
    replace(tabs, ...(['adult', 'child'] as const).map((k) => h('button', { type: 'button', class: 'answer', 'aria-pressed': String(audience === k), onclick: () => { audience = k; void show(); } }, w(`notice.${k}`))));
  };
  await show();
  return page(w('notice.title'), null, tabs, text);
}
