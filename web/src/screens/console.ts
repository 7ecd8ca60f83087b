// The operator's console: what the service did, in numbers, and a request for data that the law decides.
import { ApiError, get, post, when } from '../api.js';
import type { ConsoleOverviewAnswer, ConsoleReadAnswer, Hour } from '../api.gen.js';
import { field, h, replace, s } from '../dom.js';
import { errorNote, form } from '../ui.js';
import { lang, moment, w } from '../words.js';

const WIDE = 960;
const HIGH = 260;
const LEFT = 64;
const BOTTOM = 34;

const number = (n: number): string => Number(n).toLocaleString(lang());
const figure = (n: number, text: string): HTMLElement => h('div', { class: 'figure' }, h('strong', {}, number(n)), h('span', { class: 'quiet' }, text));

function plot(hours: Hour[]): SVGElement {
  const top = Math.max(1, ...hours.map((x) => Math.max(Number(x.permits), Number(x.denials))));
  const step = (WIDE - LEFT) / Math.max(1, hours.length);
  const y = (n: number): number => (HIGH - BOTTOM) * (1 - n / top);
  const svg = s('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`, class: 'plot', role: 'img', 'aria-label': w('console.plot') });
  svg.append(s('line', { x1: LEFT, x2: WIDE, y1: HIGH - BOTTOM, y2: HIGH - BOTTOM, class: 'axis' }), s('text', { x: LEFT - 8, y: 16, 'text-anchor': 'end' }, number(top)), s('text', { x: LEFT - 8, y: HIGH - BOTTOM, 'text-anchor': 'end' }, '0'));
  hours.forEach((x, i) => {
    const left = LEFT + i * step;
    const bar = (n: number, k: number, name: string): void => { svg.append(s('rect', { x: left + step * (0.1 + 0.4 * k), width: step * 0.36, y: y(n), height: HIGH - BOTTOM - y(n), class: name })); };
    bar(Number(x.permits), 0, 'permits');
    bar(Number(x.denials), 1, 'denials');
    const at = when(x.at);
    if (at && i % Math.ceil(hours.length / 8) === 0) svg.append(s('text', { x: left + step / 2, y: HIGH - 8, 'text-anchor': 'middle' }, at.toLocaleTimeString(lang(), { hour: '2-digit', minute: '2-digit' })));
  });
  return svg;
}

function table(head: string[], rows: string[][]): HTMLElement {
  const cell = (tag: 'th' | 'td', text: string, i: number): HTMLElement => h(tag, { class: i > 0 ? 'number' : null, ...(tag === 'th' ? { scope: 'col' } : {}) }, text);
  return h('div', { class: 'scroll-x' }, h('table', {}, h('thead', {}, h('tr', {}, ...head.map((x, i) => cell('th', x, i)))), h('tbody', {}, ...rows.map((r) => h('tr', {}, ...r.map((x, i) => cell('td', x, i)))))));
}

function ask(): HTMLElement {
  const name = h('input', { name: 'name', autocomplete: 'off', required: true });
  const category = h('input', { name: 'category', value: 'watch-history', required: true });
  const purpose = h('input', { name: 'purpose', value: 'support-access', required: true });
  const answer = h('div', { role: 'status' });
  return h('section', { class: 'card' }, h('h2', {}, w('console.read')), h('p', { class: 'quiet' }, w('console.read.text')), form(async () => {
    replace(answer);
    try {
      const r = await post<ConsoleReadAnswer>('/api/console/read', { name: name.value.trim(), category: category.value.trim(), purpose: purpose.value.trim() });
      replace(answer, h('div', { class: 'note' }, h('strong', {}, w('console.permitted')), r.records.length ? h('ul', { class: 'stack' }, ...r.records.map((x) => h('li', {}, h('pre', {}, x)))) : h('p', {}, w('console.nothing'))));
    } catch (e) {
      if (!(e instanceof ApiError) || e.rules.length === 0) throw e;
      const note = errorNote(e);
      note.querySelector('strong')!.textContent = w('console.denied');
      replace(answer, note);
    }
  }, field(w('console.read.name'), name), field(w('console.read.category'), category), field(w('console.read.purpose'), purpose), h('button', { class: 'primary' }, w('console.read.go'))), answer);
}

export async function console_(): Promise<HTMLElement> {
  const o = await get<ConsoleOverviewAnswer>('/api/console');
  const rows = o.hours.map((x) => { const at = when(x.at); return [at ? moment(at) : '', number(x.permits), number(x.denials)]; });
  return h('div', { class: 'page wide' }, h('header', {}, h('h1', { tabindex: -1 }, w('console.title'))),
    h('div', { class: 'figures' }, figure(o.people, w('console.people')), figure(o.children, w('console.children')), figure(o.clips, w('console.clips')), figure(o.permits, w('console.permits')), figure(o.denials, w('console.denials')), figure(o.erasures, w('console.erasures')), figure(o.leaves, w('console.leaves'))),
    h('section', { class: 'card' }, h('h2', {}, w('console.plot')), h('div', { class: 'legend' }, h('span', { class: 'permits' }, w('console.plot.permits')), h('span', { class: 'denials' }, w('console.plot.denials'))), plot(o.hours),
      h('details', {}, h('summary', {}, w('console.table')), table([w('console.hour'), w('console.plot.permits'), w('console.plot.denials')], rows))),
    h('section', { class: 'card' }, h('h2', {}, w('console.rules')), o.rules.length ? table([w('console.rule'), w('console.count')], o.rules.map((r) => [r.rule, number(r.count)])) : h('p', { class: 'quiet' }, w('console.none'))),
    ask(),
    h('section', { class: 'card' }, h('h2', {}, w('console.checkpoint')), h('pre', { tabindex: 0 }, o.checkpoint), h('p', {}, h('a', { href: '/ledger/checkpoint' }, '/ledger/checkpoint'))));
}
