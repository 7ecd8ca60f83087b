// A child below the limit asks a grown-up. Short words, a picture, nothing to hurry.
import { post } from '../api.js';
import type { GuardianInviteAnswer } from '../api.gen.js';
import { when } from '../api.js';
import { field, h, replace, s } from '../dom.js';
import { form, page } from '../ui.js';
import { day, w } from '../words.js';
import { deleteAccount } from './delete.js';

/** A letter going from a small figure to a tall one. */
function picture(): SVGElement {
  return s('svg', { viewBox: '0 0 128 96', class: 'picture', 'aria-hidden': 'true' },
    s('g', { fill: 'none', stroke: 'currentColor', 'stroke-width': 3, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' },
      s('circle', { cx: 22, cy: 52, r: 8 }), s('path', { d: 'M10 84c0-12 5-19 12-19s12 7 12 19' }),
      s('circle', { cx: 104, cy: 30, r: 11 }), s('path', { d: 'M86 84c0-24 7-38 18-38s18 14 18 38' }),
      s('path', { d: 'M48 42h28v20H48zM48 42l14 11 14-11' }), s('path', { d: 'M40 30c8-10 34-12 42-4M82 26l-1-9M82 26l-9 1' })));
}

export async function askGuardian(): Promise<HTMLElement> {
  const mail = h('input', { name: 'mail', type: 'email', autocomplete: 'off', required: true });
  const box = h('div', { class: 'card' });
  replace(box, picture(), form(async () => {
    const r = await post<GuardianInviteAnswer>('/api/guardian/invite', { mail: mail.value.trim() });
    const until = when(r.expires_at);
    replace(box, picture(), h('div', { role: 'status' }, h('h2', { tabindex: -1 }, w('child.sent'))), h('p', {}, w('child.sent.text', { day: until ? day(until) : '' })));
  }, field(w('child.mail'), mail), h('button', { class: 'primary' }, w('child.send'))));
  return page(w('child.title'), w('child.text'), box, h('details', {}, h('summary', {}, w('child.leave')), deleteAccount()));
}
