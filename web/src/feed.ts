// The vertical feed: one clip at a time, the next one ready, three players at most, and an end.
import { ApiError, call, get, post } from './api.js';
import type { ClipStatusAnswer, FeedPageAnswer, Item, LikeSetAnswer } from './api.gen.js';
import { h, icon, replace } from './dom.js';
import { go } from './nav.js';
import { keepsHistory, who } from './session.js';
import { showWhy } from './shield.js';
import { errorNote } from './ui.js';
import { w } from './words.js';

const WATCHED_AFTER_MS = 2000;
const PAGE = 10;

interface Slot { item: Item; el: HTMLElement; video: HTMLVideoElement | null; wanted: boolean; watchedMs: number; noted: boolean }

const small = (): boolean => innerWidth * devicePixelRatio < 700 || (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
const source = (i: Item): string => `/media/${i.clip}/${small() ? 'small' : 'large'}`;

class Feed {
  readonly el = h('div', { class: 'feed', tabindex: 0, role: 'feed', 'aria-label': w('feed.title') });
  private slots: Slot[] = [];
  private at = -1;
  private next = 0;
  private reason = '';
  private loading = false;
  private done = false;
  private muted = true;
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  private readonly seen = new IntersectionObserver((es) => {
    for (const e of es) if (e.isIntersecting) this.reach(this.slots.findIndex((x) => x.el === e.target));
  }, { root: this.el, threshold: 0.6 });

  constructor(private readonly first: string, private readonly order: 'newest' | 'popular') {
    this.el.addEventListener('keydown', (e) => this.key(e));
  }

  async start(): Promise<void> {
    if (this.first) {
      const { clip } = await get<ClipStatusAnswer>(`/api/clips/${this.first}`);
      this.add(clip);
    }
    await this.more();
    if (this.slots.length === 0) this.el.append(this.card(w('feed.empty'), w('feed.empty.todo')));
  }

  private async more(): Promise<void> {
    if (this.loading || this.done) return;
    this.loading = true;
    try {
      const p = await get<FeedPageAnswer>(`/api/feed?order=${this.order}&cursor=${this.next}&limit=${PAGE}`);
      for (const i of p.items) if (i.clip !== this.first) this.add(i);
      this.next = p.next;
      this.reason = p.reason;
      if (!p.next || Number(p.next) === 0) {
        this.done = true;
        if (this.slots.length) this.end();
      }
    } finally { this.loading = false; }
  }

  private end(): void {
    const card = this.card(w('feed.end'), w(this.reason === 'popular' ? 'feed.end.popular' : 'feed.end.text'),
      h('button', { type: 'button', onclick: () => this.jump(0) }, w('feed.again')),
      this.order === 'popular' ? h('a', { class: 'button', href: '/' }, w('feed.newest')) : h('a', { class: 'button', href: '/popular' }, w('feed.popular')));
    this.el.append(card);
    this.seen.observe(card);
  }

  private card(title: string, text: string, ...ways: HTMLElement[]): HTMLElement {
    return h('article', { class: 'clip', 'aria-label': title, tabindex: -1 }, h('div', { class: 'card-end' }, h('h2', {}, title), h('p', {}, text), ...ways));
  }

  private add(item: Item): void {
    const slot: Slot = { item, el: h('article', { class: 'clip', 'aria-label': w('feed.by', { name: item.owner_name }), tabindex: -1 }), video: null, wanted: false, watchedMs: 0, noted: false };
    const poster = h('img', { class: 'still', src: `/media/${item.clip}/poster`, alt: '', loading: 'lazy' });
    slot.el.append(h('div', { class: 'frame-clip' }, poster, this.under(item), this.side(slot),
      h('button', { type: 'button', class: 'corner', onclick: () => void showWhy('play-clip', 'clip') }, icon('shield'), w('feed.why'))));
    this.slots.push(slot);
    this.el.append(slot.el);
    this.seen.observe(slot.el);
  }

  private under(i: Item): HTMLElement {
    return h('div', { class: 'under' }, h('h2', {}, i.mine ? w('feed.mine') : i.owner_name), i.caption ? h('p', {}, i.caption) : null,
      i.audience === 'me' ? h('p', {}, w('feed.private')) : null);
  }

  private side(slot: Slot): HTMLElement {
    const like = h('button', { type: 'button', 'aria-pressed': String(slot.item.liked), onclick: () => void this.like(slot, like) });
    this.drawLike(slot, like);
    const sound = h('button', { type: 'button', class: 'sound', onclick: () => this.toggleSound() });
    const play = h('button', { type: 'button', class: 'play', onclick: () => this.togglePlay() });
    this.drawSound(sound);
    replace(play, icon('play'), w('feed.play'));
    return h('div', { class: 'side' }, like, sound, play);
  }

  private drawLike(slot: Slot, b: HTMLElement): void {
    b.setAttribute('aria-pressed', String(slot.item.liked));
    b.setAttribute('aria-label', `${w(slot.item.liked ? 'feed.liked' : 'feed.like')}, ${slot.item.likes}`);
    replace(b, icon('heart'), String(slot.item.likes));
  }

  private async like(slot: Slot, b: HTMLElement): Promise<void> {
    if (!(await who())) { go('/login'); return; }
    try {
      const { likes } = await post<LikeSetAnswer>(`/api/clips/${slot.item.clip}/like`, { on: !slot.item.liked });
      slot.item.liked = !slot.item.liked;
      slot.item.likes = likes;
      this.drawLike(slot, b);
    } catch (e) { this.complain(slot, e); }
  }

  private complain(slot: Slot, e: unknown): void {
    slot.el.querySelector('.note')?.remove();
    slot.el.append(errorNote(e));
  }

  /** Past the last clip is the end card: nothing plays behind it. */
  private reach(n: number): void {
    if (n >= 0) { this.show(n); return; }
    this.leave();
    this.at = this.slots.length;
  }

  private show(n: number): void {
    if (n === this.at) return;
    this.leave();
    this.at = n;
    const slot = this.slots[n]!;
    this.window();
    this.drawControls(slot);
    if (!this.still) this.play(slot);
    if (n >= this.slots.length - 3) void this.more().catch(() => { /* the next swipe tries again */ });
  }

  /** Players for the clip before, this one and the next; the next loads once this one plays. */
  private window(): void {
    this.slots.forEach((slot, i) => {
      const near = Math.abs(i - this.at) <= 1;
      if (near && !slot.video) this.mount(slot, i === this.at);
      if (!near && slot.video) this.unmount(slot);
    });
  }

  private mount(slot: Slot, current: boolean): void {
    const v = h('video', { playsinline: true, loop: true, preload: current ? 'auto' : 'none', poster: `/media/${slot.item.clip}/poster`, src: source(slot.item), 'aria-label': slot.item.caption || w('feed.by', { name: slot.item.owner_name }) });
    v.muted = this.muted;
    const bar = h('progress', { class: 'bar', max: 1, value: 0, 'aria-hidden': 'true' });
    v.addEventListener('timeupdate', () => { if (v.duration) bar.value = v.currentTime / v.duration; this.tick(slot); });
    v.addEventListener('playing', () => { this.drawControls(slot); this.preload(); });
    v.addEventListener('pause', () => this.drawControls(slot));
    v.addEventListener('error', () => { if (slot.video === v) this.gone(slot); });
    v.addEventListener('click', () => this.togglePlay());
    slot.video = v;
    slot.el.querySelector('.still')!.replaceWith(v);
    slot.el.querySelector('.frame-clip')!.append(bar);
  }

  private unmount(slot: Slot): void {
    const v = slot.video!;
    slot.video = null;
    v.pause();
    slot.el.querySelector('.bar')?.remove();
    v.replaceWith(h('img', { class: 'still', src: `/media/${slot.item.clip}/poster`, alt: '' }));
    v.removeAttribute('src');
    v.load();
  }

  private preload(): void {
    const v = this.slots[this.at + 1]?.video;
    if (v && v.preload !== 'auto') v.preload = 'auto';
  }

  private gone(slot: Slot): void {
    const v = slot.video;
    slot.video = null;
    v?.replaceWith(h('p', { class: 'card-end' }, w('feed.gone')));
  }

  private play(slot: Slot): void {
    slot.wanted = true;
    slot.video?.play().catch(() => { this.drawControls(slot); });
  }

  private leave(): void {
    const slot = this.slots[this.at];
    if (!slot) return;
    slot.wanted = false;
    slot.video?.pause();
    void this.note(slot);
  }

  private lastTick = 0;
  private tick(slot: Slot): void {
    const now = performance.now();
    if (slot === this.slots[this.at] && now - this.lastTick < 1000) slot.watchedMs += now - this.lastTick;
    this.lastTick = now;
    if (slot.watchedMs >= WATCHED_AFTER_MS) void this.note(slot);
  }

  private async note(slot: Slot): Promise<void> {
    if (slot.noted || slot.watchedMs < WATCHED_AFTER_MS) return;
    slot.noted = true;
    try {
      if (await keepsHistory()) await call('POST', `/api/clips/${slot.item.clip}/watched`, { watched_ms: Math.round(slot.watchedMs) });
    } catch (e) { if (!(e instanceof ApiError)) throw e; /* a refusal is an answer: nothing is noted */ }
  }

  private drawControls(slot: Slot): void {
    const on = !!slot.video && !slot.video.paused;
    const play = slot.el.querySelector('.play');
    const sound = slot.el.querySelector('.sound');
    if (play) replace(play, icon(on ? 'pause' : 'play'), w(on ? 'feed.pause' : 'feed.play'));
    if (sound) this.drawSound(sound);
  }

  private drawSound(b: Element): void {
    replace(b, icon(this.muted ? 'mute' : 'sound'), w(this.muted ? 'feed.sound.off' : 'feed.sound.on'));
    b.setAttribute('aria-pressed', String(!this.muted));
  }

  private togglePlay(): void {
    const slot = this.slots[this.at];
    if (!slot?.video) return;
    if (slot.video.paused) this.play(slot);
    else slot.video.pause();
  }

  private toggleSound(): void {
    this.muted = !this.muted;
    for (const x of this.slots) { if (x.video) x.video.muted = this.muted; this.drawControls(x); }
  }

  private jump(n: number): void {
    const target = this.el.children[Math.max(0, Math.min(n, this.el.children.length - 1))] as HTMLElement | undefined;
    target?.focus({ preventScroll: true }); // what is read aloud, and where Tab goes on
    target?.scrollIntoView({ behavior: this.still ? 'auto' : 'smooth' });
  }

  private key(e: KeyboardEvent): void {
    if (e.target instanceof HTMLButtonElement && (e.key === ' ' || e.key === 'Enter')) return;
    const here = Math.round(this.el.scrollTop / this.el.clientHeight);
    const act: Record<string, () => void> = {
      ArrowDown: () => this.jump(here + 1), j: () => this.jump(here + 1), PageDown: () => this.jump(here + 1),
      ArrowUp: () => this.jump(here - 1), k: () => this.jump(here - 1), PageUp: () => this.jump(here - 1),
      ' ': () => this.togglePlay(), m: () => this.toggleSound(),
      l: () => (this.slots[this.at]?.el.querySelector('.side button') as HTMLElement | null)?.click(),
    };
    const f = act[e.key];
    if (f && !e.metaKey && !e.ctrlKey && !e.altKey) { e.preventDefault(); f(); }
  }
}

export const feed = (first: string): Promise<HTMLElement> => screen(new Feed(first, 'newest'));
export const popular = (): Promise<HTMLElement> => screen(new Feed('', 'popular'));

async function screen(f: Feed): Promise<HTMLElement> {
  await f.start();
  const el = h('div', { class: 'feed-page' }, h('h1', { class: 'hidden', tabindex: -1 }, w('feed.title')), f.el);
  queueMicrotask(() => f.el.focus({ preventScroll: true }));
  return el;
}
