// The committed cases, decided by the independent procedure: node cases.mjs LAWDIR FILE...
// A line is {"name", "facts", "expect", ["laws"], ["house"]}.
import fs from 'node:fs';
import { Law } from './decide.mjs';

const [dir, ...files] = process.argv.slice(2);
const law = new Law(dir);
let passed = 0;
let failed = 0;

function differs(a, x) {
  const met = (prefix) => (a.rules ?? []).some((r) => `${r.law}:${r.article}`.startsWith(prefix));
  if ((a.error ? 'error' : a.decision) !== x.decision && x.decision) return 'decision';
  if ((x.rules ?? []).some((r) => !met(r))) return 'rules';
  if (x.any && !x.any.some(met)) return 'any';
  if ((x.not ?? []).some(met)) return 'not';
  if ((x.needs ?? []).some((n) => !(a.needs ?? []).includes(n))) return 'needs';
  return null;
}

for (const file of files) {
  for (const line of fs.readFileSync(file, 'utf8').split('\n').filter((l) => l.trim())) {
    const c = JSON.parse(line);
    const a = law.answer(c.facts, { house: file.includes('house') || c.house });
    const why = differs(a, c.expect);
    if (why) { failed++; console.log(`${file}: ${c.name}: ${why}: ${JSON.stringify(a)} expected ${JSON.stringify(c.expect)}`); } else passed++;
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
