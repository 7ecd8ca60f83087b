// Facts: their table, their checking, and what docs/LAW.md, section 4, makes of them.
import fs from 'node:fs';

const COUNTRIES = new Set(('AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ '
  + 'CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY '
  + 'HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ '
  + 'NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ '
  + 'TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW').split(' '));

export class FactError extends Error {
  constructor(code, fact) { super(`${code} ${fact}`); this.code = code; this.fact = fact; }
}

/** The rows of law/vocabulary.txt. */
export function readVocabulary(file) {
  const rows = new Map();
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    if (!line.trim() || line.startsWith('#')) continue;
    const [name, type, absent] = line.split('|').map((x) => x.trim());
    rows.set(name, { name, type, absent, group: name.split('.')[0], values: /^enum\((.*)\)$/.exec(type)?.[1].split(',').map((x) => x.trim()) });
  }
  // Settled facts are a list; `number` says where in it a fact stands.
  rows.number = {};
  rows.template = [];
  const add = (name, value) => { rows.number[name] = rows.template.push(value) - 1; };
  for (const name of ['today', 'consent.age']) add(name, undefined);
  for (const group of ['record', 'recipient', 'actor']) add(`${group} present`, false);
  for (const r of rows.values()) add(r.name, !r.absent.startsWith('=') ? undefined : r.type === 'bool' ? r.absent === '=true' : r.absent.slice(1));
  return rows;
}

const two = (n) => String(n).padStart(2, '0');
const leap = (y) => (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0;

function isDate(s) {
  const m = /^(\d{4})-(\d\d)-(\d\d)$/.exec(s);
  if (!m) return false;
  const [y, mo, d] = m.slice(1).map(Number);
  const days = [31, leap(y) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return y >= 1 && mo >= 1 && mo <= 12 && d >= 1 && d <= days[mo - 1];
}

const times = new Map();

/** The moment in milliseconds, and the calendar date at its own offset; null when malformed. */
function readTime(s) {
  if (!times.has(s)) times.set(s, parseTime(s));
  return times.get(s);
}

function parseTime(s) {
  const m = /^(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/.exec(s);
  if (!m || !isDate(m[1]) || +m[2] > 23 || +m[3] > 59 || +m[4] > 60) return null;
  const z = m[6];
  const offset = /z/i.test(z) ? 0 : (z[0] === '-' ? -1 : 1) * (+z.slice(1, 3) * 60 + +z.slice(4));
  if (Math.abs(offset) >= 24 * 60 || (!/z/i.test(z) && (+z.slice(1, 3) > 23 || +z.slice(4) > 59))) return null;
  const [y, mo, d] = m[1].split('-').map(Number);
  const utc = new Date(0);
  utc.setUTCFullYear(y, mo - 1, d);
  utc.setUTCHours(+m[2], +m[3], Math.min(59, +m[4]));
  return { ms: utc.getTime() - offset * 60000 + Number(`0.${m[5] ?? 0}`) * 1000, date: m[1] };
}

/** The same day `n` years earlier or later; 29 February becomes 1 March. */
function addYears(date, n) {
  const [y, m, d] = date.split('-').map(Number);
  const year = y + n;
  return m === 2 && d === 29 && !leap(year) ? `${String(year).padStart(4, '0')}-03-01` : `${String(year).padStart(4, '0')}-${two(m)}-${two(d)}`;
}

/** Completed years. */
function age(birth, on) {
  const years = Number(on.slice(0, 4)) - Number(birth.slice(0, 4));
  return addYears(birth, years) > on ? years - 1 : years;
}

/** ISO 3166-2; by name in the countries of which a region has a law of its own. */
const REGIONS = {
  CA: 'AB BC MB NB NL NS NT NU ON PE QC SK YT',
  US: 'AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT NC ND NE NH NJ NM NV NY OH OK OR PA PR RI SC SD TN TX UM UT VA VI VT WA WI WV WY',
};

function isRegion(v) {
  if (!/^[A-Z]{2}-[A-Z0-9]{1,3}$/.test(v)) return false;
  const [country, region] = v.split('-');
  return COUNTRIES.has(country) && (!REGIONS[country] || REGIONS[country].split(' ').includes(region));
}

function checkValue(row, v) {
  const bad = (code) => { throw new FactError(code, row.name); };
  if (row.type === 'bool') return typeof v === 'boolean' ? v : bad('FACT_TYPE');
  if (row.type.startsWith('int')) {
    if (typeof v !== 'number' || !Number.isInteger(v)) bad('FACT_TYPE');
    return v < 0 || v > 130 ? bad('FACT_VALUE') : v;
  }
  if (typeof v !== 'string') bad('FACT_TYPE');
  if (row.values) return row.values.includes(v) ? v : bad('FACT_VALUE');
  if (row.type === 'country') return COUNTRIES.has(v) ? v : bad('FACT_VALUE');
  if (row.type === 'region') return isRegion(v) ? v : bad('FACT_VALUE');
  if (row.type === 'language') return /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(v) ? v : bad('FACT_VALUE');
  if (row.type === 'date') return isDate(v) ? v : bad('FACT_VALUE');
  if (row.type === 'time') return readTime(v) ? v : bad('FACT_VALUE');
  return v.length > 0 ? v : bad('FACT_VALUE');
}

/** {a: {b: 1}} to {'a.b': 1}; null is absent. */
export function flatten(vocabulary, object, prefix = '', out = {}) {
  for (const [k, v] of Object.entries(object)) {
    const name = prefix + k;
    if (v === null) {
      if (!vocabulary.has(name) && ![...vocabulary.keys()].some((n) => n.startsWith(`${name}.`))) throw new FactError('FACT_UNKNOWN', name);
    } else if (vocabulary.has(name)) out[name] = checkValue(vocabulary.get(name), v);
    else if ([...vocabulary.keys()].some((n) => n.startsWith(`${name}.`))) {
      if (typeof v !== 'object' || Array.isArray(v)) throw new FactError('FACT_TYPE', name);
      flatten(vocabulary, v, `${name}.`, out);
    } else throw new FactError('FACT_UNKNOWN', name);
  }
  return out;
}

/** Section 4: what the rules read. `given` holds only facts that are there. */
export function settle(vocabulary, given, now) {
  const n = vocabulary.number;
  const f = vocabulary.template.slice();
  for (const name in given) {
    f[n[name]] = given[name];
    const { group } = vocabulary.get(name);
    if (group === 'record' || group === 'recipient' || group === 'actor') f[n[`${group} present`]] = true;
  }
  for (const name of ['operation', 'purpose.id', 'category.id']) if (f[n[name]] === undefined) throw new FactError('FACT_MISSING', name);
  if (f[n.operation] === 'disclose' && !f[n['recipient present']]) throw new FactError('FACT_MISSING', 'recipient.id');
  const at = readTime(f[n.at] ?? now);
  f[n.today] = at.date;

  const birth = f[n['subject.birth_date']];
  const known = f[n['subject.age_source']] !== 'none'; // absent, it is `declared`
  if (birth !== undefined && (birth > f[n.today] || age(birth, f[n.today]) > 130)) throw new FactError('FACT_VALUE', 'subject.birth_date');
  f[n['subject.age']] = !known ? undefined : birth !== undefined ? age(birth, f[n.today]) : f[n['subject.age']];

  if (f[n['subject.region']] !== undefined) {
    const country = f[n['subject.region']].slice(0, 2);
    f[n['subject.country']] ??= country;
    if (f[n['subject.country']] !== country) throw new FactError('FACT_CONTRADICTS', 'subject.region');
  }

  const consentAt = f[n['consent.at']] === undefined ? at : readTime(f[n['consent.at']]);
  if (consentAt.ms > at.ms) f[n['consent.state']] = 'none';
  const born = !known ? undefined : birth ?? (f[n['subject.age']] === undefined ? undefined : addYears(f[n.today], -f[n['subject.age']]));
  f[n['consent.age']] = born === undefined ? undefined : Math.max(0, age(born, consentAt.date));

  return f;
}
