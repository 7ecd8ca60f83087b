// What the front answers to the rude, the mistaken and the unlucky; and that clips, uploads and
// sessions behave when things go wrong. Each refusal must name itself and say what to do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, ask, pause, pids, raw, root, start, stop, until } from '../support/service.mjs';

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

/** An error of the one list: its code, a cause and a remedy. */
function refused(r, status, code) {
  assert.equal(r.json?.error?.code, code, `${r.status} ${r.body?.toString().slice(0, 300)}`);
  assert.equal(r.status, status, code);
  assert.ok(r.json.error.cause.length > 10 && r.json.error.remedy.length > 10, code);
}

const service = await start();
const host = `Host: localhost:${service.port}\r\nConnection: close\r\n`;
const bytes = (text) => Buffer.from(text, 'latin1');

// Runs beside everything else, for it takes as long as the time limit.
const slow = (async () => {
  const begun = Date.now();
  await new Promise((resolve) => {
    const socket = net.connect(service.port, '127.0.0.1');
    const drip = setInterval(() => socket.write('X'), 1000);
    socket.write('GET / HTTP/1.1\r\nX: ');
    socket.on('error', () => {});
    socket.on('close', () => { clearInterval(drip); resolve(); });
    setTimeout(() => socket.destroy(), 40000);
  });
  return Date.now() - begun;
})();

for (const [name, request, status, code] of [
  ['both lengths', `POST /api/login HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'E_HTTP_BOTH_LENGTHS'],
  ['a length twice', `POST /api/login HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 400, 'E_HTTP_LENGTH_REPEATED'],
  ['no host', 'GET / HTTP/1.1\r\nAccept: */*\r\n\r\n', 400, 'E_HTTP_NO_HOST'],
  ['a length with a sign', `POST /api/login HTTP/1.1\r\n${host}Content-Length: +5\r\n\r\nhello`, 400, 'E_HTTP_LENGTH'],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost : localhost\r\n\r\n', 400, 'E_HTTP_FIELD'],
  ['a lone line feed', 'GET / HTTP/1.1\nHost: localhost\n\n', 400, 'E_HTTP_BARE_LF'],
  ['a zero byte', `GET / HTTP/1.1\r\n${host}X-A: b\0c\r\n\r\n`, 400, 'E_HTTP_NUL'],
  ['a folded field', `GET / HTTP/1.1\r\n${host}X-A: b\r\n c\r\n\r\n`, 400, 'E_HTTP_FOLDED'],
  ['two hosts', `GET / HTTP/1.1\r\n${host}Host: evil\r\n\r\n`, 400, 'E_HTTP_HOST'],
  ['chunks', `POST /api/login HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 411, 'E_HTTP_TRANSFER_ENCODING'],
  ['an old version', `GET / HTTP/1.0\r\n${host}\r\n`, 505, 'E_HTTP_VERSION'],
  ['an absolute target', `GET http://localhost/ HTTP/1.1\r\n${host}\r\n`, 400, 'E_HTTP_REQUEST_LINE'],
  ['a long target', `GET /${'a'.repeat(2048)} HTTP/1.1\r\n${host}\r\n`, 414, 'E_HTTP_TARGET_LONG'],
  ['a large field', `GET / HTTP/1.1\r\n${host}X: ${'a'.repeat(8200)}\r\n\r\n`, 431, 'E_HTTP_FIELDS_LARGE'],
  ['many fields', `GET / HTTP/1.1\r\n${host}${'X: a\r\n'.repeat(64)}\r\n`, 431, 'E_HTTP_FIELDS_MANY'],
  ['climbing out', `GET /ledger/../root.key HTTP/1.1\r\n${host}\r\n`, 400, 'E_HTTP_TRAVERSAL'],
  ['climbing out, encoded', `GET /ledger/%2e%2e/root.key HTTP/1.1\r\n${host}\r\n`, 400, 'E_HTTP_TRAVERSAL'],
  ['a hidden slash', `GET /ledger%2f..%2froot.key HTTP/1.1\r\n${host}\r\n`, 400, 'E_HTTP_TRAVERSAL'],
  ['half an encoding', `GET /%4 HTTP/1.1\r\n${host}\r\n`, 400, 'E_HTTP_PERCENT'],
  ['an encoded zero', `GET /a%00b HTTP/1.1\r\n${host}\r\n`, 400, 'E_HTTP_PERCENT'],
  ['TLS by mistake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'E_HTTP_NUL'],
]) {
  await test(name, async () => refused(await raw(service, bytes(request)), status, code));
}

await test('what a body smuggles is not heard', async () => {
  const inner = `GET /api/service HTTP/1.1\r\n${host}\r\n`;
  const r = await raw(service, bytes(`POST /api/login HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`));
  refused(r, 400, 'E_JSON_SYNTAX');
  assert.equal(r.body.toString().match(/HTTP\/1\.1/g), null);
});

await test('a bad request after a good one on the same connection', async () => {
  const r = await raw(service, bytes(`GET /.well-known/gpc.json HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`));
  assert.equal(r.status, 200);
  assert.match(r.body.toString(), /HTTP\/1\.1 400[^]*E_HTTP_HOST/);
});

const login = (json, headers = {}) => ask(service, 'POST', '/api/login', { json, headers });
await test('malformed JSON', async () => refused(await login('{"name":'), 400, 'E_JSON_SYNTAX'));
await test('a key twice', async () => refused(await login('{"name":"a","name":"b","password":"c"}'), 400, 'E_JSON_DUPLICATE'));
await test('a wrong type', async () => {
  const r = await login({ name: 5, password: 'x' });
  refused(r, 400, 'E_JSON_TYPE');
  assert.equal(r.json.error.argument, 'name');
});
await test('a missing argument', async () => {
  const r = await login({ name: 'a' });
  refused(r, 400, 'E_HTTP_ARGUMENT');
  assert.equal(r.json.error.argument, 'password');
});
await test('an unknown argument', async () => refused(await login({ name: 'a', password: 'b', role: 'operator' }), 400, 'E_HTTP_ARGUMENT'));
await test('an oversize body', async () => refused(await login({ name: 'a', password: 'x'.repeat(70000) }), 413, 'E_HTTP_BODY_LARGE'));
await test('a form instead of JSON', async () => refused(await login('name=a', { 'Content-Type': 'application/x-www-form-urlencoded' }), 415, 'E_HTTP_CONTENT_TYPE'));
await test('another origin', async () => refused(await login({ name: 'a', password: 'b' }, { Origin: 'https://evil.example' }), 403, 'E_HTTP_CROSS_SITE'));
await test('an opaque origin', async () => refused(await login({ name: 'a', password: 'b' }, { Origin: 'null' }), 403, 'E_HTTP_CROSS_SITE'));
await test('another site', async () => refused(await login({ name: 'a', password: 'b' }, { 'Sec-Fetch-Site': 'cross-site' }), 403, 'E_HTTP_CROSS_SITE'));
await test('another method', async () => {
  const r = await ask(service, 'GET', '/api/login');
  refused(r, 405, 'E_HTTP_METHOD');
  assert.equal(r.headers.allow, 'POST');
});
await test('an argument twice', async () => refused(await ask(service, 'GET', '/api/feed?limit=1&limit=2'), 400, 'E_HTTP_QUERY'));
await test('nothing there', async () => refused(await ask(service, 'GET', '/api/nothing'), 404, 'E_HTTP_NOT_FOUND'));
await test('a malformed id', async () => refused(await ask(service, 'GET', '/api/clips/abc'), 400, 'E_HTTP_ARGUMENT'));
await test('an id of nothing', async () => refused(await ask(service, 'GET', '/api/clips/12345'), 404, 'E_NOT_FOUND'));
await test('two sessions at once', async () => refused(await ask(service, 'GET', '/api/me', { cookie: 'ward=a; ward=b' }), 400, 'E_HTTP_COOKIE'));

await test('files of the client', async () => {
  const page = await ask(service, 'GET', '/clip/7', { headers: { Accept: 'text/html' } });
  assert.equal(page.status, 200);
  assert.match(page.headers['content-security-policy'], /default-src 'none'; script-src 'self'/);
  assert.match(page.headers['content-security-policy'], /require-trusted-types-for 'script'/);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(page.headers['referrer-policy'], 'no-referrer');
  assert.equal(page.headers['cross-origin-opener-policy'], 'same-origin');
  const script = await ask(service, 'GET', '/a/main-XYZ.js', { headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(script.body.toString(), 'packed');
  assert.match(script.headers['cache-control'], /immutable/);
  const again = await ask(service, 'GET', '/', { headers: { 'If-None-Match': page.headers.etag } });
  assert.equal(again.status, 304);
  refused(await ask(service, 'GET', '/notes'), 404, 'E_HTTP_NOT_FOUND');
  assert.equal((await ask(service, 'GET', '/nowhere', { headers: { Accept: 'text/html' } })).status, 404);
});

await test('every screen can be opened by its address', async () => {
  const addresses = [...readFileSync(join(root, 'web/src/main.ts'), 'utf8').matchAll(/^  \[\/\^\\\/(?:\(\?:)?([a-z]+)(.*)\/, /gm)];
  assert.ok(addresses.length >= 14, `${addresses.length} screens`);
  for (const [, name, more] of addresses) {
    const path = `/${name}${more.includes('[^/]') ? '/7' : ''}`;
    assert.equal((await ask(service, 'GET', path, { headers: { Accept: 'text/html' } })).status, 200, path);
  }
});

await test('the published ledger', async () => {
  const info = await ask(service, 'GET', '/api/service');
  assert.equal(info.status, 200);
  const checkpoint = await until('a checkpoint', 10000, async () => {
    const r = await ask(service, 'GET', '/ledger/checkpoint');
    return r.status === 200 && r;
  });
  assert.match(checkpoint.body.toString(), /\n— /);
  refused(await ask(service, 'GET', '/ledger/tile/0/nothing'), 404, 'E_HTTP_NOT_FOUND');
  refused(await ask(service, 'GET', '/ledger'), 404, 'E_HTTP_NOT_FOUND');
});

async function join_(browser, name, birth = '1990-05-14', more = {}) {
  const notice = await browser.get('/api/notice?language=en&audience=adult');
  assert.equal(notice.status, 200, notice.body.toString());
  return browser.post('/api/join', {
    name, mail: `${name}@example.org`, password: 'amber canal willow 7', birth_date: birth, country: 'NL',
    region: '', language: 'en', notice: notice.json.version, ...more,
  });
}

const owner = new Browser(service);
const viewer = new Browser(service);
await test('joining gives a session that no script sees', async () => {
  const r = await join_(owner, 'owner');
  assert.equal(r.status, 200, r.body.toString());
  assert.deepEqual(Object.keys(r.json), ['state']);
  const cookie = r.cookies.find((c) => c.startsWith('ward='));
  for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/']) assert.ok(cookie.includes(part), part);
  assert.ok(r.cookies.some((c) => c.startsWith('ward_device=') && c.includes('HttpOnly')));
  assert.equal((await join_(viewer, 'viewer')).status, 200);
  assert.equal((await owner.get('/api/me')).json.name, 'owner');
});

await test('what joining refuses', async () => {
  const other = new Browser(service);
  refused(await join_(other, 'owner'), 409, 'E_NAME_TAKEN');
  refused(await join_(other, 'third', '1990-05-14', { password: 'short' }), 400, 'E_PASSWORD_WEAK');
  refused(await join_(other, 'third', '1990-05-14', { country: 'ZZ' }), 400, 'E_COUNTRY');
  refused(await join_(other, 'third', '1990-05-14', { notice: 'made up' }), 409, 'E_NOTICE_UNKNOWN');
  refused(await join_(other, 'third', '1990-13-14'), 400, 'E_TIME');
});

await test('wrong passwords, and too many of them', async () => {
  refused(await login({ name: 'owner', password: 'wrong' }), 403, 'E_LOGIN');
  refused(await login({ name: 'nobody', password: 'wrong' }), 403, 'E_LOGIN');
  const r = await until('the throttle', 30000, async () => {
    const next = await login({ name: 'nobody', password: 'wrong' });
    return next.status !== 403 && next;
  });
  refused(r, 429, 'E_THROTTLED');
});

await test('a session that has ended', async () => {
  const leaving = new Browser(service);
  const r = await leaving.post('/api/login', { name: 'viewer', password: 'amber canal willow 7' });
  assert.equal(r.status, 200, r.body.toString());
  const old = leaving.cookie;
  assert.equal((await leaving.post('/api/logout')).status, 200);
  assert.equal(leaving.jar.ward, undefined);
  const replayed = await ask(service, 'GET', '/api/me', { cookie: old });
  refused(replayed, 401, 'E_SESSION');
  assert.ok(replayed.cookies.some((c) => c.startsWith('ward=;') && c.includes('Max-Age=0')));
  refused(await ask(service, 'GET', '/api/me', { cookie: `ward=${'A'.repeat(43)}` }), 401, 'E_SESSION');
  refused(await ask(service, 'GET', '/api/console', { cookie: owner.cookie }), 403, 'E_OPERATOR');
});

// --- a clip, cut and taken up again ---

const file = join(service.dir, 'clip.mp4');
execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=720x1280:rate=25,noise=alls=40:allf=t', '-f', 'lavfi', '-i', 'sine=440',
  '-t', '6', '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M', '-c:a', 'aac', '-pix_fmt', 'yuv420p', file]);
const clipBytes = readFileSync(file);
let clip = null;

const put = (browser, id, part, headers = {}, length = part.length) => ask(service, 'PUT', `/api/clips/${id}/bytes`, {
  body: part, cookie: browser.cookie, headers: { 'Content-Type': 'application/octet-stream', ...headers, ...(length === part.length ? {} : { 'Content-Length': String(length) }) },
});
const arrived = async (browser, id) => (await browser.get(`/api/clips/${id}/bytes`)).json.received;

await test('an upload that is cut is taken up where it stood', async () => {
  const begun = await owner.post('/api/clips', { caption: 'noise', audience: 'everyone', size_bytes: clipBytes.length });
  assert.equal(begun.status, 200, begun.body.toString());
  clip = begun.json.clip;
  assert.equal(await arrived(owner, clip), 0);
  await new Promise((resolve) => {
    const socket = net.connect(service.port, '127.0.0.1', () => {
      socket.write(`PUT /api/clips/${clip}/bytes HTTP/1.1\r\n${host}Cookie: ${owner.cookie}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${clipBytes.length}\r\n\r\n`);
      socket.write(clipBytes.subarray(0, 1500000), () => socket.destroy());
    });
    socket.on('close', resolve);
  });
  const have = await until('the first part', 10000, () => arrived(owner, clip));
  assert.ok(have > 0 && have < clipBytes.length, `${have}`);
  refused(await put(owner, clip, clipBytes.subarray(0, 1000), { 'Content-Range': `bytes 0-999/${clipBytes.length}` }), 409, 'E_OFFSET');
  refused(await put(owner, clip, clipBytes.subarray(0, 1000), { 'Content-Range': 'bytes 5-9/10' }), 400, 'E_HTTP_CONTENT_RANGE');
  refused(await owner.post(`/api/clips/${clip}/finish`), 409, 'E_OFFSET');
  refused(await put(viewer, clip, clipBytes.subarray(have), { 'Content-Range': `bytes ${have}-${clipBytes.length - 1}/${clipBytes.length}` }), 404, 'E_NOT_FOUND');
  const rest = await put(owner, clip, clipBytes.subarray(have), { 'Content-Range': `bytes ${have}-${clipBytes.length - 1}/${clipBytes.length}` });
  assert.equal(rest.status, 200, rest.body.toString());
  assert.equal(rest.json.received, clipBytes.length);
  refused(await put(owner, clip, Buffer.from('more'), { 'Content-Range': `bytes ${clipBytes.length}-${clipBytes.length + 3}/*` }), 413, 'E_CLIP_TOO_LARGE');
  assert.equal((await owner.post(`/api/clips/${clip}/finish`)).status, 200);
});

await test('uploads that are refused at once', async () => {
  refused(await ask(service, 'PUT', `/api/clips/${clip}/bytes`, { body: Buffer.from('x'), headers: { 'Content-Type': 'application/octet-stream' } }), 401, 'E_SESSION');
  refused(await ask(service, 'PUT', `/api/clips/${clip}/bytes`, { body: Buffer.from('x'), cookie: owner.cookie }), 415, 'E_HTTP_CONTENT_TYPE');
  const r = await raw(service, bytes(`PUT /api/clips/${clip}/bytes HTTP/1.1\r\n${host}Cookie: ${owner.cookie}\r\nContent-Type: application/octet-stream\r\nContent-Length: 268435457\r\n\r\n`));
  refused(r, 413, 'E_HTTP_BODY_LARGE');
  refused(await owner.post('/api/clips', { caption: '', audience: 'everyone', size_bytes: 268435457 }), 413, 'E_CLIP_TOO_LARGE');
  refused(await owner.post('/api/clips', { caption: '', audience: 'the world', size_bytes: 10 }), 400, 'E_AUDIENCE');
});

await test('the clip becomes ready', async () => {
  await until('the studio', 180000, async () => {
    const { clip: item } = (await owner.get(`/api/clips/${clip}`)).json;
    assert.notEqual(item.state, 'failed', item.problem);
    return item.state === 'ready';
  });
});

await test('ranges of a clip', async () => {
  const path = `/media/${clip}/large`;
  const all = await viewer.get(path);
  assert.equal(all.status, 200, all.body.toString().slice(0, 300));
  assert.equal(all.headers['content-type'], 'video/mp4');
  assert.equal(all.headers['cache-control'], 'private, no-store');
  assert.equal(all.headers['accept-ranges'], 'bytes');
  const size = all.body.length;
  assert.equal(Number(all.headers['content-length']), size);
  const part = await viewer.get(path, { headers: { Range: 'bytes=100-199' } });
  assert.equal(part.status, 206);
  assert.equal(part.headers['content-range'], `bytes 100-199/${size}`);
  assert.ok(part.body.equals(all.body.subarray(100, 200)));
  const tail = await viewer.get(path, { headers: { Range: 'bytes=-10' } });
  assert.ok(tail.body.equals(all.body.subarray(size - 10)));
  const past = await viewer.get(path, { headers: { Range: `bytes=${size}-` } });
  refused(past, 416, 'E_HTTP_RANGE');
  assert.equal(past.headers['content-range'], `bytes */${size}`);
  assert.equal((await viewer.ask('HEAD', path)).headers['content-length'], String(size));
  const small = await viewer.get(`/media/${clip}/small`);
  assert.ok(small.body.length < size);
  const poster = await viewer.get(`/media/${clip}/poster`);
  assert.equal(poster.headers['content-type'], 'image/jpeg');
  refused(await viewer.get(`/media/${clip}/original`), 404, 'E_NOT_FOUND');
  refused(await viewer.get('/media/12345/large'), 404, 'E_NOT_FOUND');
  refused(await viewer.ask('DELETE', path), 405, 'E_HTTP_METHOD');
});

const search = (browser, words, more = {}) => browser.post('/api/search', { words, cursor: 0, limit: 10, ...more });
const found = async (browser, words) => {
  const r = await search(browser, words);
  assert.equal(r.status, 200, r.body.toString());
  return r.json.items.map((i) => i.clip);
};
const visitor = new Browser(service);

await test('a clip is found by its words, by everybody', async () => {
  for (const words of ['noise', 'NOI', 'nöise', 'owner', 'noise owner', 'ow no']) {
    assert.deepEqual(await found(visitor, words), [clip], words);
    assert.deepEqual(await found(viewer, words), [clip], words);
  }
  assert.deepEqual(await found(visitor, 'oise'), []);
  const r = await search(visitor, 'noise');
  assert.equal(r.json.next, 0);
  assert.equal(r.json.items[0].caption, 'noise');
  assert.match(r.headers['cache-control'], /no-store/);
});

await test('what cannot be looked for is refused by name', async () => {
  for (const words of ['', ' \t ', '\u0001\u001f', '?!', 'a b c d e f g h i', 'a '.repeat(100)]) refused(await search(visitor, words), 400, 'E_QUERY');
  refused(await search(visitor, 'x'.repeat(10000)), 413, 'E_TOO_LARGE');
  refused(await search(visitor, 'é'.repeat(101)), 413, 'E_TOO_LARGE');
  assert.equal((await search(visitor, 'é'.repeat(100))).status, 200);
  refused(await search(visitor, 'a\u0000b'), 400, 'E_JSON_STRING');
  refused(await ask(service, 'GET', '/api/search?words=noise'), 405, 'E_HTTP_METHOD');
  refused(await ask(service, 'POST', '/api/search', { json: { words: 'a', cursor: 0, limit: 1 }, headers: { Origin: 'https://evil.example' } }), 403, 'E_HTTP_CROSS_SITE');
});

/** Asks for the clip and does not read on: how long until the connection is cut. */
function stalled(browser) {
  const socket = net.connect(service.port, '127.0.0.1');
  let cutAt = 0;
  let first;
  const began = new Promise((resolve) => { first = resolve; });
  const cut = new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('close', () => { cutAt = Date.now(); resolve(cutAt); });
  });
  socket.write(`GET /media/${clip}/large HTTP/1.1\r\n${host}Cookie: ${browser.cookie}\r\n\r\n`);
  let got = 0;
  socket.on('data', (d) => { if (got === 0) socket.pause(); got += d.length; first(); });
  return { socket, began, cut, bytes: () => got };
}

await test('a transfer under way stops within a second of losing the right', async () => {
  const size = (await viewer.get(`/media/${clip}/large`)).body.length;
  assert.ok(size > 1500000, `the clip is too small to be under way: ${size}`);
  const s = stalled(viewer);
  await s.began;
  const at = Date.now();
  const r = await owner.post(`/api/clips/${clip}/audience`, { audience: 'me' });
  assert.equal(r.status, 200, r.body.toString());
  await pause(Math.max(0, 1000 - (Date.now() - at)));
  s.socket.resume();
  await Promise.race([s.cut, pause(5000).then(() => { throw new Error('not cut'); })]);
  assert.ok(s.bytes() < size, `${s.bytes()} of ${size} came`);
  refused(await viewer.get(`/media/${clip}/large`), 404, 'E_NOT_FOUND');
  refused(await viewer.get(`/api/clips/${clip}`), 404, 'E_NOT_FOUND');
  assert.deepEqual([await found(viewer, 'noise'), await found(visitor, 'noise'), await found(owner, 'noise')], [[], [], [clip]]);
  assert.equal((await owner.get(`/media/${clip}/large`, { headers: { Range: 'bytes=0-9' } })).status, 206);
  const { json } = await owner.get('/api/receipts');
  assert.ok(JSON.stringify(json).includes('"publish-ended"'), 'the ledger says that it is no longer public');
});

await test('one address cannot take all connections', async () => {
  const LIMIT = 256;
  let shut = 0;
  const sockets = [];
  await Promise.all(Array.from({ length: LIMIT + 40 }, () => new Promise((resolve) => {
    const socket = net.connect(service.port, '127.0.0.1', resolve);
    socket.on('error', () => {});
    socket.on('end', () => { shut++; });
    socket.on('close', () => { resolve(); });
    socket.resume();
    sockets.push(socket);
  })));
  await until('the limit', 10000, () => shut >= 40);
  for (const socket of sockets) socket.destroy();
  await until('room again', 10000, async () => (await ask(service, 'GET', '/api/service').catch(() => null))?.status === 200);
});

await test('the front is restarted when it is killed, and nobody notices more than that', async () => {
  const [before] = pids(service, 'ward-front');
  process.kill(before, 'SIGKILL');
  await until('a new front', 15000, async () => {
    const [now] = pids(service, 'ward-front');
    if (!now || now === before) return false;
    return (await ask(service, 'GET', '/api/service').catch(() => null))?.status === 200;
  });
  assert.equal((await owner.get('/api/me')).json.name, 'owner');
});

await test('without the guard there is a clear answer, and then the guard again', async () => {
  const [before] = pids(service, 'ward-guard');
  process.kill(before, 'SIGKILL');
  const r = await until('the answer that it is away', 5000, async () => {
    const next = await ask(service, 'GET', '/api/me', { cookie: owner.cookie, timeout: 20000 }).catch(() => null);
    return next && next.status === 503 && next;
  }).catch(() => null);
  if (r) {
    refused(r, 503, 'E_HTTP_GUARD_AWAY');
    assert.ok(r.headers['retry-after']);
  }
  const me = await until('the guard', 30000, async () => {
    const next = await ask(service, 'GET', '/api/me', { cookie: owner.cookie, timeout: 20000 }).catch(() => null);
    return next?.status === 200 && next;
  });
  assert.equal(me.json.name, 'owner');
  assert.ok(r, 'nobody was told that the guard was away');
  assert.deepEqual([await found(owner, 'noise'), await found(visitor, 'noise')], [[clip], []]);
});

await test('a client that drips its head is cut', async () => {
  const took = await slow;
  assert.ok(took > 5000 && took < 35000, `${took} ms`);
});

await test('no log line names anybody', async () => {
  for (const word of ['noise', 'owner', 'viewer', 'example.org', 'amber', owner.jar.ward]) {
    assert.ok(!service.log.replaceAll(service.dir, '').includes(word), `${word} in the log`);
  }
});

await test('it stops when it is told to', async () => {
  const end = await stop(service);
  assert.equal(end.code, 0, service.log);
});

// --- a service that would share for advertisements ---

const datamap = mkdtempSync(join(tmpdir(), 'ward-map-'));
const shares = join(datamap, 'clips.map');
cpSync(join(root, 'datamap'), datamap, { recursive: true });
writeFileSync(shares, readFileSync(shares, 'utf8').replace(/^ {2}is +advertising$/m, '  is        advertising, sale_or_sharing'));
const sharing = await start({ map: shares });
await test('Global Privacy Control is heard', async () => {
  const californian = new Browser(sharing);
  const joined = await join_(californian, 'californian', '1990-05-14', { country: 'US', region: 'US-CA' });
  assert.equal(joined.status, 200, joined.body.toString());
  const met = async (headers) => {
    const r = await californian.get('/api/why?purpose=ads-contextual&category=clip-topic', { headers });
    assert.equal(r.status, 200, r.body.toString());
    return r.json.rules.some((rule) => rule.law === 'ccpa' && rule.article === '7025(c)');
  };
  assert.equal(await met({}), false);
  assert.equal(await met({ 'Sec-GPC': '0' }), false);
  assert.equal(await met({ 'Sec-GPC': '1' }), true);
});
assert.equal((await stop(sharing)).code, 0);
rmSync(datamap, { recursive: true });

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
