// Facts as a flat record with nothing absent, the way Ward's engine holds them once settled
// (docs/LAW.md section 4). Done before the clock starts, for both engines.

export function readVocabulary(text) {
  const table = {};
  for (const line of text.split('\n')) {
    if (line === '' || line[0] === '#') continue;
    const [name, type, absent] = line.split('|').map((part) => part.trim());
    table[name] = { type, absent };
  }
  table['consent.age'] = { type: 'int(0..130)', absent: 'child' };
  return table;
}

function flatten(facts) {
  const flat = {};
  for (const [key, value] of Object.entries(facts)) {
    if (value === null) continue;
    if (typeof value !== 'object') flat[key] = value;
    else for (const [k, v] of Object.entries(value)) if (v !== null) flat[`${key}.${k}`] = v;
  }
  return flat;
}

const pad = (n, digits) => String(n).padStart(digits, '0');

// The calendar date of a time at its own offset: the first ten characters say it.
const dateOf = (time) => time.slice(0, 10);

// Completed years; 29 February has its birthday on 1 March in other years.
function yearsBetween(birth, on) {
  const [by, bm, bd] = birth.split('-').map(Number);
  const [y, m, d] = on.split('-').map(Number);
  return y - by - (m < bm || (m === bm && d < bd) ? 1 : 0);
}

function bornYearsBefore(date, years) {
  const [y, m, d] = date.split('-').map(Number);
  const leap = (n) => (n % 4 === 0 && n % 100 !== 0) || n % 400 === 0;
  const born = y - years;
  return m === 2 && d === 29 && !leap(born) ? `${pad(born, 4)}-03-01`
    : `${pad(born, 4)}-${pad(m, 2)}-${pad(d, 2)}`;
}

function settleAges(flat, today) {
  const birth = flat['subject.birth_date'];
  let age = flat['subject.age'] ?? -1;
  if (flat['subject.age_source'] === 'none') age = -1;
  else if (birth !== undefined) age = yearsBetween(birth, today);
  const known = flat['subject.age_source'] !== 'none' && birth !== undefined;
  const consentDay = dateOf(flat['consent.at']);
  const consentAge = age < 0 ? -1
    : Math.max(0, yearsBetween(known ? birth : bornYearsBefore(today, age), consentDay));
  return { 'subject.age': age, 'consent.age': consentAge };
}

function absentValue({ type, absent }) {
  if (absent.startsWith('=')) {
    const word = absent.slice(1);
    return type === 'bool' ? word === 'true' : word;
  }
  return type === 'bool' ? false : type.startsWith('int') ? -1 : '';
}

// The record, and the date that the law is read at.
export function settle(vocabulary, facts, now) {
  const flat = flatten(facts);
  const groups = new Set(Object.keys(flat).filter((k) => k.includes('.')).map((k) => k.split('.')[0]));
  flat.at ??= now;
  const today = dateOf(flat.at);
  if (flat['consent.at'] === undefined) flat['consent.at'] = flat.at;
  else if (Date.parse(flat['consent.at']) > Date.parse(flat.at)) flat['consent.state'] = 'none';
  if (flat['subject.country'] === undefined && flat['subject.region'] !== undefined) {
    flat['subject.country'] = flat['subject.region'].slice(0, 2);
  }
  Object.assign(flat, settleAges(flat, today));
  const record = {};
  for (const [name, info] of Object.entries(vocabulary)) {
    let value = flat[name] ?? absentValue(info);
    if (info.type === 'language') value = value.split('-')[0].toLowerCase();
    record[name.replaceAll('.', '_')] = value;
  }
  for (const name of Object.keys(vocabulary).filter((n) => n.includes('.'))) {
    const group = name.split('.')[0];
    record[`${group}_present`] = groups.has(group);
  }
  return { record, today };
}
