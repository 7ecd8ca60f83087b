// The curious neighbour: has everything that a real service published, at every moment, and a list of
// everybody with all that is known about them, receipts of the talkative included. Tries to find
// anybody in it who did not hand out a receipt, and to tell leaves of one person from those of others.
// Prints one line per check, exits 1 if any fails.
import { spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ask, Browser, build, root, start, stop, until } from '../support/service.mjs';

let bad = 0;
function check(name, ok, detail = '') {
  console.log(`${ok ? 'ok' : 'not ok'} ${name}${ok || detail === '' ? '' : `: ${detail}`}`);
  if (!ok) bad++;
}

// --- what happens in the street ---

const password = 'amber canal willow 7';
const service = await start();
process.on('uncaughtExceptionMonitor', () => service.child.kill('SIGTERM'));
const ledger = join(service.var, 'ledger/log');
const published = []; // every checkpoint that was seen
const see = () => {
  const note = readFileSync(join(ledger, 'checkpoint'), 'utf8');
  if (note !== published.at(-1)) published.push(note);
};
const sizeNow = () => Number(published.at(-1).split('\n')[1]);
const watching = setInterval(() => { try { see(); } catch { /* not yet */ } }, 20);

const street = [
  ['wilhelmina', '1988-02-29'], ['bartholomeus', '1990-05-14'], ['cornelia', '1990-05-14'], ['diederik', '1975-11-30'],
  ['engelbert', '2001-07-07'], ['josephine', '1984-09-02'],
].map(([name, birth]) => ({ name, birth, mail: `${name}@example.org` }));
const child = { name: 'little-sem', birth: `${new Date().getUTCFullYear() - 12}-01-15`, mail: 'little-sem@example.org' };
const olga = { name: 'olga-the-operator', birth: '1980-01-01', mail: 'olga@example.org' };
const everybody = [...street, child, olga];
const by = (name) => everybody.find((p) => p.name === name);
const answers = new Map(); // what the service said to each, for the neighbour's list

async function must(r, status = 200) {
  const got = await r;
  if (got.status !== status) throw new Error(`${got.status} instead of ${status}: ${got.body}`);
  return got;
}

async function joins(p, audience = 'adult') {
  p.browser = new Browser(service);
  const notice = await must(p.browser.get(`/api/notice?language=en&audience=${audience}`));
  await must(p.browser.post('/api/join', {
    name: p.name, mail: p.mail, password, birth_date: p.birth, country: 'NL', region: '', language: 'en', notice: notice.json.version,
  }));
}

async function says(p, purpose, state, status = 200) {
  const me = await must(p.browser.get('/api/me'));
  await must(p.browser.post('/api/consents', { purpose, state, notice: me.json.notice }), status);
}

const captions = ['the lighthouse of Marken', 'my secret garden path'];
const clips = [];
async function shares(p, caption) {
  const file = join(service.dir, 'clip.mp4');
  spawnSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=180x320:rate=15', '-t', '1', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', file]);
  const bytes = readFileSync(file);
  const { clip } = (await must(p.browser.post('/api/clips', { caption, audience: 'everyone', size_bytes: bytes.length }))).json;
  await must(ask(service, 'PUT', `/api/clips/${clip}/bytes`, { body: bytes, cookie: p.browser.cookie, headers: { 'Content-Type': 'application/octet-stream' } }));
  await must(p.browser.post(`/api/clips/${clip}/finish`));
  await until('the studio', 120000, async () => (await p.browser.get(`/api/clips/${clip}`)).json.clip.state === 'ready');
  clips.push({ id: clip, owner: p });
  return clip;
}

for (const p of street) await joins(p);
spawnSync(join(build, 'src/cli/ward'), ['operator', '--name', olga.name, '--company', 'Ward', '--country', 'NL', '--var', service.var], { cwd: root, input: `${password}\n` });
olga.browser = new Browser(service);
await must(olga.browser.post('/api/login', { name: olga.name, password }));

// A child comes, is refused, and gets a guardian.
await joins(child, 'child');
const refusedChild = await child.browser.post('/api/consents', { purpose: 'ads-personalised', state: 'given', notice: (await child.browser.get('/api/me')).json.notice });
check('the child was refused', refusedChild.status === 403, `${refusedChild.status} ${refusedChild.body}`);
await must(child.browser.post('/api/guardian/invite', { mail: by('josephine').mail }));
const outbox = join(service.var, 'outbox');
const token = await until('the mail', 5000, () => readdirSync(outbox).map((f) => /\/guardian\/([A-Za-z0-9_-]+)/.exec(readFileSync(join(outbox, f), 'utf8').replace(/=\r?\n/g, ''))?.[1]).find(Boolean));
child.id = (await must(by('josephine').browser.post(`/api/guardian/${token}`, { signed_name: 'Josephine de Vries', declares: true, decisions: [{ purpose: 'keep-history', state: 'refused' }] }))).json.child;

for (const p of street) await says(p, 'keep-history', p.name === 'diederik' ? 'refused' : 'given');
const first = await shares(by('wilhelmina'), captions[0]);
const second = await shares(by('bartholomeus'), captions[1]);
for (const p of street.slice(1)) {
  await must(p.browser.get(`/media/${first}/small`));
  await p.browser.post(`/api/clips/${first}/watched`, { watched_ms: 900 });
  await p.browser.post(`/api/clips/${first}/like`, { on: true });
}
await must(by('bartholomeus').browser.post(`/api/clips/${second}/audience`, { audience: 'me' }));

/** The kinds of all leaves that come of f; what is gathered is written when the service stops. */
async function leavesOf(f) {
  const again = async () => {
    await stop(service, { keep: true });
    see();
    Object.assign(service, await start({ dir: service.dir }));
  };
  await again();
  const from = sizeNow();
  await f();
  await again();
  return [from, sizeNow()];
}
await must(by('cornelia').browser.get(`/media/${second}/small`), 404);
const isRefused = (p) => leavesOf(async () => {
  await must(p.browser.get('/api/me'));
  await must(p.browser.post(`/api/clips/${first}/watched`, { watched_ms: 900 }), 403);
});
const refusals = [await isRefused(child), await isRefused(by('diederik'))]; // both said no, or had it said
await olga.browser.post('/api/console/read', { name: 'cornelia', category: 'watch-history', purpose: 'ads-personalised' });
await says(by('bartholomeus'), 'keep-history', 'withdrawn');
await by('engelbert').browser.post('/api/objections', { purpose: 'ads-contextual', on: true });

/** [index, leaf, openings] of each receipt that one hands out. */
function openReceipt(text) {
  const extra = Buffer.from(/^extra (.*)$/m.exec(text)[1], 'base64');
  const openings = [];
  for (let i = 0, at = 72; i < extra[71]; i++) {
    const o = extra.subarray(at + 4, at + 4 + extra.readUInt32BE(at));
    at += 4 + o.length;
    const from = 43 + 32 * o[42];
    openings.push({ salt: o.subarray(2, 34), path: o.subarray(43, from), content: o.subarray(from + 2, from + 2 + o.readUInt16BE(from)) });
  }
  return { index: Number(/^index (\d+)$/m.exec(text)[1]), leaf: extra.subarray(1, 71), openings };
}
async function handsOut(p) {
  const all = [];
  for (const { index } of (await must(p.browser.get('/api/receipts'))).json.entries) {
    const r = await p.browser.get(`/api/receipts/${index}`);
    if (r.status === 200) all.push(openReceipt(r.json.receipt));
  }
  return all;
}
await new Promise((r) => setTimeout(r, 1500)); // what happened is published
const talkative = [by('wilhelmina'), by('josephine')];
for (const p of talkative) p.receipts = await handsOut(p);
check('the talkative have receipts', talkative.every((p) => p.receipts.length >= 2), talkative.map((p) => p.receipts.length).join());
for (const p of everybody) answers.set(p.name, (await p.browser.get('/api/me')).body);
const before = sizeNow();
const erasure = (await must(by('wilhelmina').browser.post('/api/account/erase', { password }))).json;
const erased = openReceipt(erasure.receipt);
for (const p of [by('cornelia'), by('diederik'), child, by('josephine')]) await must(p.browser.post('/api/account/erase', { password })); // whose receipts stay at home
const info = (await must(ask(service, 'GET', '/api/service'))).json;
await stop(service, { keep: true });
clearInterval(watching);
see();

// --- what the neighbour has ---

const kinds = new Map([...readFileSync(join(root, 'src/ledger/include/ledger/kinds.def'), 'utf8').matchAll(/^LEAF_KIND\(\w+, (\d+), "([^"]+)"/gm)].map((m) => [Number(m[1]), m[2]]));
const size = sizeNow();
const leaves = [];
for (const file of readdirSync(join(ledger, 'tile/entries'), { recursive: true }).filter((f) => /(^|\/)(\d{3}|\d{1,3})$/.test(f)).sort()) {
  const at = Number(/(\d{3})/.exec(file)[1]) * 256;
  let bundle;
  try { bundle = readFileSync(join(ledger, 'tile/entries', file)); } catch { continue; } // a directory
  for (let i = 0, from = 0; from < bundle.length; i++, from += 2 + bundle.readUInt16BE(from)) leaves[at + i] = bundle.subarray(from + 2, from + 2 + bundle.readUInt16BE(from));
}
const files = readdirSync(ledger, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => readFileSync(join(f.parentPath ?? f.path, f.name)));
const texts = published.join('\n');
const decoded = [...texts.matchAll(/[A-Za-z0-9+/]{40,}=*/g)].map((m) => Buffer.from(m[0], 'base64'));
const everything = [...files, Buffer.from(texts), ...decoded];
rmSync(service.dir, { recursive: true, force: true });

const named = (index) => kinds.get(leaves[index][1]);
const count = {};
leaves.forEach((_, i) => { count[named(i)] = (count[named(i)] ?? 0) + 1; });
console.log(`# ${size} leaves: ${Object.entries(count).map(([k, n]) => `${n} ${k}`).join(', ')}; ${published.length} checkpoints`);
for (const kind of ['join', 'consent', 'consent-refused', 'withdrawal', 'guardian-link', 'denial-batch', 'read-batch', 'erasure-intent', 'erasure-done', 'publish']) {
  check(`there is a ${kind}`, count[kind] > 0);
}
check('all leaves are there', leaves.length === size && !leaves.includes(undefined));

// --- what the neighbour knows ---

const be = (n, bytes) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b.subarray(8 - bytes); };
const le = (n, bytes) => Buffer.from(be(n, bytes)).reverse();
function* numbers(n) {
  yield Buffer.from(String(n));
  for (const bytes of [1, 2, 4, 8]) if (n >= 0 && n < 2 ** (8 * bytes)) { yield be(n, bytes); yield le(n, bytes); }
}
const known = new Map(); // by bytes, so that each is tried once
const know = (what, bytes) => known.set(Buffer.from(bytes).toString('latin1'), what);
for (const p of everybody) {
  for (const text of [p.name, p.mail, p.birth, p.birth.replaceAll('-', ''), p.name.toUpperCase(), p.mail.split('@')[0], `${p.name}:${p.birth}`, `${p.name}|${p.mail}`, `${p.name}${p.mail}`, `${p.mail}${p.birth}`, `${p.name}${password}`]) know(`${p.name}'s text`, text);
  for (const b of numbers(Math.floor(Date.parse(p.birth) / 86400000))) know(`${p.name}'s birth day`, b);
  know(`${p.name}'s answers`, answers.get(p.name));
}
for (const text of [password, ...captions, 'Josephine de Vries', token, 'NL', 'en', 'example.org']) know('a text', text);
for (let n = 0; n <= 24; n++) for (const b of numbers(n)) know(`number ${n}`, b); // of accounts, clips, records
for (const c of clips) for (const b of numbers(c.id)) know(`clip ${c.id}`, b);
for (const id of [child.id]) for (const b of numbers(id)) know('the child', b);
for (const text of [...readFileSync(join(root, 'datamap/clips.map'), 'utf8').matchAll(/^(?:purpose|category) +([a-z-]+)/gm)].map((m) => m[1])) know(text, text);
for (const text of ['permit', 'deny', 'given', 'refused', 'withdrawn', 'self', 'guardian', 'erase', 'child', 'adult', '12']) know(text, text);
// Contents as docs/FORMATS.md gives them: whole ones from receipts, about anybody else; and short ones.
const field = (code, bytes) => Buffer.concat([Buffer.from([code]), be(bytes.length, 2), bytes]);
const contents = [];
const receipts = [...talkative.flatMap((p) => p.receipts), erased];
for (const o of receipts.flatMap((r) => r.openings)) {
  contents.push(o.content);
  if (o.content[0] === 1) for (let n = 1; n <= 16; n++) contents.push(Buffer.concat([o.content.subarray(0, 3), be(n, 8), o.content.subarray(11)]));
}
for (let n = 1; n <= 16; n++) {
  const subject = field(1, be(n, 8));
  contents.push(subject, Buffer.concat([subject, field(2, be(n, 8))]), Buffer.concat([subject, field(8, Buffer.from('deny'))]), Buffer.concat([subject, field(8, Buffer.from('done'))]));
}

// --- BLAKE2b-256, keyed as Ward does it: keyed(key, label, text) ---

const IV = [0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n, 0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n];
const SIGMA = ['0123456789abcdef', 'ea489fd61c02b753', 'b8c052fdae367194', '7931dcbe265a40f8', '905724afe1bc683d', '2c6a0b834d75fe19', 'c51fed4a0763928b', 'db7ec13950f4862a', '6fe9b308c2d714a5', 'a2847615fb9e3cd0']
  .map((row) => [...row].map((c) => parseInt(c, 16)));
const u64 = (n) => BigInt.asUintN(64, n);
const turn = (n, by) => u64((n >> by) | (n << (64n - by)));
function blake2b(length, key, text) {
  const h = [...IV];
  h[0] ^= 0x01010000n ^ BigInt(key.length << 8) ^ BigInt(length);
  const all = key.length > 0 ? Buffer.concat([key, Buffer.alloc(128 - key.length), text]) : text;
  const blocks = Math.max(1, Math.ceil(all.length / 128));
  for (let b = 0; b < blocks; b++) {
    const block = Buffer.alloc(128);
    all.copy(block, 0, 128 * b, 128 * b + 128);
    const m = Array.from({ length: 16 }, (_, i) => block.readBigUInt64LE(8 * i));
    const v = [...h, ...IV];
    v[12] ^= BigInt(Math.min(all.length, 128 * (b + 1)));
    if (b === blocks - 1) v[14] = u64(~v[14]);
    const mix = (i, j, k, l, x, y) => {
      v[i] = u64(v[i] + v[j] + x); v[l] = turn(v[l] ^ v[i], 32n); v[k] = u64(v[k] + v[l]); v[j] = turn(v[j] ^ v[k], 24n);
      v[i] = u64(v[i] + v[j] + y); v[l] = turn(v[l] ^ v[i], 16n); v[k] = u64(v[k] + v[l]); v[j] = turn(v[j] ^ v[k], 63n);
    };
    for (let r = 0; r < 12; r++) {
      const g = SIGMA[r % 10].map((n) => m[n]);
      for (let i = 0; i < 4; i++) mix(i, 4 + i, 8 + i, 12 + i, g[2 * i], g[2 * i + 1]);
      for (let i = 0; i < 4; i++) mix(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, g[8 + 2 * i], g[9 + 2 * i]);
    }
    for (let i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
  }
  const out = Buffer.alloc(64);
  h.forEach((n, i) => out.writeBigUInt64LE(n, 8 * i));
  return out.subarray(0, length);
}
check('our BLAKE2b is BLAKE2b', [0, 3, 128, 300].every((n) => blake2b(64, Buffer.alloc(0), Buffer.alloc(n, 'x')).equals(createHash('blake2b512').update(Buffer.alloc(n, 'x')).digest())));
const keyed = (key, label, text) => blake2b(32, key, Buffer.concat([Buffer.from([label.length]), Buffer.from(label), text]));
const labels = [...new Set([...readFileSync(join(root, 'docs/FORMATS.md'), 'utf8').matchAll(/`(ward [a-z ]+v\d)`/g)].map((m) => m[1]))];

// --- looking for it ---

const WINDOW = 8; // eight bytes that meet by chance: one in 10^13 for all that is tried here

/** Every eight bytes of each group of buffers, with the groups in which they stand, a bit for each. */
function windowsOf(groups) {
  const map = new Map();
  groups.forEach((buffers, g) => {
    for (const b of buffers) {
      const text = b.toString('latin1');
      for (let at = 0; at + WINDOW <= text.length; at++) map.set(text.slice(at, at + WINDOW), (map.get(text.slice(at, at + WINDOW)) ?? 0) | (1 << g));
    }
  });
  return map;
}

/** In which groups something of it stands: all of it, its beginning, its end, or one of its words. */
function where(there, text) {
  if (text.length < WINDOW) return 0;
  let groups = there.get(text.slice(-WINDOW)) ?? 0;
  for (let at = 0; at + WINDOW <= text.length; at += WINDOW) groups |= there.get(text.slice(at, at + WINDOW)) ?? 0;
  return groups;
}

const NO_SALT = Buffer.alloc(32);
/** Every value, as it stands and hashed in every way that needs no secret. */
function* guesses() {
  const zero = Buffer.from([0]);
  for (const [what, v, isContent] of [...[...known].map(([text, w]) => [w, Buffer.from(text, 'latin1'), false]), ...contents.map((c) => ['a content', c, true])]) {
    yield [what, 'as it stands', v];
    for (const algorithm of ['sha256', 'sha512', 'sha1', 'md5', 'sha3-256', 'blake2s256']) yield [what, algorithm, createHash(algorithm).update(v).digest()];
    yield [what, 'sha256 twice', createHash('sha256').update(createHash('sha256').update(v).digest()).digest()];
    yield [what, 'a leaf of a tree', createHash('sha256').update(zero).update(v).digest()];
    yield [what, 'BLAKE2b-256', blake2b(32, Buffer.alloc(0), v)];
    for (const label of labels) yield [what, `keyed with nothing, ${label}`, keyed(NO_SALT, label, v)];
    for (const salt of salts) {
      yield [what, 'a commitment', createHash('sha256').update(zero).update(salt).update(v).digest()];
      yield [what, 'salted', createHash('sha256').update(salt).update(v).digest()];
    }
    for (const key of isContent ? salts : keys) yield [what, 'HMAC', createHmac('sha256', key).update(v).digest()];
  }
}

/** What of all that is guessed stands in each group of buffers, raw, in hexadecimal or in base64. */
function search(groups) {
  const there = windowsOf(groups);
  const hits = groups.map(() => []);
  let tried = 0;
  for (const [what, how, bytes] of guesses()) {
    tried++;
    let found = where(there, bytes.toString('latin1'));
    if (how !== 'HMAC') found |= where(there, bytes.toString('hex')) | where(there, bytes.toString('base64'));
    for (let g = 0; found !== 0 && g < groups.length; g++) if (found & (1 << g)) hits[g].push(`${what} (${how})`);
  }
  return { hits, tried };
}

// What was handed out opens its own leaf and no other; its salts help with nobody else.
const salts = [NO_SALT, ...new Set(receipts.flatMap((r) => r.openings.map((o) => o.salt)))];
const own = new Set(receipts.map((r) => r.index));
check('receipts are of leaves that stand there', receipts.every((r) => leaves[r.index]?.equals(r.leaf)));
check('no salt twice', new Set(salts.map((s) => s.toString('hex'))).size === salts.length);
const others = leaves.filter((_, i) => !own.has(i));
check('there are others', others.length > 20, `${others.length}`);

const keys = [...[...known.keys()].map((k) => Buffer.from(k, 'latin1')), Buffer.alloc(0), Buffer.from(info.ledger_key), Buffer.from(texts.split('\n')[0]),
  ...[...labels, 'mail', 'name', 'subject', 'erasure', 'salt'].map((k) => Buffer.from(k)), ...salts];

// --- and a log in which there would be something to find ---

const salt = salts.at(-1);
const planted = {
  'a mail address': createHash('sha256').update('cornelia@example.org').digest(),
  'a number': createHash('sha256').update(be(3, 8)).digest(),
  'a name under a date': createHmac('sha256', '1990-05-14').update('cornelia').digest(),
  'a part of a hash': Buffer.concat([createHash('sha256').update('bartholomeus').digest().subarray(0, 16), Buffer.alloc(16, 7)]),
  'a tag without its secret': keyed(NO_SALT, 'ward token v1', Buffer.from('diederik@example.org')),
  'a content without a salt': createHash('sha256').update(Buffer.from([0])).update(field(1, be(5, 8))).digest(),
  'a content under a salt of another': createHash('sha256').update(Buffer.from([0])).update(salt).update(field(1, be(5, 8))).digest(),
  'a name': Buffer.from('little-sem'.padEnd(32, '.')),
  'a digest in letters': Buffer.from(createHash('md5').update('little-sem').digest('hex')),
};
const plants = Object.entries(planted).map(([what, bytes]) => {
  const leaf = Buffer.alloc(70, 1);
  bytes.copy(leaf, 6, 0, 32);
  return [what, leaf];
});

// The talkative's own leaves are left out: there the truth opens what it should.
const strangers = [...others, ...decoded, Buffer.from(texts.replaceAll(info.ledger_key.split('+')[0], ''))];
const { hits, tried } = search([strangers, ...plants.map(([, leaf]) => [leaf])]);
check(`nobody is found by ${tried} guesses`, hits[0].length === 0, hits[0].slice(0, 5).join('; '));
plants.forEach(([what], i) => check(`would notice ${what}`, hits[i + 1].length > 0));
const there = windowsOf([everything]);
const plain = [...known].filter(([text]) => text.length >= WINDOW && /[^\0]{8}/.test(text) && where(there, text) !== 0);
check('no value stands in any published file', plain.length === 0, plain.slice(0, 5).map(([, what]) => what).join('; '));

// --- telling leaves apart ---

/** What two leaves share besides version, kind and hour. */
function alike(all) {
  const seen = new Map();
  const pairs = [];
  all.forEach((leaf, i) => {
    const text = leaf.subarray(6).toString('latin1');
    const parts = new Set();
    for (let at = 0; at + WINDOW <= text.length; at++) parts.add(text.slice(at, at + WINDOW));
    const difference = Buffer.from(leaf.subarray(6, 38).map((b, k) => b ^ leaf[38 + k])).toString('latin1');
    for (let at = 0; at + WINDOW <= 32; at += WINDOW) parts.add(`x${difference.slice(at, at + WINDOW)}`);
    for (const part of parts) {
      if (seen.has(part)) pairs.push([seen.get(part), i]);
      seen.set(part, i);
    }
  });
  return pairs;
}
const pairs = alike(leaves);
check('no two leaves have anything in common', pairs.length === 0, JSON.stringify(pairs.slice(0, 5)));
const twice = Buffer.from(leaves[5]);
leaves[2].copy(twice, 50, 12, 20);
check('would notice leaves that have', alike([...leaves.slice(0, 5), twice]).length > 0);
check('both halves of a leaf differ', leaves.every((l) => !l.subarray(6, 38).equals(l.subarray(38))));

const lengths = new Set(leaves.map((l) => l.length));
check('all leaves have one length', lengths.size === 1 && lengths.has(70), [...lengths].join());
const hours = leaves.map((l) => l.readUInt32BE(2));
const now = Math.floor(Date.now() / 3600000);
check('a leaf tells a version, a kind that is known and the hour, no more', leaves.every((l) => l[0] === 1 && kinds.has(l[1])) && hours.every((h) => h === now || h === now - 1));
const ones = leaves.reduce((n, l) => n + l.subarray(6).reduce((m, b) => m + [...b.toString(2)].filter((c) => c === '1').length, 0), 0);
const fair = leaves.length * 256;
check('the rest looks like chance', Math.abs(ones - fair) < 6 * Math.sqrt(leaves.length * 128), `${ones} of ${fair}`);

// Five were erased: one with a clip that five liked, one with likes and a history, one who said no to all, a
// child with a guardian, and that guardian. What the log shows of each is the same, wherever it shows it.
const after = leaves.slice(before).map((_, i) => named(before + i));
const erasures = after.filter((k) => k === 'erasure-intent').length;
const per = after.join(' ').split('erasure-intent').slice(1).map((part) => part.trim().split(' ').filter((k) => !/-batch$/.test(k)).join(' '));
check('five erasures', erasures === 5, after.join(' '));
console.log(`# of the erased: ${per.join(' | ')}`);
check('the erasure of a child and of an adult, of who shared and who did not, look the same', new Set(per).size === 1, per.join(' | '));
const told = refusals.map(([from, to]) => leaves.slice(from, to).map((_, i) => named(from + i)).sort().join(' '));
console.log(`# of the refused: ${told.join(' | ')}`);
check('a child who is refused looks like an adult who is', told[0].includes('denial-batch') && told[0] === told[1], told.join(' | '));

console.log(bad === 0 ? 'ok all of it' : `not ok ${bad} of it`);
process.exit(bad === 0 ? 0 : 1);
