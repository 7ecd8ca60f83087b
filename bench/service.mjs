// What the HTTP measurements share: a service of build/release in a directory of its own, people,
// clips, and the load generator.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.env.WARD_BUILD = join(root, 'build/release');
const { Browser, ask, start, stop, until } = await import('../tests/support/service.mjs');
export { Browser, ask, start, stop, until };

export function build() {
  execFileSync('sh', ['-c', 'cd "$0" && { [ -f build/release/build.ninja ] || meson setup build/release -Dbuildtype=release; } && ninja -C build/release', root], { stdio: 'ignore' });
}

export async function person(service, name) {
  const b = new Browser(service);
  const { json: notice } = await b.get('/api/notice?language=en&audience=adult');
  const r = await b.post('/api/join', { name, mail: `${name}@example.org`, password: 'amber canal willow 7', birth_date: '1990-05-14', country: 'NL', region: '', language: 'en', notice: notice.version });
  if (r.status !== 200) throw new Error(r.body.toString());
  return b;
}

/** Shares a file; times in ms from the first byte: when all had arrived, and when it could be watched. */
export async function share(b, file, caption = '') {
  const bytes = readFileSync(file);
  const begun = await b.post('/api/clips', { caption, audience: 'everyone', size_bytes: bytes.length });
  if (begun.status !== 200) throw new Error(begun.body.toString());
  const { clip } = begun.json;
  const at = performance.now();
  const put = await b.ask('PUT', `/api/clips/${clip}/bytes`, { body: bytes, headers: { 'Content-Type': 'application/octet-stream' } });
  if (put.status !== 200) throw new Error(put.body.toString());
  const arrived = performance.now() - at;
  await b.post(`/api/clips/${clip}/finish`);
  await until('the clip to be ready', 300000, async () => {
    const { clip: item } = (await b.get(`/api/clips/${clip}`)).json;
    if (item.state === 'failed') throw new Error(item.problem);
    return item.state === 'ready';
  });
  const first = await b.get(`/media/${clip}/large`, { headers: { Range: 'bytes=0-0' } });
  if (first.status !== 206) throw new Error(first.body.toString());
  return { clip, bytes: bytes.length, arrived, watchable: performance.now() - at };
}

export function film(file, seconds, size = '720x1280') {
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=30,noise=alls=20:allf=t`, '-f', 'lavfi', '-i', 'sine=440',
    '-t', String(seconds), '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M', '-c:a', 'aac', '-pix_fmt', 'yuv420p', file]);
}

/** Runs the load generator; its line, and the figures in it. */
export function load(address, { connections = 16, seconds = 5, cookie } = {}) {
  const line = execFileSync(join(root, 'build/release/bench/ward-load'), ['-c', String(connections), '-t', String(seconds), ...(cookie ? ['-H', `Cookie: ${cookie}`] : []), address]).toString().trim();
  const [rate, mb, p50, p99] = line.match(/[\d.]+(?= requests| MB| us)/g).map(Number);
  return { line, rate, mb, p50, p99 };
}
export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
