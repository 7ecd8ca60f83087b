// Starts the real service in a directory of its own and asks it over raw sockets.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const build = process.env.WARD_BUILD ?? join(root, 'build/check');

/** A web client of three files: what is tested is how files are served, not these. */
function makeWeb(dir) {
  mkdirSync(join(dir, 'a'), { recursive: true });
  writeFileSync(join(dir, 'index.html'), '<!doctype html><title>Ward</title>');
  writeFileSync(join(dir, 'a/main-XYZ.js'), 'plain');
  writeFileSync(join(dir, 'a/main-XYZ.js.gz'), 'packed');
  writeFileSync(join(dir, 'notes'), 'a file without a type is not served');
  return dir;
}

/** `programs`: a directory with ward and the others, where it is not the build's. `map`: a data map. `dir`: of a service
 *  that was stopped with `keep`. `web`: a client that was built, where three small files will not do. `words`: more options. */
export async function start({ programs = join(build, 'src/cli'), env = {}, dir = mkdtempSync(join(tmpdir(), 'ward-http-')),
  map = join(root, 'datamap/clips.map'), web = makeWeb(join(dir, 'web')), words = [] } = {}) {
  const child = spawn(join(programs, 'ward'),
    ['serve', '--var', join(dir, 'var'), '--port', '0', '--web', web, '--law', join(root, 'law'),
      '--map', map, ...words], { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const service = { dir, var: join(dir, 'var'), child, log: '', port: 0, ended: null };
  service.ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  child.stderr.on('data', (d) => { service.log += d; });
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the service did not start\n${service.log}`)), 60000);
    let out = '';
    child.stdout.on('data', (d) => {
      out += d;
      service.log += d;
      const m = /Ward serves at http:\/\/[^:]+:(\d+)/.exec(out);
      if (m) { service.port = Number(m[1]); clearTimeout(late); resolve(); }
    });
    child.on('exit', () => { clearTimeout(late); reject(new Error(`the service ended\n${service.log}`)); });
  });
  return service;
}

export async function stop(service, { keep = false } = {}) {
  service.child.kill('SIGTERM');
  const late = setTimeout(() => service.child.kill('SIGKILL'), 30000);
  const end = await service.ended;
  clearTimeout(late);
  if (!keep) rmSync(service.dir, { recursive: true, force: true });
  return end;
}

/** The processes of the service by name. */
export function pids(service, name) {
  const found = [];
  for (const pid of readdirSync('/proc').filter((p) => /^\d+$/.test(p))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const comm = /\((.*)\)/.exec(stat)[1];
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (comm === name && parent === service.child.pid) found.push(Number(pid));
    } catch { /* it has just ended */ }
  }
  return found;
}

function parse(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return { status: 0, headers: {}, body: bytes, cookies: [] };
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = {};
  const cookies = [];
  for (const line of lines) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    const value = line.slice(at + 1).trim();
    if (name === 'set-cookie') cookies.push(value);
    headers[name] = value;
  }
  const body = bytes.subarray(end + 4);
  let json = null;
  try { json = JSON.parse(body.toString('utf8')); } catch { /* not JSON */ }
  return { status: Number(first.split(' ')[1]), headers, cookies, body, json };
}

/** Sends bytes and reads until the server closes; `cut` closes our end after sending. */
export function raw(service, bytes, { timeout = 20000 } = {}) {
  return new Promise((resolve, reject) => {
    const parts = [];
    const socket = net.connect(service.port, '127.0.0.1', () => socket.write(bytes));
    const late = setTimeout(() => { socket.destroy(); reject(new Error('no answer in time')); }, timeout);
    const done = () => { clearTimeout(late); resolve(parse(Buffer.concat(parts))); };
    socket.on('data', (d) => parts.push(d));
    socket.on('end', () => socket.destroy());
    socket.on('error', done);
    socket.on('close', done);
  });
}

/** One request by hand, on a connection of its own. */
export function ask(service, method, path, { json, body, cookie, headers = {}, timeout } = {}) {
  const bytes = body ?? (json === undefined ? null : Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)));
  const fields = { Host: `localhost:${service.port}`, Connection: 'close', ...headers };
  if (json !== undefined && !('Content-Type' in fields)) fields['Content-Type'] = 'application/json';
  if (cookie) fields.Cookie = cookie;
  if (bytes) fields['Content-Length'] = String(bytes.length);
  const head = `${method} ${path} HTTP/1.1\r\n${Object.entries(fields).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`;
  return raw(service, bytes ? Buffer.concat([Buffer.from(head), bytes]) : Buffer.from(head), { timeout });
}

/** A browser: keeps cookies. */
export class Browser {
  constructor(service) { this.service = service; this.jar = {}; }

  get cookie() { return Object.entries(this.jar).map(([k, v]) => `${k}=${v}`).join('; '); }

  async ask(method, path, options = {}) {
    const r = await ask(this.service, method, path, { cookie: this.cookie || undefined, ...options });
    for (const c of r.cookies) {
      const [pair] = c.split(';');
      const at = pair.indexOf('=');
      if (/Max-Age=0/.test(c)) delete this.jar[pair.slice(0, at)];
      else this.jar[pair.slice(0, at)] = pair.slice(at + 1);
    }
    return r;
  }

  get(path, options) { return this.ask('GET', path, options); }
  post(path, json = {}, options = {}) { return this.ask('POST', path, { json, ...options }); }
}

export const pause = (ms) => new Promise((r) => setTimeout(r, ms));

/** Until f() is true, or an error after `ms`. */
export async function until(what, ms, f) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    const got = await f();
    if (got) return got;
    await pause(50);
  }
  throw new Error(`not in time: ${what}`);
}

export const sizeOf = (path) => statSync(path).size;
