// Starts the client: language, frame, and the screen that the address names.
import { h, icon, replace } from './dom.js';
import { onOpen, startNavigation } from './nav.js';
import { who } from './session.js';
import { errorNote } from './ui.js';
import { onSpeak, preferred, speak, speakToChild, w } from './words.js';

type Screen = (rest: string) => Promise<HTMLElement>;

const screens: [RegExp, () => Promise<Screen>][] = [
  [/^\/(?:clip\/([^/]+))?$/, () => import('./feed.js').then((m) => m.feed)],
  [/^\/popular$/, () => import('./feed.js').then((m) => m.popular)],
  [/^\/search$/, () => import('./screens/search.js').then((m) => m.search)],
  [/^\/join$/, () => import('./screens/join.js').then((m) => m.join)],
  [/^\/login$/, () => import('./screens/login.js').then((m) => m.login)],
  [/^\/ask$/, () => import('./screens/child.js').then((m) => m.askGuardian)],
  [/^\/choices$/, () => import('./screens/choices.js').then((m) => m.choices)],
  [/^\/share$/, () => import('./screens/share.js').then((m) => m.share)],
  [/^\/me$/, () => import('./screens/me.js').then((m) => m.me)],
  [/^\/history$/, () => import('./screens/history.js').then((m) => m.watched)],
  [/^\/family$/, () => import('./screens/family.js').then((m) => m.family)],
  [/^\/guardian\/([^/]+)$/, () => import('./screens/guardian.js').then((m) => m.guardian)],
  [/^\/notice$/, () => import('./screens/notice.js').then((m) => m.notice)],
  [/^\/console$/, () => import('./screens/console.js').then((m) => m.console_)],
];

const stage = h('main', { class: 'stage', id: 'content' });
const nav = h('nav', { class: 'nav' });

const link = (path: string, name: string, glyph: string): HTMLElement =>
  h('a', { href: path, 'aria-current': location.pathname === path ? 'page' : null }, icon(glyph), w(name as Parameters<typeof w>[0]));

async function drawNav(): Promise<void> {
  const person = await who().catch(() => null);
  const items = [h('div', { class: 'brand', 'aria-hidden': 'true' }, icon('shield'), 'Ward'), link('/', 'nav.watch', 'watch')];
  if (person?.role !== 'operator') items.push(link('/search', 'nav.search', 'search'));
  if (!person) items.push(link('/join', 'nav.join', 'person'), link('/login', 'nav.login', 'enter'));
  else if (person.role === 'operator') items.push(link('/console', 'nav.console', 'chart'), link('/me', 'nav.me', 'person'));
  else if (person.state === 'needs-guardian') items.push(link('/ask', 'nav.me', 'person'));
  else {
    items.push(link('/share', 'nav.share', 'share'));
    if (!person.child) items.push(link('/family', 'nav.family', 'family'));
    items.push(link('/me', 'nav.me', 'person'));
  }
  nav.setAttribute('aria-label', w('nav.main'));
  replace(nav, ...items);
}

function missing(): HTMLElement {
  return h('div', { class: 'page' }, h('h1', { tabindex: -1 }, w('missing.title')), h('p', {}, h('a', { href: '/', class: 'button' }, w('missing.home'))));
}

let turn = 0;

async function open(path: string): Promise<void> {
  const mine = ++turn;
  let el: HTMLElement;
  try {
    const person = await who();
    speakToChild(!!person && (person.child || person.state === 'needs-guardian'));
    if (person) await speak(person.language);
    const found = screens.map(([pattern, load]) => ({ m: pattern.exec(path), load })).find((x) => x.m);
    el = found ? await (await found.load())(found.m![1] ?? '') : missing();
  } catch (e) {
    el = h('div', { class: 'page' }, h('h1', { tabindex: -1 }, w('error.title')), errorNote(e),
      h('button', { type: 'button', onclick: () => void open(path) }, w('say.retry')));
  }
  if (mine !== turn) return;
  replace(stage, el);
  stage.scrollTop = 0;
  const heading = el.querySelector<HTMLElement>('h1');
  document.title = heading?.textContent ? `${heading.textContent} – Ward` : 'Ward';
  heading?.focus({ preventScroll: true });
  await drawNav();
}

async function start(): Promise<void> {
  await speak(sessionStorage.getItem('language') ?? preferred());
  document.body.replaceChildren(h('a', { class: 'skip', href: '#content' }, w('app.skip')), h('div', { class: 'frame' }, stage, nav));
  onSpeak(() => void drawNav());
  onOpen((path) => void open(path));
  startNavigation();
  await open(location.pathname);
}

void start();
