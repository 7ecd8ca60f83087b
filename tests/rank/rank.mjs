// What rank proposes is an order and no right: the real one sorts, a dead one is not missed, and a
// lying one shows nobody anything that they may not see.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, ask, build, pids, start, stop, until } from '../support/service.mjs';

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

const dir = mkdtempSync(join(tmpdir(), 'ward-rank-'));
const film = join(dir, 'film.mp4');
const lies = join(dir, 'lies');
execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=180x320:rate=12', '-f', 'lavfi', '-i', 'sine=440',
  '-t', '1', '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-pix_fmt', 'yuv420p', film]);
const bytes = readFileSync(film);

async function joined(service, name) {
  const who = new Browser(service);
  const notice = await who.get('/api/notice?language=en&audience=adult');
  const r = await who.post('/api/join', { name, mail: `${name}@example.org`, password: 'amber canal willow 7', birth_date: '1990-05-14',
    country: 'NL', region: '', language: 'en', notice: notice.json.version });
  assert.equal(r.status, 200, r.body.toString());
  return who;
}

async function share(who, audience) {
  const begun = await who.post('/api/clips', { caption: audience, audience, size_bytes: bytes.length });
  assert.equal(begun.status, 200, begun.body.toString());
  const { clip } = begun.json;
  const put = await who.ask('PUT', `/api/clips/${clip}/bytes`, { body: bytes, headers: { 'Content-Type': 'application/octet-stream' } });
  assert.equal(put.status, 200, put.body.toString());
  assert.equal((await who.post(`/api/clips/${clip}/finish`)).status, 200);
  await until('the studio', 120000, async () => (await who.get(`/api/clips/${clip}`)).json.clip.state === 'ready');
  return clip;
}

async function popular(who, query = '') {
  const r = await who.get(`/api/feed?order=popular${query}`);
  assert.equal(r.status, 200, r.body.toString());
  return { reason: r.json.reason, next: r.json.next, clips: r.json.items.map((i) => i.clip) };
}

const sorted = (list) => [...list].sort();
const orders = (who, clips) => until(`the order ${clips}`, 20000, async () => {
  const page = await popular(who);
  return page.reason === 'popular' && page.clips.join() === clips.join();
});

// --- the real one ---

let service = await start();
let owner = await joined(service, 'owner');
const fans = [];
for (let i = 0; i < 2; i++) fans.push(await joined(service, `fan${i}`));
const one = await share(owner, 'everyone');
const two = await share(owner, 'everyone');
const mine = await share(owner, 'me');

await test('the order holds what everybody may see', async () => {
  for (const f of fans) assert.equal((await f.post(`/api/clips/${one}/like`, { on: true })).status, 200);
  await until('both in the order', 20000, async () => {
    const p = await popular(owner);
    return p.reason === 'popular' && sorted(p.clips).join() === sorted([one, two]).join();
  });
});

await test('the order asked for is the order answered', async () => {
  const newest = await owner.get('/api/feed');
  assert.equal(newest.json.reason, 'newest-first');
  const nobody = new Browser(service);
  const page = await popular(nobody);
  assert.equal(page.reason, 'popular');
  assert.ok(!page.clips.includes(mine), 'a clip for its owner alone');
  const first = await popular(owner, '&limit=1');
  const second = await popular(owner, `&limit=1&cursor=${first.next}`);
  assert.deepEqual(sorted([...first.clips, ...second.clips]), sorted([one, two]));
  assert.equal(second.next, 0);
});

await test('kill -9 of rank: nobody waits, and the order comes back', async () => {
  const before = (await popular(owner)).clips;
  const [old] = pids(service, 'ward-rank');
  process.kill(old, 'SIGKILL');
  const meanwhile = await popular(owner);
  assert.deepEqual(sorted(meanwhile.clips).filter((c) => c !== mine), sorted([one, two]));
  await until('another rank', 20000, () => pids(service, 'ward-rank').some((p) => p !== old));
  await orders(owner, before);
});

await test('what is withdrawn is not in the order', async () => {
  assert.equal((await owner.post(`/api/clips/${two}/audience`, { audience: 'me' })).status, 200);
  const page = await popular(owner);
  assert.ok(!page.clips.includes(two) || page.reason !== 'popular');
  await orders(owner, [one]);
  assert.equal((await owner.post(`/api/clips/${two}/audience`, { audience: 'everyone' })).status, 200);
  await until('it is back', 20000, async () => (await popular(owner)).clips.length === 2);
});

await stop(service);

// --- one that lies ---

const programs = join(dir, 'bin');
mkdirSync(programs);
copyFileSync(join(build, 'src/cli/ward'), join(programs, 'ward'));
for (const [room, name] of [['guard', 'ward-guard'], ['clips', 'ward-front'], ['media', 'ward-studio']]) {
  symlinkSync(join(build, 'src', room, name), join(programs, name));
}
copyFileSync(join(build, 'tests/unit/rank/rank_liar'), join(programs, 'ward-rank'));
writeFileSync(lies, 'names');
service = await start({ programs, env: { WARD_LIES: lies } });
owner = await joined(service, 'owner');
const viewer = await joined(service, 'viewer');
const nobody = new Browser(service);
const shown = await share(owner, 'everyone');
const hidden = await share(owner, 'me');
const like = async (on) => assert.equal((await viewer.post(`/api/clips/${shown}/like`, { on })).status, 200);

await test('a lying rank shows nobody a private clip, and no clip twice', async () => {
  writeFileSync(lies, `names ${hidden} ${shown}`);
  await like(true);
  await orders(viewer, [shown]);
  for (const who of [viewer, nobody, owner]) {
    const page = await popular(who);
    assert.deepEqual(page.clips, [shown]);
    assert.equal(page.next, 0);
  }
});

await test('its order does not outlive a withdrawal', async () => {
  assert.equal((await owner.post(`/api/clips/${shown}/audience`, { audience: 'me' })).status, 200);
  for (let i = 0; i < 10; i++) assert.deepEqual((await popular(viewer)).clips, []);
  assert.equal((await ask(service, 'GET', `/api/clips/${shown}`, { cookie: viewer.cookie })).status, 404);
  assert.equal((await owner.post(`/api/clips/${shown}/audience`, { audience: 'everyone' })).status, 200);
  await orders(viewer, [shown]);
});

await test('a rank that does not acknowledge a revocation is ended', async () => {
  writeFileSync(lies, `mute ${shown}`);
  await like(false);
  const [old] = pids(service, 'ward-rank');
  process.kill(old, 'SIGKILL');
  const mute = await until('another', 20000, () => pids(service, 'ward-rank').find((p) => p !== old));
  await orders(viewer, [shown]);
  assert.equal((await owner.post(`/api/clips/${shown}/audience`, { audience: 'me' })).status, 200);
  await until('it is gone', 20000, () => !pids(service, 'ward-rank').includes(mute));
  assert.match(service.log, /ward-rank answered wrongly or not at all/);
  assert.equal((await owner.post(`/api/clips/${shown}/audience`, { audience: 'everyone' })).status, 200);
});

await test('a rank that talks nonsense again and again costs nobody the feed', async () => {
  writeFileSync(lies, `noise ${shown}`);
  await until('the clip is public again', 20000, async () => (await ask(service, 'GET', `/api/clips/${shown}`, { cookie: viewer.cookie })).status === 200);
  await like(true); // which one that stands already hears of
  // Counted by what the supervisor says: each lives too short to be seen among the processes for certain.
  const ended = () => service.log.split('ward-rank answered wrongly').length - 1;
  const before = ended();
  await until('three of them ended', 60000, async () => {
    assert.deepEqual((await popular(viewer)).clips, [shown]);
    return ended() >= before + 3;
  });
  assert.equal(pids(service, 'ward-guard').length, 1);
});

const end = await stop(service);
await test('and everything still ends cleanly', async () => assert.equal(end.code, 0));
rmSync(dir, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
