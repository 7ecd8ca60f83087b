// Starts the whole service, as ./run does, on an empty directory of its own and a free port.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const built = (...parts) => path.join(root, 'build/release/src', ...parts);
export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

function freePort() {
  return new Promise((resolve) => {
    const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); });
  });
}

export async function startService() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ward-'));
  fs.chmodSync(dir, 0o755);
  const port = await freePort();
  const log = fs.openSync(path.join(dir, 'log'), 'w');
  const vars = path.join(dir, 'var');
  const child = spawn(built('cli/ward'), ['serve', '--var', vars, '--port', String(port), '--web', path.join(root, 'web/dist'), '--law', path.join(root, 'law')],
    { cwd: root, stdio: ['ignore', log, log] });
  const service = { dir, vars, port, url: `http://127.0.0.1:${port}`, child, log: () => fs.readFileSync(path.join(dir, 'log'), 'utf8') };
  service.stop = () => new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode) { resolve(); return; }
    child.on('exit', resolve);
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 15_000).unref();
  });
  for (let i = 0; i < 150; i++) {
    if (child.exitCode !== null) throw new Error(`the service stopped:\n${service.log()}`);
    const ok = await fetch(`${service.url}/api/service`).then((r) => r.ok, () => false);
    if (ok) return service;
    await sleep(200);
  }
  throw new Error(`the service does not answer:\n${service.log()}`);
}
