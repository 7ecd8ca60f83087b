// The GDPR pack in Cedar, a general policy engine, against the same cases.
//   node run.mjs LAW_DIR ANSWERS.jsonl CASES.jsonl...
// ANSWERS holds Ward's answer to each case, in order, under the same pack. Checks that both engines
// agree, then times Cedar. Prints one JSON object.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Cedar } from './cedar.mjs';
import { readVocabulary, settle } from './facts.mjs';
import { readPacks } from './pack.mjs';

const cedar = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs');
const NOW = '2026-11-21T12:00:00Z';
const ROUNDS = 15;
const WARM_UP = 3;

const [lawDir, answersFile, ...caseFiles] = process.argv.slice(2);
const lines = (file) => readFileSync(file, 'utf8').split('\n').filter((l) => l.trim() !== '');
const pack = readPacks(['common.law', 'gdpr.law'].map((f) => readFileSync(`${lawDir}/${f}`, 'utf8')));
const vocabulary = readVocabulary(readFileSync(`${lawDir}/vocabulary.txt`, 'utf8'));
const grounds = new Set(pack.rules.filter((r) => r.kind === 'ground').map((r) => r.article));
grounds.add(pack.law.asks.article);

const prepared = new Set();
let policyCount = 0;
function prepare(date) {
  if (prepared.has(date)) return;
  const staticPolicies = new Cedar(pack, vocabulary, date).policies();
  const made = cedar.preparsePolicySet(date, { staticPolicies });
  if (made.type !== 'success') throw new Error(JSON.stringify(made.errors));
  policyCount = Math.max(policyCount, Object.keys(staticPolicies).length);
  prepared.add(date);
}

function request(facts) {
  const { record, today } = settle(vocabulary, facts, NOW);
  prepare(today);
  return {
    principal: { type: 'Subject', id: 'subject' },
    action: { type: 'Action', id: record.operation },
    resource: { type: 'Category', id: record.category_id },
    context: record,
    preparsedPolicySetId: today,
    entities: [],
  };
}

function ask(call) {
  const answer = cedar.statefulIsAuthorized(call);
  if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
  return answer.response;
}

// The same decision, and the same rules against it. A ground that fails has no policy of its own in
// Cedar, which denies what nothing permits: grounds are compared by the decision alone.
function agrees(call, ward) {
  const response = ask(call);
  if (response.diagnostics.errors.length > 0) throw new Error(JSON.stringify(response.diagnostics.errors));
  if ((response.decision === 'allow') !== (ward.decision === 'permit')) return false;
  if (ward.decision === 'permit') return true;
  const theirs = new Set(response.diagnostics.reason.map((id) => id.split('#')[0]));
  const ours = new Set(ward.rules.map((r) => r.article).filter((a) => !grounds.has(a)));
  return theirs.size === ours.size && [...theirs].every((a) => ours.has(a));
}

const cases = caseFiles.flatMap(lines).map((l) => JSON.parse(l));
const answers = lines(answersFile).map((l) => JSON.parse(l));
const calls = [];
let differ = 0;
cases.forEach((c, i) => {
  if (answers[i].error !== undefined) return; // no decision to take
  const call = request(c.facts);
  calls.push(call);
  if (!agrees(call, answers[i])) {
    differ++;
    if (differ <= 5) console.error(`differs: ${c.name}: ${JSON.stringify(answers[i])} ${JSON.stringify(ask(call))}`);
  }
});

const median = (list, q = 0.5) => list.sort((a, b) => a - b)[Math.round(q * (list.length - 1))];

function time(callList) {
  const clock = [];
  for (let i = 0; i < 10001; i++) {
    const from = process.hrtime.bigint();
    clock.push(Number(process.hrtime.bigint() - from));
  }
  const clockNs = median(clock);
  const samples = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const call of callList) {
      const from = process.hrtime.bigint();
      cedar.statefulIsAuthorized(call);
      const took = Number(process.hrtime.bigint() - from) - clockNs;
      if (round >= 0) samples.push(took);
    }
  }
  return { median_ns: median(samples), p99_ns: median(samples, 0.99) };
}

// What remains when nothing is decided: the crossing into the engine, the record carried over.
const nothing = cedar.preparsePolicySet('none', { staticPolicies: { p: 'permit(principal, action, resource);' } });
if (nothing.type !== 'success') throw new Error('the empty policy set');
const crossing = time(calls.map((c) => ({ ...c, preparsedPolicySetId: 'none' })));
const full = time(calls);
console.log(JSON.stringify({ engine: `Cedar ${cedar.getCedarVersion()}`, node: process.version,
  policies: policyCount, cases: calls.length, differ, ...full,
  crossing_median_ns: crossing.median_ns }));
process.exit(differ === 0 ? 0 : 1);
