// Sharing a clip: file, caption, audience, progress, and a clear word when it cannot be used.
import { get, post, upload, ApiError } from '../api.js';
import type { ClipBeginAnswer, ClipStatusAnswer, Item } from '../api.gen.js';
import { field, h, newId, replace } from '../dom.js';
import { who } from '../session.js';
import { shield } from '../shield.js';
import { form, Mistake, page } from '../ui.js';
import { w } from '../words.js';
import { go } from '../nav.js';

const POLL_MS = 700;

function audienceChoice(child: boolean): { el: HTMLElement; value: () => string } {
  const name = newId();
  const el = h('fieldset', { class: 'stack' }, h('legend', {}, w('share.audience')));
  if (child) {
    el.append(h('p', { class: 'quiet' }, w('share.child')));
    return { el, value: () => 'me' };
  }
  for (const kind of ['everyone', 'me'] as const) {
    el.append(h('label', { class: 'tick' }, h('input', { type: 'radio', name, value: kind }),
      h('span', {}, h('strong', {}, w(`share.${kind}`)), h('br'), h('span', { class: 'quiet small' }, w(`share.${kind}.text`)))));
  }
  return { el, value: () => el.querySelector<HTMLInputElement>('input:checked')?.value ?? '' };
}

async function followStudio(clip: string, show: (i: Item) => void): Promise<Item> {
  for (;;) {
    const { clip: item } = await get<ClipStatusAnswer>(`/api/clips/${clip}`);
    show(item);
    if (item.state === 'ready' || item.state === 'failed') return item;
    await new Promise((r) => setTimeout(r, POLL_MS));
  }
}

export async function share(): Promise<HTMLElement> {
  const person = await who();
  if (!person) { queueMicrotask(() => go('/login', true)); return page(w('share.title'), null); }
  const file = h('input', { name: 'file', type: 'file', accept: 'video/mp4,video/quicktime,video/webm', required: true });
  const caption = h('textarea', { name: 'caption', maxlength: 300, rows: 2 });
  const audience = audienceChoice(person.child);
  const status = h('p', { role: 'status' });
  const bar = h('progress', { max: 1, value: 0, 'aria-label': w('share.sending') });
  const busy = h('div', { class: 'stack', hidden: true }, status, bar);
  const card = h('div', { class: 'card' });

  const send = async (): Promise<void> => {
    const f = file.files?.[0];
    if (!f) throw new Mistake(w('share.pick'));
    if (!audience.value()) throw new Mistake(w('share.choose'));
    busy.hidden = false;
    try {
      status.textContent = w('share.sending');
      const { clip } = await post<ClipBeginAnswer>('/api/clips', { caption: caption.value.trim(), audience: audience.value(), size_bytes: f.size });
      await upload(`/api/clips/${clip}/bytes`, f, (p) => { bar.value = p; },
        (now) => { status.textContent = w(now ? 'share.lost' : 'share.sending'); });
      await post(`/api/clips/${clip}/finish`);
      bar.value = 0;
      done(card, await followStudio(clip, (i) => {
        status.textContent = w(i.state === 'checking' ? 'share.checking' : 'share.processing');
        bar.value = i.permille / 1000;
      }));
    } finally { busy.hidden = true; }
  };
  replace(card, form(send, field(w('share.file'), file, w('share.file.hint')), field(w('share.caption'), caption), audience.el, busy, h('button', { class: 'primary' }, w('share.go'))));
  return page(w('share.title'), w('share.text'), card, h('div', {}, shield('share-clip', 'clip')));
}

function done(card: HTMLElement, item: Item): void {
  if (item.state === 'failed') {
    const e = new ApiError(item.problem, '', '', [], [], 0);
    e.title = w('share.failed');
    e.kept = w('share.failed.text');
    throw e;
  }
  replace(card, h('div', { role: 'status' }, h('h2', { tabindex: -1 }, w('share.ready'))),
    h('div', { class: 'tiles' }, h('div', { class: 'tile' }, h('img', { src: `/media/${item.clip}/poster`, alt: item.caption }))),
    h('div', { class: 'answers' }, h('a', { class: 'button', href: `/clip/${item.clip}` }, w('share.watch')),
      h('button', { type: 'button', onclick: () => go('/share') }, w('share.another'))));
  card.querySelector('h2')!.focus();
}
