// Makes vocabulary.h from law/vocabulary.txt: the struct of facts, their numbers, and the table of
// names, types and values. Run by the build: node vocabulary.mjs TABLE > HEADER.
// Must never guess: a row that it does not understand stops the build.
import { readFileSync } from 'node:fs';

const C_TYPE = {
  time: ['struct moment', 16], name: ['struct slice', 16], region: ['uint32_t', 4],
  language: ['uint32_t', 4], date: ['struct date', 4], int: ['int16_t', 2],
  country: ['uint8_t', 1], enum: ['uint8_t', 1], bool: ['uint8_t', 1],
};
const ABSENT = {
  error: 'ERROR', now: 'NOW', child: 'CHILD', nowhere: 'NOWHERE', 'any-region': 'ANY_REGION',
  unknown: 'UNKNOWN', at: 'AT', '-': 'NONE',
};

const fail = (line, why) => {
  process.stderr.write(`vocabulary: line ${line}: ${why}\n`);
  process.exit(1);
};
const cName = (s) => s.replace(/[.-]/g, '_');
const upper = (s) => cName(s).toUpperCase();
const quote = (s) => JSON.stringify(s);

function readType(text, line) {
  const values = /^enum\(([a-z0-9_, -]+)\)$/.exec(text);
  if (values) return { kind: 'enum', values: values[1].split(',').map((v) => v.trim()) };
  const range = /^int\((\d+)\.\.(\d+)\)$/.exec(text);
  if (range) return { kind: 'int', low: Number(range[1]), high: Number(range[2]), values: [] };
  if (text === 'bool') return { kind: 'bool', values: ['false', 'true'] };
  if (!(text in C_TYPE)) fail(line, `unknown type ${text}`);
  return { kind: text, values: [] };
}

function readAbsent(text, type, line) {
  if (text in ABSENT) return { absent: ABSENT[text], value: 0 };
  if (!text.startsWith('=')) fail(line, `unknown absence ${text}`);
  const value = type.values.indexOf(text.slice(1));
  if (value < 0) fail(line, `${text} is no value of the type`);
  return { absent: 'VALUE', value };
}

function readTable(file) {
  const facts = [];
  readFileSync(file, 'utf8').split('\n').forEach((text, i) => {
    if (text.startsWith('#') || text.trim() === '') return;
    const cells = text.split('|').map((c) => c.trim());
    if (cells.length !== 5) fail(i + 1, `expected five cells, found ${cells.length}`);
    const [name, typeText, absentText, dpv, meaning] = cells;
    if (!/^[a-z][a-z_]*(\.[a-z][a-z_]*)?$/.test(name)) fail(i + 1, `malformed name ${name}`);
    if (facts.some((f) => f.name === name)) fail(i + 1, `${name} stands twice`);
    const type = readType(typeText, i + 1);
    if (type.values.length > 32) fail(i + 1, 'more than 32 values');
    facts.push({ name, type, ...readAbsent(absentText, type, i + 1), dpv, meaning });
  });
  if (facts.length > 127) fail(0, 'more than 127 facts');
  return facts;
}

const facts = readTable(process.argv[2]);
const groups = [...new Set(facts.filter((f) => f.name.includes('.')).map((f) => f.name.split('.')[0]))];
const bySize = [...facts].sort((a, b) => C_TYPE[b.type.kind][1] - C_TYPE[a.type.kind][1]);
const out = [];

out.push('/* Made by tools/vocabulary.mjs from law/vocabulary.txt. Do not edit. */');
out.push('#ifndef WARD_LAW_VOCABULARY_H', '#define WARD_LAW_VOCABULARY_H', '');
out.push('#include "base/date.h"', '');
out.push('enum law_fact {');
for (const f of facts) out.push(`    LAW_${upper(f.name)},`);
out.push('    LAW_FACTS,', '    LAW_CONSENT_AGE = LAW_FACTS, /* computed, never given */');
out.push('    LAW_NO_FACT = 255,', '};', '');
out.push('enum law_group {');
for (const g of groups) out.push(`    LAW_GROUP_${upper(g)},`);
out.push('    LAW_GROUPS,', '    LAW_NO_GROUP = 255,', '};', '');
for (const f of facts.filter((x) => x.type.kind === 'enum')) {
  out.push(`enum law_${cName(f.name)} {`);
  for (const v of f.type.values) out.push(`    LAW_${upper(f.name)}_${upper(v)},`);
  out.push('};', '');
}
out.push('struct law_facts {');
out.push('    uint64_t given[2]; /* a bit for each fact that was given */');
for (const f of bySize) out.push(`    ${C_TYPE[f.type.kind][0]} ${cName(f.name)};`);
out.push('    /* Computed by law_facts_settle. */');
out.push('    int16_t consent_age;', '    uint16_t groups; /* a bit for each group of which a fact was given */');
out.push('    struct date today;', '    int32_t ages_change; /* first day on which an age is another, INT32_MAX: none known */');
out.push('    uint8_t settled;', '};', '');
out.push('/* FACT(name, NAME, field, KIND, low, high, ABSENT, value, GROUP, values, count, dpv, meaning) */');
out.push('#define LAW_VOCABULARY(FACT) \\');
for (const f of facts) {
  const t = f.type;
  const group = f.name.includes('.') ? `LAW_GROUP_${upper(f.name.split('.')[0])}` : 'LAW_NO_GROUP';
  const values = t.values.length ? `law_values_${cName(f.name)}` : 'NULL';
  out.push(`    FACT(${quote(f.name)}, LAW_${upper(f.name)}, ${cName(f.name)}, LAW_KIND_${upper(t.kind)}, `
    + `${t.low ?? 0}, ${t.high ?? 0}, LAW_ABSENT_${f.absent}, ${f.value}, ${group}, ${values}, `
    + `${t.values.length}, ${quote(f.dpv)}, ${quote(f.meaning)}) \\`);
}
out.push('    /* end */', '');
out.push('#define LAW_GROUP_NAMES \\');
out.push(`    ${groups.map(quote).join(', ')}`, '');
out.push('/* The values of each enumerated fact: VALUES(field, "first", "second", ...) */');
out.push('#define LAW_VOCABULARY_VALUES(VALUES) \\');
for (const f of facts.filter((x) => x.type.values.length)) {
  out.push(`    VALUES(${cName(f.name)}, ${f.type.values.map(quote).join(', ')}) \\`);
}
out.push('    /* end */', '', '#endif');
process.stdout.write(out.join('\n') + '\n');
