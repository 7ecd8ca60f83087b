// Builds the client into web/dist: one entry, screens loaded when they are opened, names by content.
// Fails when the feed would load more script than its budget.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { writeErrors, writeTypes } from './types.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, 'dist');
const FEED_SCRIPT_BUDGET_BYTES = 15 * 1024;

writeTypes(path.join(here, '../api'), path.join(here, 'src/api.gen.ts'));
writeErrors(path.join(here, '../src/base/include/base/errors.def'), path.join(here, 'src/errors.gen.ts'));
execFileSync(process.execPath, [path.join(here, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', here], { stdio: 'inherit' });
fs.rmSync(dist, { recursive: true, force: true });

const result = await esbuild.build({
  absWorkingDir: here,
  entryPoints: ['src/main.ts', 'src/style.css'],
  bundle: true, splitting: true, format: 'esm', minify: true, metafile: true, target: 'es2022',
  outdir: 'dist/a', entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]', assetNames: '[name]-[hash]',
});

const outputs = Object.entries(result.metafile.outputs);
const named = (entry) => outputs.find(([, o]) => o.entryPoint === entry)[0];
const main = named('src/main.ts');
const style = named('src/style.css');

// What the feed needs: the entry and everything it imports at once.
function reach(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const i of result.metafile.outputs[file].imports) {
    if (i.kind === 'import-statement') reach(i.path, seen);
  }
  return seen;
}
const feedFiles = reach(named('src/feed.ts'), reach(main));
const feedBytes = [...feedFiles].reduce((n, f) => n + zlib.gzipSync(fs.readFileSync(path.join(here, f)), { level: 9 }).length, 0);

const rel = (f) => '/' + path.relative('dist', f);
fs.writeFileSync(path.join(dist, 'index.html'), `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>Ward</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${rel(style)}">
${[...feedFiles].filter((f) => f !== main).map((f) => `<link rel="modulepreload" href="${rel(f)}">`).join('\n')}
<script type="module" src="${rel(main)}"></script>
</head>
<body><noscript>Ward needs JavaScript to play clips. Nothing is loaded from anywhere else.</noscript></body>
</html>
`);
fs.copyFileSync(path.join(here, 'src/icon.svg'), path.join(dist, 'icon.svg'));

// The front sends FILE.gz to who takes gzip.
for (const f of [...outputs.map(([name]) => path.join(here, name)), path.join(dist, 'index.html'), path.join(dist, 'icon.svg')]) {
  fs.writeFileSync(`${f}.gz`, zlib.gzipSync(fs.readFileSync(f), { level: 9 }));
}

console.log(`feed: ${feedBytes} bytes of script, compressed (budget ${FEED_SCRIPT_BUDGET_BYTES})`);
if (feedBytes > FEED_SCRIPT_BUDGET_BYTES) {
  console.error('the feed loads more script than its budget');
  process.exit(1);
}
