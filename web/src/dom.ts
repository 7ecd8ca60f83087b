// Builds elements. Text is always text: nothing here reads markup.

export type Child = Node | string | false | null | undefined;
type Props = Record<string, unknown>;

/** h('button', { class: 'primary', onclick: f }, 'Yes') */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  set(el, props);
  for (const c of children) if (c) el.append(c);
  return el;
}

export function set(el: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) el.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) el.setAttribute(name, '');
    else el.setAttribute(name, String(value));
  }
}

export function replace(el: Element, ...children: Child[]): void {
  el.replaceChildren(...children.filter((c): c is Node | string => !!c));
}

const SVG = 'http://www.w3.org/2000/svg';

export function s(tag: string, props: Props = {}, ...children: (Node | string)[]): SVGElement {
  const el = document.createElementNS(SVG, tag);
  set(el, props);
  el.append(...children);
  return el;
}

const PATHS: Record<string, string> = {
  shield: 'M12 2.5 4.5 5.300v6c0 4.600 3.200 8 7.5 9.900 4.300-1.900 7.5-5.300 7.5-9.900v-6z',
  heart: 'M12 20.5S3.5 15.5 3.5 9.300A4.700 4.700 0 0 1 12 6.600a4.700 4.700 0 0 1 8.5 2.700c0 6.200-8.5 11.200-8.5 11.200z',
  play: 'M8 5v14l11-7z', pause: 'M7 5h3.5v14H7zM13.5 5H17v14h-3.5z',
  sound: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM15 8.5a5 5 0 0 1 0 7M17.5 6a8.5 8.5 0 0 1 0 12',
  mute: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5',
  watch: 'M4 4.5h16v15H4zM10 9v6l5-3z', share: 'M12 15.5V4M7.5 8.5 12 4l4.5 4.5M4.5 14v6h15v-6',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.7-4 3.700-6 7.5-6s6.800 2 7.5 6',
  family: 'M8.5 10.5a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400zM2.800 20c.4-4 2.5-6.300 5.700-6.300S13.800 16 14.200 20M17 12.800a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600zM16.200 15.5c2.700-.3 4.600 1.300 5 4.5',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.300 15.300 20.5 20.5',
  enter: 'M13 4.5h6v15h-6M4 12h10.5M10.5 7.5 15 12l-4.5 4.5',
  chart: 'M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6',
};

/** A line icon; decorative, the name always stands beside it. */
export function icon(name: string): SVGElement {
  return s('svg', { viewBox: '0 0 24 24', class: `icon icon-${name}`, 'aria-hidden': 'true' }, s('path', { d: PATHS[name] ?? '' }));
}

let ids = 0;
export const newId = (): string => `i${++ids}`;

/** A labelled control with its hint and place for an error. */
export function field(label: string, control: HTMLElement, hint = ''): HTMLElement {
  control.id ||= newId();
  const hintEl = hint ? h('p', { class: 'hint', id: `${control.id}-hint` }, hint) : null;
  if (hintEl) control.setAttribute('aria-describedby', hintEl.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), hintEl, control);
}
