// ward decide, check and law diff as a person or a program runs them: awkward input, streams, cases,
// options, and what they say when something is wrong.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
process.chdir(root);
const ward = resolve(root, process.env.WARD_BUILD ?? 'build/check', 'src/cli/ward');
const scratch = mkdtempSync(join(tmpdir(), 'ward-decide-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const run = (args, input = '', options = {}) => {
  const done = spawnSync(ward, args, { input, maxBuffer: 1 << 28, ...options });
  return { code: done.status, signal: done.signal, out: done.stdout.toString(), err: done.stderr.toString() };
};
const decide = (input, ...args) => {
  const done = run(['decide', '--law', 'law', ...args], input);
  assert.equal(done.signal, null, done.err);
  assert.equal(done.code, 0, done.err);
  assert.ok(done.out === '' || done.out.endsWith('\n'));
  return done.out.split('\n').slice(0, -1).map((line) => JSON.parse(line));
};
const one = (facts, ...args) => decide(`${typeof facts === 'string' ? facts : JSON.stringify(facts)}\n`, ...args)[0];

const adult = { at: '2026-11-21T12:00:00Z', operation: 'use', subject: { age: 30, country: 'NL', language: 'nl' },
  controller: { country: 'NL' }, purpose: { id: 'recommend', profiling: true }, category: { id: 'watch-history' },
  basis: 'consent', consent: { state: 'given', giver: 'self' }, notice: { shown: true, language: 'nl', child_friendly: true } };
const child = { ...adult, subject: { ...adult.subject, age: 12 } };
const errorOf = (answer) => `${answer.error?.code} ${answer.error?.fact}`;

const tests = {
  'an adult is permitted and a child is not'() {
    assert.equal(one(adult).decision, 'permit');
    const no = one(child);
    assert.equal(no.decision, 'deny');
    assert.ok(no.rules.some((r) => r.law === 'gdpr' && r.article === '8(1)'));
    assert.ok(no.needs.includes('guardian-consent'));
  },

  'what is malformed is an error that names the fact, never a permit'() {
    const wrong = [
      ['{"operation":', 'E_JSON_SYNTAX'],
      ['not json', 'E_JSON_SYNTAX null'],
      ['', 'E_JSON_SYNTAX null'],
      ['   ', 'E_JSON_SYNTAX null'],
      ['[]', 'E_JSON_TYPE null'],
      ['"use"', 'E_JSON_TYPE null'],
      ['null', 'E_JSON_TYPE null'],
      ['{}{}', 'E_JSON_TRAILING null'],
      ['{"operation":"use","operation":"use"}', 'E_JSON_DUPLICATE null'],
      ['{"subject":{"age":12,"age":30}}', 'E_JSON_DUPLICATE subject'],
      ['{"subject":{"age":"12"}}', 'FACT_TYPE subject.age'],
      ['{"subject":{"age":12.0}}', 'FACT_TYPE subject.age'],
      ['{"subject":{"age":1e1}}', 'FACT_TYPE subject.age'],
      ['{"subject":{"age":-0}}', 'FACT_TYPE subject.age'],
      ['{"subject":{"age":-1}}', 'FACT_VALUE subject.age'],
      ['{"subject":{"age":131}}', 'FACT_VALUE subject.age'],
      ['{"subject":{"age":true}}', 'FACT_TYPE subject.age'],
      ['{"subject":{"age":[12]}}', 'FACT_TYPE subject.age'],
      ['{"subject":12}', 'FACT_TYPE subject'],
      ['{"subject":{"contry":"NL"}}', 'FACT_UNKNOWN subject.contry'],
      ['{"subject.age":12}', 'FACT_UNKNOWN subject.age'],
      ['{"surprise":null}', 'FACT_UNKNOWN surprise'],
      ['{"subject":{"country":"nl"}}', 'FACT_VALUE subject.country'],
      ['{"subject":{"country":"ZZ"}}', 'FACT_VALUE subject.country'],
      ['{"subject":{"birth_date":"2026-02-29"}}', 'FACT_VALUE subject.birth_date'],
      ['{"at":"2026-11-21 12:00:00Z"}', 'FACT_VALUE at'],
      ['{"at":"2026-11-21T12:00:00"}', 'FACT_VALUE at'],
      ['{"operation":"USE"}', 'FACT_VALUE operation'],
      ['{"purpose":{"id":""}}', 'FACT_VALUE purpose.id'],
      ['{"purpose":{"id":"a\\u0000"}}', 'E_JSON_STRING purpose.id'],
      ['{"purpose":{"id":"\\ud800"}}', 'E_JSON_STRING purpose.id'],
      ['{"objected":"yes"}', 'FACT_TYPE objected'],
      ['['.repeat(100000), 'E_JSON'],
      ['{"subject":'.repeat(5000), ''],
    ];
    const answers = decide(wrong.map(([line]) => `${line}\n`).join(''));
    assert.equal(answers.length, wrong.length);
    answers.forEach((answer, i) => {
      assert.deepEqual(Object.keys(answer), ['error'], wrong[i][0].slice(0, 80));
      assert.ok(answer.error.message.length > 10);
      if (wrong[i][0].length < 1000) assert.ok(errorOf(answer).startsWith(wrong[i][1]), `${wrong[i][0]}: ${errorOf(answer)}`);
    });
  },

  'bytes that are not text are errors'() {
    const good = Buffer.from(`${JSON.stringify(adult)}\n`);
    const bad = [Buffer.from('{"purpose":{"id":"a\0b"}}\n'), Buffer.from('\0\n'), Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.from('{"purpose":{"id":"\xc3\x28"}}\n', 'latin1'), Buffer.from('\ufeff{}\n')];
    const answers = decide(Buffer.concat(bad.flatMap((b) => [b, good])));
    assert.equal(answers.length, 2 * bad.length);
    answers.forEach((a, i) => assert.equal(i % 2 === 0 ? 'error' in a : a.decision === 'permit', true));
  },

  'a fact that is missing without which nothing can be decided is named'() {
    for (const [group, name] of [['operation', 'operation'], ['purpose', 'purpose.id'], ['category', 'category.id']]) {
      const { [group]: _, ...rest } = adult;
      assert.equal(errorOf(one(rest)), `FACT_MISSING ${name}`);
    }
    assert.ok(errorOf(one({ ...adult, operation: 'disclose' })).startsWith('FACT_MISSING recipient'));
  },

  'null is the same as absent'() {
    const plain = one(adult);
    const nulls = { ...adult, recipient: null, actor: { id: null }, record: { collected_for: null }, guardian: null,
      objected: null, subject: { ...adult.subject, region: null } };
    assert.deepEqual(one(nulls), plain);
    assert.equal(one({ ...adult, subject: { ...adult.subject, age: null } }).decision, 'deny');
  },

  'line ends: CRLF, none at the end, and nothing at all'() {
    const line = JSON.stringify(adult);
    assert.equal(decide(`${line}\r\n${line}\r\n`).filter((a) => a.decision === 'permit').length, 2);
    assert.equal(decide(`${line}\n${line}`).length, 2);
    assert.equal(decide('').length, 0);
    assert.equal(decide('\n').length, 1);
  },

  'a line that is too long is one error, and the next line is read as if nothing had been'() {
    const good = `${JSON.stringify(adult)}\n`;
    for (const size of [65536 - 2, 65536 - 1, 65536, 65537, 300000, 3000000]) {
      const answers = decide(`${good}{${' '.repeat(size)}}\n${good}`);
      assert.equal(answers.length, 3);
      assert.equal(answers[1].error.code, size + 2 <= 65536 ? 'FACT_MISSING' : 'E_TOO_LARGE');
      assert.equal(answers[2].decision, 'permit');
    }
    assert.equal(decide('x'.repeat(200000)).length, 1);
  },

  'answers come in the order of the questions'() {
    const kinds = [[adult, 'permit'], [child, 'deny'], [{ ...adult, operation: null }, 'error']];
    const picks = Array.from({ length: 20000 }, (_, i) => kinds[(i * i + (i >> 3)) % 3]);
    const answers = decide(picks.map(([facts]) => `${JSON.stringify(facts)}\n`).join(''));
    assert.equal(answers.length, picks.length);
    answers.forEach((a, i) => assert.equal(a.decision ?? 'error', picks[i][1]));
  },

  async 'an answer comes while the input stays open'() {
    const child1 = spawn(ward, ['decide', '--law', 'law']);
    const answer = new Promise((resolve, reject) => {
      child1.stdout.once('data', (d) => resolve(d.toString()));
      setTimeout(() => reject(new Error('no answer within 10 s')), 10000).unref();
    });
    child1.stdin.write(`${JSON.stringify(adult)}\n`);
    assert.equal(JSON.parse(await answer).decision, 'permit');
    child1.stdin.end();
    await new Promise((resolve) => child1.once('close', resolve));
  },

  'a reader that goes away ends it'() {
    const done = spawnSync('bash', ['-c', `yes '{}' | timeout 20 "${ward}" decide --law law | head -1`]);
    assert.equal(done.status, 0);
    assert.ok('error' in JSON.parse(done.stdout.toString()));
  },

  'the order of facts and white space change nothing'() {
    const turned = Object.fromEntries(Object.entries(child).reverse());
    assert.deepEqual(one(turned), one(child));
    assert.deepEqual(decide(`${JSON.stringify(child).replaceAll(',', ' ,\t').replaceAll(':', ' : ').replaceAll('" : "2026', '":"2026').replace(/T12 : 00 : 00/, 'T12:00:00')}\n`)[0], one(child));
  },

  'the laws can be narrowed, and a misspelt one is no law'() {
    assert.deepEqual(one(child, '--laws', 'gdpr').laws, ['gdpr']);
    assert.ok(!one(child).laws.includes('house'));
    assert.ok(one(child, '--house').laws.includes('house'));
    assert.deepEqual(one(child, '--laws', 'gdpr', '--house').laws, ['gdpr', 'house']);
    const done = run(['decide', '--law', 'law', '--laws', 'gdrp'], '');
    assert.equal(done.code, 2);
    assert.match(done.err, /did you mean `gdpr`/);
    assert.equal(run(['decide', '--law', 'law', '--laws', ''], '').code, 2);
  },

  'an explanation says which rule, why, and what it looked at'() {
    const no = one(child, '--explain');
    assert.deepEqual(Object.keys(no), ['decision', 'laws', 'rules', 'needs', 'duties', 'explain']);
    const rule = no.explain.find((r) => r.law === 'gdpr' && r.article === '8(1)');
    assert.equal(rule.verdict, 'against');
    assert.ok(rule.title.length > 5 && rule.why.includes(rule.title) && rule.citation.includes('8(1)'));
    assert.equal(rule.facts['consent.giver'], 'self');
    assert.match(rule.why, /guardian-consent/);
    for (const r of no.rules) assert.ok(no.explain.some((e) => e.law === r.law && e.article === r.article));
    const unknown = one({ ...adult, subject: { country: 'NL', language: 'nl' } }, '--explain');
    const doubt = unknown.explain.find((r) => r.law === 'gdpr' && r.article === '8(1)');
    assert.ok(Object.values(doubt.facts).includes('unknown'));
    assert.ok(one(adult, '--explain').explain.some((r) => r.verdict === 'for'));
    assert.deepEqual(Object.keys(one('{', '--explain')), ['error']);
  },

  'a case that differs is shown, and so is one that cannot be read'() {
    const file = join(scratch, 'cases.jsonl');
    const make = (name, facts, expect) => JSON.stringify({ name, facts, expect });
    const cases = [
      make('right', adult, { decision: 'permit' }),
      make('right too', child, { decision: 'deny', rules: ['gdpr:8(1)'], any: ['gdpr:nothing', 'gdpr:8'], not: ['gdpr:99'], needs: ['guardian-consent'] }),
      make('an error', { ...adult, basis: 5 }, { decision: 'error' }),
      make('wrong decision', adult, { decision: 'deny' }),
      make('wrong error', adult, { decision: 'error' }),
      make('wrong rule', child, { decision: 'deny', rules: ['gdpr:17'] }),
      make('no such law', child, { decision: 'deny', rules: ['gdrp:8(1)'] }),
      make('wrong need', child, { decision: 'deny', needs: ['treaty'] }),
      make('no such need', child, { decision: 'deny', needs: ['trety'] }),
      make('should not', child, { decision: 'deny', not: ['gdpr:8'] }),
      make('none of any', child, { decision: 'deny', any: ['gdpr:99', 'uk-gdpr:8(1)'] }),
      make('misspelt', child, { decision: 'deny', rule: ['gdpr:8(1)'] }),
      make('no decision', child, { rules: ['gdpr:8(1)'] }),
      '{"name":"no facts","expect":{"decision":"error"}}',
      'nonsense',
    ];
    writeFileSync(file, `${cases.join('\n\n')}`);
    const done = run(['decide', '--law', 'law', '--cases', file]);
    assert.equal(done.code, 1);
    assert.match(done.out, /\n3 passed, 12 failed\n$/);
    for (const name of ['wrong decision', 'wrong rule', 'no such law', 'wrong need', 'should not', 'none of any']) {
      assert.ok(done.out.includes(`: ${name}: `), name);
    }
    assert.ok(done.out.includes(`${file}:7: wrong decision: this should be a deny`));
    assert.equal(run(['decide', '--law', 'law', '--cases', join(scratch, 'missing')]).code, 1);
  },

  'wrong arguments are refused with a way out'() {
    const wrong = [
      [['decide', '--explian'], /did you mean --explain/],
      [['decide', '--laws'], /needs a value/],
      [['decide', '--house=yes'], /takes no value/],
      [['decide', 'extra'], /one argument too many/],
      [['decide', '-x'], /no option -x/],
      [['decid'], /did you mean `decide`/],
      [['zzzzzzzz'], /ward help/],
      [[], /ward help/],
      [['law'], /ward law diff A B/],
      [['law', 'diff', 'law', 'law', '--budget', 'x'], /whole number/],
    ];
    for (const [args, message] of wrong) {
      const done = run(args);
      assert.equal(done.code, 2, args.join(' '));
      assert.match(done.err, message);
      assert.equal(done.out, '');
    }
    const lost = run(['decide', '--law', join(scratch, 'nowhere')]);
    assert.equal(lost.code, 1);
    assert.match(lost.err, /--law DIR/);
  },

  'help and version'() {
    assert.match(run(['version']).out, /^ward \d+\.\d+\.\d+\n$/);
    assert.match(run(['help']).out, /decide/);
    assert.match(run(['help', 'decide']).out, /--cases FILE/);
    assert.equal(run(['decide', '--help']).out, run(['help', 'decide']).out);
    assert.equal(run(['help', 'decid']).code, 2);
  },

  'the law is found beside the executable, by the environment, and by option'() {
    const line = `${JSON.stringify(adult)}\n`;
    assert.equal(run(['decide'], line, { cwd: '/' }).code, 0);
    const env = { ...process.env, WARD_LAW: join(scratch, 'nowhere') };
    assert.equal(run(['decide'], line, { env }).code, 1);
    assert.equal(run(['decide', '--law', 'law'], line, { env }).code, 0);
  },

  'check accepts the law as it is'() {
    const done = run(['check', 'law']);
    assert.equal(done.code, 0, done.out.slice(-3000) + done.err);
    assert.match(done.out, /\d+ laws, \d+ articles: 0 errors, \d+ warnings, \d+ notes\n[1-9]\d* passed, 0 failed\n$/);
  },

  'check shows the file, the line and the place of an error'() {
    const dir = join(scratch, 'broken');
    cpSync('law', dir, { recursive: true });
    const text = readFileSync(join(dir, 'gdpr.law'), 'utf8');
    writeFileSync(join(dir, 'gdpr.law'), text.replace('require guardian.verified', 'require guardian.verifed'));
    const done = run(['check', dir]);
    assert.equal(done.code, 1);
    assert.match(done.out, /gdpr\.law:\d+:\d+: error: /);
    assert.match(done.out, /guardian\.verified/);
    assert.match(done.out, /\^/);
    assert.equal(run(['decide', '--law', dir], '').code, 1);
  },

  'check tells which declared use no law permits'() {
    const map = join(scratch, 'clips.map');
    const text = readFileSync('datamap/clips.map', 'utf8');
    const good = run(['check', 'law']);
    assert.match(good.out, /^\d+ data maps declare [1-9]\d* uses, 0 of them never lawful$/m);
    writeFileSync(map, text.replace(/^ {2}is {8}contract\n/m, ''));
    const unlawful = run(['check', 'law', '--map', map]).out.split('\n').filter((l) => l.includes('clips.map'));
    assert.equal(unlawful.length, 1, unlawful.join('\n'));
    assert.match(unlawful[0], /warning: no law lets `mail` disclose `mail-address` to `mail-relay`, .*gdpr 28\(3\)/);
    writeFileSync(map, text.replace('uses mail-address for', 'uses mail-adress for'));
    const broken = run(['check', 'law', '--map', map]);
    assert.equal(broken.code, 1);
    assert.match(broken.out, /clips\.map:\d+:\d+: error: /);
    assert.equal(run(['check', 'law', '--map', join(scratch, 'none.map')]).code, 1);
  },

  'the same law has no difference'() {
    const done = run(['law', 'diff', 'law', 'law']);
    assert.equal(done.code, 0);
    assert.match(done.out, /same text/);
  },

  'a changed row is shown as cases that both versions decide as it says'() {
    const dir = join(scratch, 'changed');
    cpSync('law', dir, { recursive: true });
    const text = readFileSync(join(dir, 'common.law'), 'utf8');
    const changed = text.replace(/^ {2}NL {2}16 /m, '  NL  13 ');
    assert.notEqual(changed, text);
    writeFileSync(join(dir, 'common.law'), changed);
    const done = run(['law', 'diff', 'law', dir, '--budget', '60000']);
    assert.equal(done.code, 1, done.err);
    const shown = [...done.out.matchAll(/^ {2}facts (.*)\n {2}A {5}(.*)\n {2}B {5}(.*)$/gm)];
    assert.ok(shown.length > 0, done.out);
    for (const [, facts, a, b] of shown) {
      assert.equal(run(['decide', '--house', '--law', 'law'], `${facts}\n`).out, `${a}\n`);
      assert.equal(run(['decide', '--house', '--law', dir], `${facts}\n`).out, `${b}\n`);
      assert.notEqual(a, b);
      const { subject, consent } = JSON.parse(facts);
      assert.equal(subject.country, 'NL');
      if (consent?.at === undefined) assert.ok(subject.age >= 13 && subject.age < 16, facts);
    }
    assert.deepEqual(run(['law', 'diff', 'law', dir, '--budget', '60000']).out, done.out);
  },
};

let passed = 0;
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    passed++;
  } catch (error) {
    failed++;
    console.log(`failed: ${name}\n  ${String(error.stack ?? error).slice(0, 3000)}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
