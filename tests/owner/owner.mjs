// What the owner of the machine does, in order: accounts, exports, a backup, a request by post, a
// restore. Whom the service forgot stays forgotten when an older backup comes back.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser, build, pause, pids, root, start, stop, until } from '../support/service.mjs';

let passed = 0;
let failed = 0;
async function test(name, f) {
  try {
    await f();
    passed++;
  } catch (e) {
    failed++;
    console.log(`FAILED ${name}: ${e.stack ?? e}`);
  }
}

let service = await start();
const { dir } = service;
const vars = service.var;
const ledger = join(vars, 'ledger/log');
const backup = join(vars, 'backups/first');
const password = 'amber canal willow 7';

/** One subcommand, on this service's directory. */
const ward = (words, options = {}) => {
  const r = spawnSync(join(build, 'src/cli/ward'), words, { cwd: root, maxBuffer: 64 << 20, ...options });
  return { code: r.status, out: r.stdout, said: `${r.stdout}${r.stderr}` };
};
const own = (words, options) => ward([...words, '--var', vars], options);
const leaves = () => Number(readFileSync(join(ledger, 'checkpoint'), 'utf8').split('\n')[1]);

/** Ends as it should, and says what it should. */
function ends(r, code, pattern = /./) {
  assert.equal(r.code, code, r.said);
  assert.match(r.said, pattern);
}

async function joins(name) {
  const browser = new Browser(service);
  const notice = await browser.get('/api/notice?language=en&audience=adult');
  const r = await browser.post('/api/join', {
    name, mail: `${name}@example.org`, password, birth_date: '1990-05-14', country: 'NL', region: '', language: 'en',
    notice: notice.json.version,
  });
  assert.equal(r.status, 200, r.body.toString());
  return browser;
}

async function signsIn(name, secret = password) {
  const browser = new Browser(service);
  return { browser, answer: await browser.post('/api/login', { name, password: secret }) };
}

async function chooses(browser, purpose, state) {
  const me = await browser.get('/api/me');
  const r = await browser.post('/api/consents', { purpose, state, notice: me.json.notice });
  assert.equal(r.status, 200, r.body.toString());
}

async function choice(browser, purpose) {
  const r = await browser.get('/api/consents');
  return r.json.choices.find((c) => c.purpose === purpose).state;
}

/** A clip for everybody, ready to be watched. */
async function shares(browser, film) {
  const { json: { clip } } = await browser.post('/api/clips', { caption: '', audience: 'everyone', size_bytes: film.length });
  await browser.ask('PUT', `/api/clips/${clip}/bytes`, { body: film, headers: { 'Content-Type': 'application/octet-stream' } });
  await browser.post(`/api/clips/${clip}/finish`);
  await until('the clip', 60000, async () => (await browser.get(`/api/clips/${clip}`)).json.clip.state === 'ready');
  return clip;
}

/** What somebody who is not signed in is answered. */
const strangerSees = async (clip) => (await new Browser(service).get(`/api/clips/${clip}`)).status;

let key = '';
let open = 0;
let narrowed = 0;
await test('two people join, and one shares clips', async () => {
  await chooses(await joins('wilhelmina'), 'keep-history', 'given');
  const browser = await joins('bartholomeus');
  await chooses(browser, 'keep-history', 'given');
  const film = join(dir, 'film.mp4');
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=180x320:rate=12', '-t', '1', '-c:v', 'libx264',
    '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', film]);
  open = await shares(browser, readFileSync(film));
  narrowed = await shares(browser, readFileSync(film));
  assert.equal(await strangerSees(narrowed), 200);
  key = (await new Browser(service).get('/api/service')).json.ledger_key;
});

await test('status', () => ends(own(['status']), 0, /the guard serves; the store is in use/));

await test('an operator is made and signs in', async () => {
  const words = ['operator', '--name', 'olga', '--company', 'Ward', '--country', 'NL'];
  ends(own(words, { input: `${password}\n` }), 0, /^$/);
  ends(own(words, { input: `${password}\n` }), 1, /E_NAME_TAKEN/);
  ends(own(['operator', '--name', 'olga'], { input: '\n' }), 2, /--company/);
  const { browser, answer } = await signsIn('olga');
  assert.equal(answer.status, 200, answer.body.toString());
  assert.equal((await browser.get('/api/me')).json.role, 'operator');
});

await test('an export opens and holds what was said', () => {
  const file = join(dir, 'archive.tar');
  const r = own(['export', 'bartholomeus']);
  assert.equal(r.code, 0, r.said);
  writeFileSync(file, r.out);
  const names = spawnSync('tar', ['-tf', file], { encoding: 'utf8' });
  assert.equal(names.status, 0, names.stderr);
  assert.match(names.stdout, /^ward\/data\.jsonl$/m);
  const lines = spawnSync('tar', ['-xOf', file, 'ward/data.jsonl'], { encoding: 'utf8' }).stdout;
  for (const word of ['bartholomeus', 'bartholomeus@example.org', '1990-05-14', 'keep-history']) assert.ok(lines.includes(word), word);
  assert.ok(!lines.includes('wilhelmina'), 'nobody else');
  const keys = new Set(lines.trim().split('\n').map((line) => Object.keys(JSON.parse(line))[0]));
  assert.deepEqual([...keys], ['person', 'consent', 'record', 'entry']);
  ends(own(['export', 'nobody']), 1, /E_NOT_FOUND/);
});

await test('a person of a program is asked for as such', () => {
  const words = ['--name', 'shop', '--company', 'Shop', '--country', 'NL', '--purposes', 'comments'];
  ends(own(['program', ...words]), 0, /^[0-9a-f]{64}\n$/);
  for (const command of ['export', 'erase']) {
    ends(own([command, '--program', 'shop', 'bartholomeus']), 1, /E_NOT_FOUND/);
    ends(own([command, '--program', 'shop', '--person', '1']), 1, /E_NOT_FOUND/);
    ends(own([command, '--program', 'stall', 'bartholomeus']), 1, /E_PROGRAM_UNKNOWN/);
    ends(own([command]), 2, /whom/);
  }
});

await test('an auditor is told what was done, and of nobody', async () => {
  const { browser } = await signsIn('olga');
  const refused = await browser.post('/api/console/read', { name: 'wilhelmina', category: 'watch-history', purpose: 'ads-personalised' });
  assert.equal(refused.status, 403, refused.body.toString());
  await stop(service, { keep: true }); // gathers
  service = await start({ dir });
  const file = join(dir, 'first.audit');
  ends(own(['audit', '--out', file]), 0, /^$/);
  const r = ward(['verify', 'audit', file, '--log', ledger, '--key', key, '--list']);
  ends(r, 0, /consent; role: self; purpose: keep-history; giver: self$/m);
  assert.match(r.said, /denial-batch; .*purpose: ads-personalised; .*outcome: deny; rule: gdpr:/);
  assert.match(r.said, /^ {2}join +2 +0$/m);
  for (const word of ['wilhelmina', 'bartholomeus', 'olga', 'example.org', '1990', 'subject:', 'at:', 'language']) assert.ok(!r.said.includes(word), word);
});

await test('a legal hold keeps a person, tells them, and ends', () => {
  const words = ['hold', 'wilhelmina', '--until', '2999-01-01', '--file', '2026/17'];
  ends(own(words), 2, /--ground/);
  ends(own(['hold']), 2, /whom/);
  ends(own(['hold', 'nobody', ...words.slice(2), '--ground', 'archiving']), 1, /E_NOT_FOUND/);
  ends(own([...words, '--ground', 'because']), 1, /E_HOLD_GROUND/);
  ends(own([...words.with(3, '2020-01-01'), '--ground', 'archiving']), 1, /E_HOLD_END/);
  ends(own([...words, '--ground', 'legal-claims', '--record', '9999']), 1, /E_NOT_FOUND/);
  ends(own([...words, '--ground', 'legal-claims']), 0, /^/);
  ends(own([...words, '--ground', 'legal-claims']), 1, /E_HELD/);
  ends(own(['hold', '--list']), 0, /^person \d+\tlegal-claims\tuntil 2999-01-01T00:00:00.*\t2026\/17\n$/);
  ends(own(['erase', 'wilhelmina']), 1, /E_HELD/);
  assert.match(own(['export', 'wilhelmina']).said, /Art\. 17\(3\)\(e\)/, 'the person is told why');
  const extend = (file, day, ground = 'legal-obligation') => own(['hold', '--extend', file, '--until', day, '--ground', ground]);
  ends(own(['hold', '--extend', '2026/17']), 2, /--ground and --until/);
  ends(own(['hold', 'wilhelmina', '--extend', '2026/17']), 2, /whom, or/);
  ends(extend('2026/17', 'tomorrow'), 2, /a date/);
  ends(extend('2026/18', '2999-02-01'), 1, /E_NOT_FOUND/);
  ends(extend('2026/17', '2999-02-01', 'because'), 1, /E_HOLD_GROUND/);
  ends(extend('2026/17', '2998-12-31'), 1, /E_HOLD_EARLIER/);
  ends(extend('2026/17', '2999-02-01'), 0, /^/);
  ends(own(['hold', '--list']), 0, /^person \d+\tlegal-obligation\tuntil 2999-02-01T00:00:00.*\t2026\/17\n$/);
  assert.match(own(['export', 'wilhelmina']).said, /"hold-extended".*Art\. 17\(3\)\(b\)/, 'the person is told that and why');
  ends(own(['hold', '--end', '2026/18']), 1, /E_NOT_FOUND/);
  ends(own(['hold', '--end', '2026/17']), 0, /^/);
  ends(own(['hold', '--list']), 0, /^$/);
});

await test('a backup, once under one name', () => {
  ends(own(['backup', 'first']), 0, /backups\/first: \d+ records, verified/);
  ends(own(['backup', 'first']), 1, /E_BACKUP_EXISTS/);
  ends(own(['status']), 0, /the last backup: .*backups\/first: \d+ records, verified at \d{4}-/);
  assert.deepEqual(readdirSync(backup).sort(), ['blobs', 'keyring', 'manifest', 'store.db']);
});

const receipt = join(dir, 'receipt.tlog-proof');
await test('after the backup one is erased, and the other withdraws', async () => {
  const r = own(['erase', 'wilhelmina']);
  assert.equal(r.code, 0, r.said);
  writeFileSync(receipt, r.out);
  ends(ward(['verify', 'receipt', receipt, '--key', key]), 0, /verified/);
  const { browser } = await signsIn('bartholomeus');
  await chooses(browser, 'keep-history', 'withdrawn');
  assert.equal((await browser.post(`/api/clips/${narrowed}/audience`, { audience: 'me' })).status, 200);
  assert.equal((await signsIn('wilhelmina')).answer.json.error.code, 'E_LOGIN');
  ends(own(['erase', 'wilhelmina']), 1, /E_NOT_FOUND/);
});

let before = 0;
const checkpoint = join(dir, 'checkpoint');
await test('no restore into a running service, nor over a store by accident', async () => {
  ends(own(['restore', backup]), 1, /E_IN_USE/);
  ends(own(['serve', '--port', '0']), 1, /E_IN_USE/);
  assert.equal((await signsIn('bartholomeus')).answer.status, 200, 'it still serves');
  await stop(service, { keep: true });
  ends(own(['status']), 1, /E_NOT_RUNNING/);
  ends(own(['restore', backup]), 1, /E_STORE_HERE/);
  ends(own(['restore', join(dir, 'nothing')]), 1, /E_FILE_MISSING/);
  ends(own(['restore']), 2, /which backup/);
  before = leaves();
  cpSync(join(ledger, 'checkpoint'), checkpoint);
});

await test('a damaged backup changes nothing', () => {
  const damaged = join(vars, 'backups/damaged');
  cpSync(backup, damaged, { recursive: true });
  const store = readFileSync(join(damaged, 'store.db'));
  store[store.length >> 1] ^= 1;
  writeFileSync(join(damaged, 'store.db'), store);
  ends(own(['restore', damaged, '--replace']), 1, /E_BACKUP_FILE store.db[\s\S]*nothing was put in place/);
  cpSync(join(backup, 'store.db'), join(damaged, 'store.db'));
  const [blob] = readdirSync(join(damaged, 'blobs'));
  rmSync(join(damaged, 'blobs', blob));
  ends(own(['restore', damaged, '--replace']), 1, new RegExp(`E_BACKUP_FILE blobs/${blob}[^]*another copy[^]*nothing was put in place`));
  assert.ok(!existsSync(join(vars, 'restoring')), 'nothing is left of it');
  rmSync(damaged, { recursive: true });
});

await test('without its ledger a restore is refused', () => {
  const away = join(dir, 'log-away');
  cpSync(ledger, away, { recursive: true });
  rmSync(join(ledger, 'checkpoint'));
  ends(own(['restore', backup, '--replace']), 1, /E_LOG_LOST/);
  rmSync(ledger, { recursive: true });
  cpSync(away, ledger, { recursive: true });
  rmSync(join(ledger, 'tile'), { recursive: true });
  ends(own(['restore', backup, '--replace']), 1, /E_(LOG_LOST|LEDGER_CORRUPT)[^]*--without-ledger[^]*nothing was put in place/);
  rmSync(ledger, { recursive: true });
  cpSync(away, ledger, { recursive: true });
});

/** The service with the backup in place. */
async function holds() {
  service = await start({ dir });
  try {
    return await looksRight();
  } finally {
    await stop(service, { keep: true });
  }
}

/** The ledger grew, one is gone, one is there. */
async function looksRight() {
  const gone = (await signsIn('wilhelmina')).answer;
  assert.equal(gone.json.error.code, 'E_LOGIN', 'the erased stay erased');
  ends(own(['export', 'wilhelmina']), 1, /E_NOT_FOUND/);
  const there = await signsIn('bartholomeus');
  assert.equal(there.answer.status, 200, there.answer.body.toString());
  assert.equal(await choice(there.browser, 'keep-history'), 'withdrawn');
  assert.equal(await strangerSees(open), 200);
  assert.equal(await strangerSees(narrowed), 404, 'what was made private stays private');
  assert.equal((await there.browser.get(`/api/clips/${narrowed}`)).json.clip.audience, 'me');
  assert.equal((await signsIn('olga')).answer.status, 200);
  const size = await until('a longer log', 10000, () => leaves() > before && leaves());
  ends(ward(['verify', 'log', ledger, '--key', key, '--since', checkpoint]), 0, /verified/);
  ends(ward(['verify', 'receipt', receipt, '--key', key]), 0, /verified/);
  return size;
}

await test('the data are lost, and the backup comes back', async () => {
  rmSync(join(vars, 'data'), { recursive: true });
  ends(own(['restore', backup]), 0, /1 people with \d+ records, verified[\s\S]*done again: [1-9]/);
  assert.ok(!existsSync(join(vars, 'restoring')));
  before = await holds();
});

await test('a second restore asks before it replaces, and holds as well', async () => {
  ends(own(['restore', backup]), 1, /E_STORE_HERE/);
  ends(own(['restore', backup, '--replace']), 0, /1 people/);
  await holds();
});

await test('with the ledger lost for good, every consent is unknown', async () => {
  rmSync(join(vars, 'ledger'), { recursive: true });
  rmSync(join(vars, 'data'), { recursive: true });
  ends(own(['restore', backup]), 1, /E_LOG_LOST/);
  ends(own(['restore', backup, '--without-ledger']), 0, /verified/);
  service = await start({ dir });
  assert.equal((await signsIn('wilhelmina')).answer.json.error.code, 'E_LOGIN', 'the keyring remembers');
  const { browser, answer } = await signsIn('bartholomeus');
  assert.equal(answer.status, 200, answer.body.toString());
  assert.equal(await choice(browser, 'keep-history'), 'none');
  assert.equal(await strangerSees(open), 404, 'nobody knows what was made private');
  assert.equal((await browser.post(`/api/clips/${open}/audience`, { audience: 'everyone' })).status, 200);
  await until('the clip to be shown', 5000, async () => await strangerSees(open) === 200);
});

await test('with the tiles lost and the checkpoint there, what is left is set aside and a new ledger begins', async () => {
  await stop(service, { keep: true });
  ends(ward(['verify', 'log', ledger, '--key', key]), 0, /verified/);
  rmSync(join(ledger, 'tile'), { recursive: true });
  ends(own(['restore', backup, '--replace']), 1, /nothing was put in place/);
  ends(own(['restore', backup, '--replace', '--without-ledger']), 0, /verified/);
  const aside = readdirSync(join(vars, 'ledger')).filter((f) => f.startsWith('log.lost-'));
  assert.equal(aside.length, 1);
  assert.ok(existsSync(join(vars, 'ledger', aside[0], 'checkpoint')));
  service = await start({ dir });
  assert.equal((await signsIn('wilhelmina')).answer.json.error.code, 'E_LOGIN');
  const { browser, answer } = await signsIn('bartholomeus');
  assert.equal(answer.status, 200, answer.body.toString());
  assert.equal(await choice(browser, 'keep-history'), 'none');
  await until('the new ledger', 10000, () => leaves() > 0);
  ends(ward(['verify', 'log', ledger, '--key', key]), 0, /verified/);
});

/** What an auditor is given, verified, leaf by leaf. */
function audited(name) {
  const file = join(dir, name);
  ends(own(['audit', '--out', file]), 0, /^$/);
  const r = ward(['verify', 'audit', file, '--log', ledger, '--key', key, '--list']);
  ends(r, 0, /verified/);
  return r.said;
}

await test('an audit of a new ledger, over a store that remembers an old one', () => {
  const said = audited('late.audit');
  assert.match(said, /restored +1 +0/);
  assert.ok(!/wilhelmina|bartholomeus|olga|example\.org/i.test(said), said);
});

/** Every file beneath it, by name, as it is. */
function bytesOf(at) {
  return readdirSync(at, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).map((f) => join(f.parentPath ?? f.path, f.name)).sort()
    .map((f) => `${f} ${createHash('sha256').update(readFileSync(f)).digest('hex')}`).join('\n');
}

await test('a restore that is killed is made good by the next, at whatever moment', async () => {
  const late = join(vars, 'backups/late');
  const { browser } = await signsIn('bartholomeus');
  await chooses(browser, 'keep-history', 'given');
  ends(own(['backup', 'late']), 0, /verified/);
  await chooses(browser, 'keep-history', 'withdrawn');
  await stop(service, { keep: true });
  const before = bytesOf(late);
  const begun = Date.now();
  ends(own(['restore', late, '--replace']), 0, /done again: [1-9]/);
  const whole = Date.now() - begun;
  service = await start({ dir });
  await chooses(await joins('cornelis'), 'keep-history', 'given'); // whom no backup knows
  await stop(service, { keep: true });
  const present = join(dir, 'present');
  const hers = ['data', 'keys', 'ledger'];
  for (const part of hers) cpSync(join(vars, part), join(present, part), { recursive: true });
  const seen = {};
  const KILLS = 12;
  let after = whole / 3; // drawn to the moment at which the two change places
  for (let n = 1; n <= KILLS; n++) {
    const child = spawn(join(build, 'src/cli/ward'), ['restore', late, '--replace', '--var', vars], { cwd: root, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    await pause(after);
    const guards = pids({ child }, 'ward-guard');
    child.kill('SIGKILL');
    for (const pid of guards) try { process.kill(pid, 'SIGKILL'); } catch { /* it has ended */ }
    await ended;
    // Either the present data serve as if nothing had been, or the backup does.
    service = await start({ dir });
    const word = (await signsIn('cornelis')).answer.status === 200 ? 'as it was' : 'restored';
    const kept = await signsIn('bartholomeus');
    assert.equal(await choice(kept.browser, 'keep-history'), 'withdrawn');
    await stop(service, { keep: true });
    seen[word] = (seen[word] ?? 0) + 1;
    after *= word === 'restored' ? 0.8 : 1.15;
    if (word === 'as it was') {
      ends(own(['restore', late, '--replace']), 0, /verified/);
      assert.ok(!existsSync(join(vars, 'restoring')));
    }
    for (const part of hers) {
      rmSync(join(vars, part), { recursive: true });
      cpSync(join(present, part), join(vars, part), { recursive: true });
    }
    assert.equal(bytesOf(late), before, 'the backup is as it was');
  }
  console.log(`note: of ${KILLS} killed restores, within ${whole} ms: ${JSON.stringify(seen)}`);
  assert.ok(seen['as it was'] > 2);
  service = await start({ dir });
  const there = await signsIn('bartholomeus');
  assert.equal(await choice(there.browser, 'keep-history'), 'withdrawn');
  ends(ward(['verify', 'log', ledger, '--key', key]), 0, /verified/);
});

/** `ward backup` beside what else is done. */
function backsUp(name) {
  const child = spawn(join(build, 'src/cli/ward'), ['backup', name, '--var', vars], { cwd: root });
  const b = { running: true, said: '', begun: () => existsSync(join(vars, 'backups', name)) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { b.said += text; });
  b.ended = new Promise((resolve) => child.on('exit', (code) => { b.running = false; b.code = code; resolve(b); }));
  return b;
}

await test('while a backup is made others are served, and what they do is in it or done again', async () => {
  const { browser } = await signsIn('bartholomeus');
  await chooses(browser, 'keep-history', 'given');
  await joins('dirk');
  const emma = await joins('emma');
  await chooses(emma, 'keep-history', 'given');
  let watched = 0;
  const watches = async () => assert.equal((await browser.post(`/api/clips/${open}/watched`, { watched_ms: ++watched })).status, 200);
  for (let i = 0; i < 5; i++) await watches();
  const before = watched;
  const backup = backsUp('busy');
  await until('its beginning', 10000, () => backup.begun());
  const erased = spawn(join(build, 'src/cli/ward'), ['erase', 'dirk', '--var', vars], { cwd: root, stdio: 'ignore' });
  const gone = new Promise((resolve) => erased.on('exit', resolve));
  while (backup.running) {
    await watches();
    await chooses(emma, 'keep-history', watched % 2 ? 'given' : 'withdrawn');
  }
  ends(await backup.ended, 0, /backups\/busy: \d+ records, verified\n$/);
  const meanwhile = watched - before;
  assert.ok(meanwhile > 2, `only ${meanwhile} were served`);
  assert.equal(await gone, 0);
  await chooses(emma, 'keep-history', 'withdrawn');
  for (let i = 0; i < 5; i++) await watches();
  await stop(service, { keep: true });
  ends(own(['restore', join(vars, 'backups/busy'), '--replace']), 0, /verified/);
  service = await start({ dir });
  const there = (await signsIn('bartholomeus')).browser;
  const kept = (await there.get('/api/history')).json.entries.map((e) => e.watched_ms).filter((ms) => ms > 0);
  const last = Math.max(...kept);
  assert.ok(last >= before && last <= before + meanwhile, `${last} of ${watched}`);
  for (let ms = Math.max(1, last - kept.length + 1); ms <= last; ms++) assert.ok(kept.includes(ms), `${ms} is there, as ${last} is`);
  assert.equal((await signsIn('dirk')).answer.json.error.code, 'E_LOGIN');
  assert.equal(await choice((await signsIn('emma')).browser, 'keep-history'), 'withdrawn');
  ends(ward(['verify', 'log', ledger, '--key', key]), 0, /verified/);
  console.log(`note: ${meanwhile} entries written beside a backup, ${last - before} of them in it`);
});

await test('a backup that a crash cut off is none, and nobody takes it for one', async () => {
  let cut = 0;
  for (let n = 1; n <= 8 && cut < 3; n++) {
    const name = `cut-${n}`;
    const backup = backsUp(name);
    await until('its beginning', 10000, () => backup.begun());
    await pause(n * 6);
    await crash();
    const { code, said } = await backup.ended;
    const whole = existsSync(join(vars, 'backups', name, 'manifest'));
    assert.ok(whole || code === 1, said);
    cut += whole ? 0 : 1;
    if (!whole) {
      assert.doesNotMatch(said, /verified/);
      ends(own(['restore', join(vars, 'backups', name), '--replace']), 1, /never finished.*E_BACKUP_UNFINISHED/);
    }
    service = await start({ dir });
    ends(own(['status']), 0, /^the guard serves[^\n]*\n$/);
    ends(own(['backup', name]), 1, /E_BACKUP_EXISTS/);
  }
  assert.equal(cut, 3);
  ends(own(['backup', 'after-the-crash']), 0, /verified/);
  assert.equal((await signsIn('bartholomeus')).answer.status, 200);
});

/** Everything of the service at once, as when it runs out of memory. */
async function crash() {
  const all = [service.child.pid, ...['ward-guard', 'ward-front', 'ward-rank'].flatMap((name) => pids(service, name))];
  for (const pid of all) process.kill(pid, 'SIGKILL');
  await service.ended;
  await until('the end of all', 10000, () => all.every(isDead));
}

/** It has ended, collected or not. */
function isDead(pid) {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

await test('what was read in the minute before a crash is told after a restore', async () => {
  const journal = join(vars, 'ledger/accesses');
  ends(own(['backup', 'crashed']), 0, /verified/);
  const { browser } = await signsIn('bartholomeus');
  assert.equal((await browser.get('/api/me')).status, 200);
  await until('a published log', 10000, () => leaves());
  const size = leaves();
  const read = Date.now();
  await crash();
  const entries = readFileSync(journal);
  assert.ok(entries.length > 0, 'not gathered yet');
  ends(own(['restore', join(vars, 'backups/crashed'), '--replace']), 0, /verified/);
  assert.deepEqual(readFileSync(journal), entries, 'kept for the start');
  service = await start({ dir });
  const { json } = await (await signsIn('bartholomeus')).browser.get('/api/receipts');
  const told = json.entries.filter((e) => e.index >= size && e.kind === 'read-batch');
  assert.ok(told.length > 0, JSON.stringify(json.entries.slice(0, 5)));
  for (const entry of told) assert.ok(entry.at <= read, JSON.stringify(entry));
  ends(ward(['verify', 'log', ledger, '--key', key]), 0, /verified/);
});

await test('a clip that was deleted or shared since a backup costs no other clip of it', async () => {
  const { browser } = await signsIn('bartholomeus');
  const film = readFileSync(join(dir, 'film.mp4'));
  const clips = [await shares(browser, film), await shares(browser, film), await shares(browser, film)];
  ends(own(['backup', 'clips']), 0, /verified/);
  const since = await shares(browser, film);
  const r = await browser.post(`/api/clips/${clips[1]}/audience`, { audience: 'me' });
  assert.equal(r.status, 200, r.body.toString());
  assert.equal((await browser.ask('DELETE', `/api/clips/${clips[0]}`)).status, 200);
  for (let times = 0; times < 2; times++) {
    await stop(service, { keep: true });
    rmSync(join(vars, 'data'), { recursive: true });
    const restored = own(['restore', join(vars, 'backups/clips')]);
    ends(restored, 0, /verified/);
    assert.doesNotMatch(restored.said, /could not be opened/);
    service = await start({ dir });
    const viewer = new Browser(service);
    for (const gone of [clips[0], since]) assert.equal((await viewer.get(`/api/clips/${gone}`)).status, 404);
    const played = await viewer.get(`/media/${clips[2]}/small`);
    assert.equal(played.status, 200, played.body.toString().slice(0, 300));
    assert.equal(played.headers['content-type'], 'video/mp4');
    const hers = (await signsIn('bartholomeus')).browser;
    assert.equal((await hers.get(`/media/${clips[1]}/small`)).status, 200);
    await shares(hers, film);
    ends(ward(['verify', 'log', ledger, '--key', key]), 0, /verified/);
  }
});

await test('the root key from a command or a credential, and nothing from a wrong one', async () => {
  await stop(service, { keep: true });
  const file = join(vars, 'root.key');
  const hex = readFileSync(file).toString('hex');
  const apart = join(dir, 'apart.key');
  renameSync(file, apart);
  const serve = (...words) => ward(['serve', '--var', vars, '--port', '0', ...words], { timeout: 60000 });
  ends(serve('--root-key-command', `cat ${apart}; exit 1`), 1, /E_ROOT_KEY_COMMAND/);
  ends(serve('--root-key-command', `cat ${apart} ${apart}`), 1, /E_ROOT_KEY_OUTPUT/);
  ends(serve('--root-key-command', `head -c 32 /dev/zero`), 1, /E_ROOT_KEY: This root key does not open/);
  ends(serve('--root-key-command', `cat ${apart}`, '--root-key', apart), 2, /from one place/);
  for (const how of [['--root-key-command', `cat ${apart}; echo ${hex} >&2`], ['--root-key-credential', 'apart.key']]) {
    service = await start({ dir, words: how, env: { CREDENTIALS_DIRECTORY: dir } });
    const [guard] = pids(service, 'ward-guard');
    process.kill(guard, 'SIGKILL');
    await until('the next guard', 20000, async () => /ward-guard was started again/.test(service.log) && (await signsIn('bartholomeus')).answer.status === 200);
    await stop(service, { keep: true });
    assert.ok(!service.log.includes(hex), 'no key in the log');
  }
  assert.ok(!existsSync(file), 'none was made');
  ends(own(['restore', backup, '--replace', '--root-key-command', `cat ${apart}; exit 1`]), 1, /E_ROOT_KEY_COMMAND/);
  ends(own(['restore', backup, '--replace', '--root-key-command', `cat ${apart}`, '--without-ledger']), 0, /verified/);
  renameSync(apart, file);
  service = await start({ dir });
});

/** Processes that sleep for so long. */
const sleeping = (seconds) => readdirSync('/proc').filter((pid) => {
  try {
    return /^\d+$/.test(pid) && !isDead(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `sleep\0${seconds}\0`;
  } catch {
    return false;
  }
});

await test('who asks it to end while the root key command hangs does not wait', async () => {
  await stop(service, { keep: true });
  const hangs = join(dir, 'hangs');
  const command = `if [ -e ${hangs} ]; then sleep 20261121 & wait; fi; cat ${join(vars, 'root.key')}`;
  const hanging = () => until('the command', 20000, () => sleeping(20261121).length > 0);
  const endsAtOnce = async (child, ended) => {
    const begun = Date.now();
    child.kill('SIGTERM');
    assert.deepEqual(await ended, { code: 0, signal: null });
    assert.ok(Date.now() - begun < 10000, `${Date.now() - begun} ms`);
    await until('nothing of the command', 5000, () => sleeping(20261121).length === 0);
  };
  // When the guard is started again.
  service = await start({ dir, words: ['--root-key-command', command] });
  writeFileSync(hangs, '');
  process.kill(pids(service, 'ward-guard')[0], 'SIGKILL');
  await hanging();
  await endsAtOnce(service.child, service.ended);
  assert.doesNotMatch(service.log, /cannot start again|E_ROOT_KEY/);
  // At the first start.
  const child = spawn(join(build, 'src/cli/ward'), ['serve', '--var', vars, '--port', '0', '--root-key-command', command], { cwd: root, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  await hanging();
  await endsAtOnce(child, ended);
  rmSync(hangs);
  service = await start({ dir });
});

await test('another root key, and the old one opens nothing', async () => {
  const file = join(vars, 'root.key');
  const old = join(dir, 'old.key');
  const next = `${file}.new`;
  const change = (...words) => own(['root-key', ...words]);
  const opens = async (...words) => {
    service = await start({ dir, words });
    assert.equal((await signsIn('bartholomeus')).answer.status, 200);
    await stop(service, { keep: true });
  };
  ends(change(), 1, /E_IN_USE/);
  await stop(service, { keep: true });
  ends(change('--root-key', file), 2, /--new-root-key/);
  ends(ward(['root-key', '--var', dir]), 1, /E_FILE_MISSING/);
  cpSync(file, old);
  ends(change(), 0, /the old one opens nothing/);
  assert.notDeepEqual(readFileSync(file), readFileSync(old));
  assert.ok(!existsSync(next));
  await opens();
  ends(own(['serve', '--port', '0', '--root-key', old], { timeout: 60000 }), 1, /E_ROOT_KEY: [^]*ward root-key/);
  ends(change('--root-key', old, '--new-root-key-command', `cat ${file}; exit 1`), 1, /the new key: [^]*E_ROOT_KEY_COMMAND/);
  // Killed at many moments, in the middle of it or before: one of both opens, and the same command ends it.
  let cut = 0;
  for (let ms = 4; ms < 2000 && cut < 20; ms += 9) {
    const before = readFileSync(file);
    const child = spawn(join(build, 'src/cli/ward'), ['root-key', '--var', vars], { cwd: root, detached: true, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
    await pause(ms);
    const guards = pids({ child }, 'ward-guard');
    child.kill('SIGKILL');
    for (const pid of guards) try { process.kill(pid, 'SIGKILL'); } catch { /* it has ended */ }
    if (await ended === 0) break;
    cut += guards.length; // the others had not come so far
    ends(change(), 0, /is changed/);
    assert.notDeepEqual(readFileSync(file), before);
    assert.ok(!existsSync(next), 'one key is left');
  }
  assert.ok(cut >= 3, `only ${cut} were cut off`);
  // To a command, and the file is of no use any more.
  writeFileSync(join(dir, 'elsewhere.key'), randomBytes(32), { mode: 0o600 });
  ends(change('--new-root-key-command', `cat ${join(dir, 'elsewhere.key')}`), 0, /is changed/);
  await opens('--root-key-command', `cat ${join(dir, 'elsewhere.key')}`);
  ends(own(['serve', '--port', '0'], { timeout: 60000 }), 1, /E_ROOT_KEY/);
  service = await start({ dir, words: ['--root-key', join(dir, 'elsewhere.key')] });
});

await test('on another machine, with what is kept apart from the backup', async () => {
  const after = 'second-machine';
  ends(own(['backup', after]), 0, /verified/);
  const escrow = own(['escrow'], { encoding: 'buffer' });
  assert.equal(escrow.code, 0, escrow.said);
  const apart = join(dir, 'generation');
  writeFileSync(apart, escrow.out);
  const number = /in generation (\d+)/.exec(own(['status']).said)[1];
  assert.match(escrow.said, new RegExp(`generation ${number} of the root key`));
  await stop(service, { keep: true });
  const other = join(dir, 'other');
  const otherVar = join(other, 'var');
  const restore = (...words) => ward(['restore', join(vars, 'backups', after), '--var', otherVar, '--root-key', join(dir, 'elsewhere.key'), ...words]);
  ends({ code: spawnSync('sh', ['-c', 'mkdir -p "$2" && cp -a "$1/ledger" "$2/"', 'sh', vars, otherVar]).status, said: 'copied' }, 0);
  ends(restore(), 1, /nothing was put in place/);
  writeFileSync(join(dir, 'wrong'), randomBytes(8192));
  ends(restore('--escrow', join(dir, 'wrong')), 1, /nothing was put in place/);
  ends(restore('--escrow', join(dir, 'nothing')), 1, /E_FILE_MISSING/);
  ends(restore('--escrow', apart), 0, /\d+ people with \d+ records, verified/);
  ends(restore('--replace', '--escrow', apart), 2, /leave --escrow out/);
  service = await start({ dir: other, words: ['--root-key', join(dir, 'elsewhere.key')] });
  assert.equal((await signsIn('bartholomeus')).answer.status, 200);
  await stop(service, { keep: true });
  service = await start({ dir, words: ['--root-key', join(dir, 'elsewhere.key')] });
});

await stop(service);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
