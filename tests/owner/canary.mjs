// After two people were erased, what they said and showed is looked for in the memory of every process of
// the running service, in the files that these hold in memory, in everything that the service keeps on
// disk, and in what it says; and all of it again after the restore of a backup from before. Each place is
// named with what was found in it. The same search before the erasure finds them, so that one that cannot
// find is noticed. What is in the database and the keyring, sealed, tests/unit/vault/canary_test.c looks for.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import net from 'node:net';
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

// Searching ---------------------------------------------------------------------------------------

const processes = ['ward-guard', 'ward-front', 'ward-rank', 'ward-courier', 'ward-studio'];
const window = Buffer.alloc(4 << 20);
const longest = 64;

/** How often each needle stands in `bytes`. */
function count(bytes, needles, found) {
  for (const [name, pieces] of needles) {
    for (const piece of pieces) {
      for (let at = bytes.indexOf(piece); at >= 0; at = bytes.indexOf(piece, at + 1)) found.set(name, (found.get(name) ?? 0) + 1);
    }
  }
}

/** Reads `from` to `to` of an open file, as far as it can be read. */
function countRange(fd, from, to, needles, found) {
  for (let at = from; at < to;) {
    let got = 0;
    try { got = readSync(fd, window, 0, Math.min(window.length, to - at), at); } catch { /* a guard page */ }
    if (got === 0) return;
    count(window.subarray(0, got), needles, found);
    at += at + got < to && got > longest ? got - longest : got;
  }
}

/** Everything that a process may write to, but for what only a sanitizer keeps. */
function countMemory(pid, needles, found) {
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
    const m = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    const [from, to] = m === null ? [0, 0] : [parseInt(m[1], 16), parseInt(m[2], 16)];
    if (to - from < 1 << 30) countRange(fd, from, to, needles, found);
  }
  closeSync(fd);
}

/** Files that exist in memory alone. */
function countMemoryFiles(pid, needles, found) {
  for (const n of readdirSync(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${n}`;
    if (!readlinkSync(path).startsWith('/memfd:')) continue;
    const fd = openSync(path, 'r');
    countRange(fd, 0, statSync(path).size, needles, found);
    closeSync(fd);
  }
}

function countFiles(dir, needles, found) {
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) count(readFileSync(join(entry.parentPath ?? entry.path, entry.name)), needles, found);
    count(Buffer.from(entry.name), needles, found);
  }
}

/** Every place with what was found in it. */
function search(service, needles, when) {
  const places = new Map();
  const look = (place, f) => {
    const found = new Map();
    f(found);
    const said = [...found].map(([name, n]) => `${name} ${n}`).join(', ');
    console.log(`[ searched ] ${when}: ${place}: ${said || 'nothing'}`);
    places.set(place, found);
  };
  const all = [['supervisor', [service.child.pid]], ...processes.map((name) => [name, pids(service, name)])];
  for (const [name, list] of all) {
    if (list.length === 0) console.log(`[ searched ] ${when}: ${name}: is not running`);
    for (const pid of list) {
      look(`memory of ${name}`, (found) => countMemory(pid, needles, found));
      look(`files in memory of ${name}`, (found) => countMemoryFiles(pid, needles, found));
    }
  }
  for (const name of readdirSync(service.var)) {
    const path = join(service.var, name);
    if (statSync(path).isDirectory()) look(`var/${name}`, (found) => countFiles(path, needles, found));
  }
  look('what it says', (found) => count(Buffer.from(service.log), needles, found));
  return places;
}

const total = (places) => [...places.values()].reduce((sum, found) => [...found.values()].reduce((a, b) => a + b, sum), 0);

// Two people ---------------------------------------------------------------------------------------

const password = 'Quetzalcoatl 58 gondola';
const adult = { name: 'Theodelinda', mail: 'theodelinda@canary.example', caption: 'Zwarte zwanen boven het Zwanenwater' };
const child = { name: 'Walburgis', guardian: 'kunigunde@canary.example' };
/** Pieces of bytes, some way in: what every such file begins with is nobody's. */
const pieces = (bytes) => [0.2, 0.5, 0.8].map((part) => bytes.subarray(Math.floor(bytes.length * part)).subarray(0, 32));
const text = (s) => [Buffer.from(s)];

/** A mail server that takes everything. */
const mails = [];
const server = net.createServer((socket) => {
  let data = null;
  socket.on('error', () => {});
  socket.write('220 mail\r\n');
  socket.on('data', (d) => {
    for (const line of d.toString().split('\r\n').slice(0, -1)) {
      if (data !== null && line !== '.') { data.push(line); continue; }
      if (data !== null) { mails.push(data.join('\n')); data = null; socket.write('250 taken\r\n'); continue; }
      if (line === 'DATA') data = [];
      socket.write(line === 'DATA' ? '354 go on\r\n' : line === 'QUIT' ? '221 bye\r\n' : '250 yes\r\n');
    }
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const words = ['--smtp', `smtp://127.0.0.1:${server.address().port}`];

let service = await start({ words });
const { dir } = service;
const own = (...args) => {
  const r = spawnSync(join(build, 'src/cli/ward'), [...args, '--var', service.var], { cwd: root, maxBuffer: 64 << 20 });
  assert.equal(r.status, 0, r.stderr);
  return r.stdout;
};

async function joins(name, birth, mail, secret = password) {
  const browser = new Browser(service);
  const audience = birth > '2008' ? 'child' : 'adult';
  const notice = await browser.get(`/api/notice?language=en&audience=${audience}`);
  const r = await browser.post('/api/join', { name, mail, password: secret, birth_date: birth, country: 'NL', region: '', language: 'en', notice: notice.json.version });
  assert.equal(r.status, 200, r.body.toString());
  return browser;
}

async function posts(browser, path, json) {
  const r = await browser.post(path, json);
  assert.equal(r.status, 200, `${path}: ${r.body}`);
  return r.json;
}

const sealed = () => readdirSync(join(service.var, 'data/blobs'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));

const needles = new Map();
let theodelinda = null;
let walburgis = null;
let clip = 0;

await test('somebody joins, shares a clip, and it is watched', async () => {
  const file = join(dir, 'film.mp4');
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=360x640:rate=25,noise=alls=40:allf=t', '-t', '2',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', file]);
  const film = readFileSync(file);
  execFileSync('rm', [file]);
  const viewer = await joins('viewer', '1990-05-14', 'viewer@example.org', 'amber canal willow 7');
  const before = new Set(sealed());
  theodelinda = await joins(adult.name, '1990-05-14', adult.mail);
  ({ clip } = await posts(theodelinda, '/api/clips', { caption: adult.caption, audience: 'everyone', size_bytes: film.length }));
  const put = await theodelinda.ask('PUT', `/api/clips/${clip}/bytes`, { body: film, headers: { 'Content-Type': 'application/octet-stream' } });
  assert.equal(put.status, 200, put.body.toString());
  await posts(theodelinda, `/api/clips/${clip}/finish`);
  await until('the clip', 60000, async () => (await theodelinda.get(`/api/clips/${clip}`)).json.clip.state === 'ready');
  needles.set('name', text(adult.name)).set('mail', text(adult.mail)).set('caption', text(adult.caption)).set('password', text(password));
  needles.set('upload', pieces(film));
  for (const part of ['large', 'small', 'poster']) {
    const { status, body } = await viewer.get(`/media/${clip}/${part}`);
    assert.equal(status, 200, part);
    needles.set(part, pieces(body));
  }
  const files = sealed().filter((path) => !before.has(path));
  assert.ok(files.length >= 3, `${files.length} sealed files`);
  needles.set('sealed', files.flatMap((path) => pieces(readFileSync(path))));
  const stranger = new Browser(service);
  for (const browser of [viewer, stranger]) {
    const feed = await browser.get('/api/feed?cursor=0&limit=10');
    assert.ok(feed.body.includes(adult.caption), 'it is in the feed');
  }
  await posts(viewer, `/api/clips/${clip}/like`, { on: true });
  const again = new Browser(service);
  await posts(again, '/api/login', { name: adult.name, password });
  assert.ok((await again.get('/api/data/export')).body.includes(adult.caption), 'it is in the archive');
  own('export', adult.name);
});

await test('a child asks for a guardian, who gets a mail', async () => {
  walburgis = await joins(child.name, '2013-05-14', 'walburgis@canary.example');
  await posts(walburgis, '/api/guardian/invite', { mail: child.guardian });
  await until('the mail', 20000, () => mails.some((mail) => mail.includes(child.guardian)));
  needles.set('child', text(child.name)).set('guardian', text(child.guardian));
});

await test('before the erasure they are found', () => {
  own('backup', 'before');
  const places = search(service, needles, 'before');
  for (const name of ['ward-guard', 'ward-front', 'ward-rank', 'ward-courier']) {
    assert.ok(places.has(`memory of ${name}`), name);
  }
  const finds = (place, what) => assert.ok(places.get(place).get(what) > 0, `${what} in ${place}`);
  for (const what of ['name', 'caption']) finds('memory of ward-guard', what);
  finds('files in memory of ward-guard', 'large');
  finds('files in memory of ward-front', 'large');
  finds('var/data', 'sealed');
  finds('var/backups', 'sealed');
});

await test('after the erasure nothing is', async () => {
  await posts(theodelinda, '/api/account/erase', { password });
  await posts(walburgis, '/api/account/erase', { password });
  await pause(2000);
  const places = search(service, needles, 'after');
  for (const [place, found] of places) if (!/^var\/(data|keys|ledger)/.test(place)) found.delete('sealed'); // without its key
  assert.equal(total(places), 0);
});

await test('nor after the restore of a backup from before', async () => {
  await stop(service, { keep: true });
  own('restore', join(service.var, 'backups/before'), '--replace');
  service = await start({ dir, words });
  assert.equal((await new Browser(service).get(`/api/clips/${clip}`)).status, 404);
  await pause(1000);
  const places = search(service, needles, 'restored');
  for (const found of places.values()) found.delete('sealed'); // a restore may bring it back, but not its key
  assert.equal(total(places), 0);
});

await stop(service);
server.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
