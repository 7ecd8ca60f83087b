// What a decision costs: in process, as the law grows, against a general policy engine, and through
// `ward decide`. How each figure is taken, and why that is fair, stands in bench/README.md and is
// printed with the figures. Usage: bench/decide [--no-peer]    Needs build/release.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync,
  rmSync, writeFileSync, writeSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
const build = 'build/release';
const program = `${build}/bench/bench_decide`;
const ward = `${build}/src/cli/ward`;
const LINES = 1000000;

if (!existsSync(`${build}/build.ninja`)) {
  execFileSync('meson', ['setup', build, '-Dbuildtype=release'], { stdio: 'ignore' });
}
execFileSync('ninja', ['-C', build, 'bench/bench_decide', 'src/cli/ward'], { stdio: 'ignore' });

const scratch = mkdtempSync(join(tmpdir(), 'ward-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
// The examiner's files walk one edge after the other and are no mix; without them figures compare with earlier ones.
const cases = readdirSync('tests/cases').filter((f) => f.endsWith('.jsonl') && !/house|examiner/.test(f))
  .map((f) => `tests/cases/${f}`);
const facts = cases.flatMap((f) => readFileSync(f, 'utf8').split('\n').filter((l) => l.trim() !== ''))
  .map((l) => JSON.stringify(JSON.parse(l).facts));

const measure = (...args) => JSON.parse(execFileSync(program, args, { maxBuffer: 1 << 24 }).toString());
const ns = (n) => (n >= 1e6 ? `${(n / 1e6).toFixed(2)} ms` : n >= 1e4 ? `${(n / 1e3).toFixed(1)} us` : `${Math.round(n)} ns`);
const row = (label, ...cells) => console.log(`  ${label.padEnd(34)}${cells.map((c) => String(c).padStart(12)).join('')}`);

function inProcess() {
  const m = measure('mix', 'law', ...cases);
  console.log(`A decision in process: ${m.laws - 1} laws (without the operator's own), ${m.cases} cases, one core`);
  console.log('  (facts settled beforehand, a new random order of the cases each round. median and p99: each decision');
  console.log(`  timed by itself, the clock's own ${ns(m.clock_ns)} subtracted. in a row: whole rounds timed. one case: each case`);
  console.log('  over and over in batches, the median of the cases)');
  row('', 'median', 'p99', 'in a row', 'one case');
  for (const [label, r] of [[`specialised (${m.procedures} procedures)`, m.special], ['generic', m.generic]]) {
    row(label, ns(r.median_ns), ns(r.p99_ns), ns(r.row_ns), ns(r.alone_ns));
  }
  console.log(`  all packs read, checked and compiled in ${m.load_ms.toFixed(1)} ms, a procedure made in ${m.specialise_ms.toFixed(1)} ms; allocated while deciding: ${m.allocated_bytes} bytes`);
  console.log(`  before that, where facts come as text: a line of JSON read in ${ns(m.read_ns)}, settled in ${ns(m.settle_ns)}`);
  const met = (value) => (value < 200 ? 'met' : 'missed');
  console.log(`  target, under 200 ns specialised: timed by itself ${met(m.special.median_ns)}, in a row ${met(m.special.row_ns)}, one case ${met(m.special.alone_ns)}\n`);
  return m;
}

// Two lines on logarithmic axes.
function plot(points) {
  const [w, h, left, bottom] = [640, 360, 70, 50];
  const x = (rules) => left + (Math.log10(rules) - 1) / 2 * (w - left - 30);
  const top = Math.ceil(Math.log10(Math.max(...points.map((p) => p.generic.median_ns))));
  const y = (v) => h - bottom - (Math.log10(v) - 1) / (top - 1) * (h - bottom - 30);
  const line = (key, colour) => {
    const at = points.map((p) => `${x(p.rules).toFixed(1)},${y(p[key].median_ns).toFixed(1)}`);
    const dots = points.map((p) => `<circle cx="${x(p.rules).toFixed(1)}" cy="${y(p[key].median_ns).toFixed(1)}" r="4" fill="${colour}"/>`
      + `<text x="${x(p.rules).toFixed(1)}" y="${(y(p[key].median_ns) - 10).toFixed(1)}" text-anchor="middle">${ns(p[key].median_ns)}</text>`);
    return `<polyline points="${at.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}`;
  };
  const grid = Array.from({ length: top }, (_, i) => i + 1).map((e) => `<line x1="${left}" x2="${w - 30}" y1="${y(10 ** e)}" y2="${y(10 ** e)}" stroke="#ccc"/>`
    + `<text x="${left - 8}" y="${y(10 ** e) + 4}" text-anchor="end">${ns(10 ** e)}</text>`).join('');
  const ticks = points.map((p) => `<text x="${x(p.rules)}" y="${h - bottom + 20}" text-anchor="middle">${p.rules}</text>`).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" font-family="sans-serif" font-size="12">`
    + `<rect width="${w}" height="${h}" fill="white"/><title>Time of a decision by number of rules</title>${grid}${ticks}`
    + `${line('generic', '#b3541e')}${line('special', '#1e6fb3')}`
    + `<text x="${w / 2}" y="${h - 10}" text-anchor="middle">rules in the law (ten for each purpose)</text>`
    + `<text x="${left}" y="18" fill="#b3541e">generic</text><text x="${left + 60}" y="18" fill="#1e6fb3">specialised</text></svg>\n`;
}

function growth() {
  const points = measure('growth');
  console.log('As the law grows: generated packs, ten rules for each purpose, so that the law grows and what');
  console.log('it asks of one use does not; median of a decision');
  row('rules', ...points.map((p) => p.rules));
  row('specialised', ...points.map((p) => ns(p.special.median_ns)));
  row('generic', ...points.map((p) => ns(p.generic.median_ns)));
  row('compiled in', ...points.map((p) => `${p.load_ms.toFixed(1)} ms`));
  mkdirSync('build/bench', { recursive: true });
  writeFileSync('build/bench/decide-growth.svg', plot(points));
  console.log('  plotted in build/bench/decide-growth.svg\n');
}

function peer() {
  if (!existsSync('bench/node_modules/@cedar-policy')) {
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: 'bench', stdio: 'inherit' });
  }
  const law = join(scratch, 'law');
  mkdirSync(law);
  for (const f of ['common.law', 'gdpr.law', 'vocabulary.txt']) copyFileSync(`law/${f}`, join(law, f));
  const answers = spawnSync(ward, ['decide', '--law', law], { input: `${facts.join('\n')}\n`, maxBuffer: 1 << 28 });
  writeFileSync(join(scratch, 'answers.jsonl'), answers.stdout);
  const ours = measure('mix', law, ...cases);
  const done = spawnSync('node', ['bench/peer/run.mjs', law, join(scratch, 'answers.jsonl'), ...cases], { maxBuffer: 1 << 24 });
  if (done.status !== 0) throw new Error(`the engines differ, or the peer failed:\n${done.stderr}${done.stdout}`);
  const theirs = JSON.parse(done.stdout.toString());
  const crossed = theirs.median_ns - theirs.crossing_median_ns;
  console.log(`Against a general policy engine: ${theirs.engine} (@cedar-policy/cedar-wasm, Node.js ${theirs.node}), the GDPR alone`);
  console.log(`  Fair, because: the policies are made from the text of gdpr.law by a script (${theirs.policies} policies); both engines`);
  console.log(`  answered the same ${theirs.cases} cases with the same decision and the same rules before the clock started; both run in`);
  console.log('  process and warm, with law and facts parsed beforehand, no I/O, on this machine in this run. For Cedar tables');
  console.log('  and dates are folded beforehand, which Ward does only when specialised. Cedar is WebAssembly and takes the');
  console.log('  facts over its border at each call; what that costs with a policy that asks nothing is shown apart.');
  row('', 'median', 'p99');
  row('Ward, specialised', ns(ours.special.median_ns), ns(ours.special.p99_ns));
  row('Ward, generic', ns(ours.generic.median_ns), ns(ours.generic.p99_ns));
  row('Cedar', ns(theirs.median_ns), ns(theirs.p99_ns));
  row('Cedar, the crossing alone', ns(theirs.crossing_median_ns));
  const ratio = (a, b) => (a / b).toFixed(0);
  console.log(`  ratio, specialised: ${ratio(theirs.median_ns, ours.special.median_ns)} (${ratio(crossed, ours.special.median_ns)} without the crossing)`);
  console.log(`  ratio, generic:     ${ratio(theirs.median_ns, ours.generic.median_ns)} (${ratio(crossed, ours.generic.median_ns)} without the crossing)`);
  console.log(`  target: a ratio of at least 50: ${crossed / ours.special.median_ns >= 50 ? 'met, also without the crossing' : 'missed'}\n`);
}

function throughput() {
  const file = join(scratch, 'lines.jsonl');
  const fd = openSync(file, 'w');
  const block = `${facts.join('\n')}\n`;
  for (let n = 0; n < LINES; n += facts.length) {
    writeSync(fd, n + facts.length <= LINES ? block : `${facts.slice(0, LINES - n).join('\n')}\n`);
  }
  closeSync(fd);
  const seconds = [];
  for (let i = 0; i < 3; i++) {
    const [input, output] = [openSync(file, 'r'), openSync('/dev/null', 'w')];
    const from = process.hrtime.bigint();
    const done = spawnSync(ward, ['decide', '--law', 'law'], { stdio: [input, output, 'inherit'] });
    seconds.push(Number(process.hrtime.bigint() - from) / 1e9);
    closeSync(input);
    closeSync(output);
    if (done.status !== 0) throw new Error('ward decide failed');
  }
  const middle = seconds.sort((a, b) => a - b)[1];
  console.log(`ward decide, ${LINES} lines of JSON in and out (${(block.length / facts.length).toFixed(0)} bytes a line), generic, all laws`);
  console.log(`  ${middle.toFixed(2)} s, ${Math.round(LINES / middle)} lines a second, ${ns(middle * 1e9 / LINES)} a line\n`);
}

console.log(`${cpus()[0].model}, ${cpus().length} cores\n`);
inProcess();
growth();
if (!process.argv.includes('--no-peer')) peer();
throughput();
