// Reads api/*.json, refuses what contradicts itself, and makes from it: the C tables of src/api, the
// OpenAPI description, and the tables of docs/PROTOCOL.md.
//
// Usage: node tools/api.mjs list                      the files that are read
//        node tools/api.mjs header|tables|openapi  to standard output, or to -o FILE
//        node tools/api.mjs docs                      rewrites the tables in docs/PROTOCOL.md
//        node tools/api.mjs docs --check              exits 1 if they are not what api/ says
import { readFileSync, writeFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const SCALARS = ['bool', 'u32', 'u64', 'i64', 'time', 'id', 'date'];
const SIZED = ['text', 'secret', 'bytes'];
const WHO = ['anyone', 'session', 'operator', 'signed', 'front', 'admin', 'program'];
const LIST_MAX = 1000;
const DEPTH_MAX = 6;
// What an answer carries whose code is not 0; both lists are empty where it was not the law.
const REFUSAL = [
  { name: 'rules', type: 'list(reason,64)', meaning: 'that stand in the way' },
  { name: 'needs', type: 'list(text(40),64)', meaning: 'what would make it lawful' },
];

const fail = (file, message) => {
  console.error(`api/${file}: ${message}`);
  process.exit(1);
};
const readJson = (file) => JSON.parse(readFileSync(join(root, 'api', file), 'utf8'));
const files = readdirSync(join(root, 'api')).filter((f) => f.endsWith('.json')).sort();
const errorRows = () => {
  const text = readFileSync(join(root, 'src/base/include/base/errors.def'), 'utf8');
  const row = /^ERROR\((\w+), (\d+), (\w+), (\d+), "((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\)/gm;
  return [...text.matchAll(row)].map(([, name, code, kind, http, cause, remedy]) =>
    ({ name, code: +code, kind, http: +http, cause, remedy }));
};

// "list(text(8),40)" becomes {kind: 'list', max: 40, item: {kind: 'text', max: 8}}.
function parseType(file, text, records) {
  if (SCALARS.includes(text)) return { kind: text, max: 0 };
  const sized = /^(text|secret|bytes)\((\d+)\)$/.exec(text);
  if (sized) return { kind: sized[1], max: +sized[2] };
  const list = /^list\((.+?)(?:,\s*(\d+))?\)$/.exec(text);
  if (list) return { kind: 'list', max: +(list[2] ?? LIST_MAX), item: parseType(file, list[1], records) };
  if (records[text]) return { kind: 'record', max: 0, record: text };
  return fail(file, `there is no type "${text}"`);
}

const parseFields = (file, fields, records) => {
  const seen = new Set();
  return fields.map((f) => {
    if (!/^[a-z][a-z0-9_]*$/.test(f.name)) fail(file, `a field is called "${f.name}"`);
    if (seen.has(f.name)) fail(file, `the field "${f.name}" stands there twice`);
    seen.add(f.name);
    if (!f.meaning) fail(file, `the field "${f.name}" has no meaning`);
    return { ...f, type: parseType(file, f.type, records) };
  });
};

function depth(type, shapes, seen = []) {
  if (type.kind === 'list') return 1 + depth(type.item, shapes, seen);
  if (type.kind !== 'record') return 1;
  if (seen.includes(type.record)) fail('TYPES.json', `"${type.record}" contains itself`);
  const inner = shapes[type.record].map((f) => depth(f.type, shapes, [...seen, type.record]));
  return 1 + Math.max(...inner);
}

function checkOp(file, op, seen, errors) {
  if (file !== `${op.op}.json`) fail(file, `the operation is called "${op.op}"`);
  if (seen.has(op.number)) fail(file, `number ${op.number} belongs to ${seen.get(op.number)}`);
  seen.set(op.number, op.op);
  if (!WHO.includes(op.who)) fail(file, `who: "${op.who}" is none of ${WHO.join(', ')}`);
  for (const e of op.errors) {
    if (!errors.some((r) => r.name === e)) fail(file, `errors.def has no ${e}`);
  }
  if (!op.route) return;
  const [method, path] = op.route.split(' ');
  if (!/^(GET|POST|DELETE)$/.test(method) || !/^\/api(\/[a-z]+|\/\{[a-z]+\})+$/.test(path)) {
    fail(file, `the route "${op.route}" is malformed`);
  }
  for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
    if (!op.args.some((a) => a.name === name)) fail(file, `the route names {${name}}, no argument`);
  }
}

function load() {
  const errors = errorRows();
  const records = readJson('TYPES.json');
  const shapes = {};
  for (const [name, fields] of Object.entries(records)) {
    shapes[name] = parseFields('TYPES.json', fields, records);
  }
  const stored = {};
  for (const [name, fields] of Object.entries(readJson('STORED.json'))) {
    stored[name] = parseFields('STORED.json', fields, records);
  }
  const common = readJson('COMMON.json').errors;
  const seen = new Map();
  const ops = files.filter((f) => /^[a-z]/.test(f)).map((file) => {
    const op = readJson(file);
    checkOp(file, op, seen, errors);
    return {
      ...op,
      args: parseFields(file, op.args, records),
      answer: parseFields(file, op.answer ?? [], records),
    };
  }).sort((a, b) => a.number - b.number);
  const all = [...Object.values(shapes).flat(), ...ops.flatMap((o) => [...o.args, ...o.answer])];
  for (const f of all) {
    if (depth(f.type, shapes) > DEPTH_MAX) fail('TYPES.json', `"${f.name}" is nested too deeply`);
  }
  for (const e of common) {
    if (!errors.some((r) => r.name === e)) fail('COMMON.json', `errors.def has no ${e}`);
  }
  return { errors, shapes, stored, ops, common };
}

const upper = (s) => s.toUpperCase().replace(/[^A-Z0-9]/g, '_');
const lower = (s) => s.replace(/[^a-z0-9]/g, '_');
const made = '/* Made from api/ by tools/api.mjs: change it there. */\n';

function header({ shapes, stored, ops }) {
  const out = [made, '#ifndef WARD_API_OPS_H\n#define WARD_API_OPS_H\n', 'enum api_op_number {'];
  for (const o of ops) out.push(`    API_${upper(o.op)} = ${o.number}, /* ${o.summary} */`);
  out.push('};\n');
  out.push(`enum { API_OP_COUNT = ${ops.length}, API_OP_LAST = ${ops.at(-1).number} };\n`);
  const places = (prefix, fields) => {
    if (!fields.length) return;
    out.push(`enum {`, ...fields.map((f, i) => `    ${prefix}_${upper(f.name)} = ${i},`));
    out.push(`    ${prefix}__COUNT = ${fields.length},`, `};`);
  };
  for (const [name, fields] of Object.entries(shapes)) places(`TYP_${upper(name)}`, fields);
  for (const [name, fields] of Object.entries(stored)) places(`STO_${upper(name)}`, fields);
  out.push('enum api_stored {', ...Object.keys(stored).map((n) => `    API_STORED_${upper(n)},`));
  out.push('    API_STORED_COUNT', '};');
  for (const o of ops) {
    places(`ARG_${upper(o.op)}`, o.args);
    places(`ANS_${upper(o.op)}`, o.answer);
  }
  out.push('', '#endif', '');
  return out.join('\n');
}

const cString = (s) => (s === null || s === undefined ? 'NULL' : JSON.stringify(s));

function tables({ shapes, stored, ops, common }) {
  const out = [made, '#include "api/api.h"\n'];
  const items = new Map();
  const item = (t) => {
    const key = JSON.stringify(t);
    if (!items.has(key)) items.set(key, `item_${items.size}`);
    return items.get(key);
  };
  const lines = [];
  const typeText = (t) => {
    const shape = t.kind === 'record' ? `&shape_${t.record}` : 'NULL';
    const inner = t.kind === 'list' ? `&${itemOf(t.item)}` : 'NULL';
    return `{API_${upper(t.kind)}, ${t.max}u, ${inner}, ${shape}}`;
  };
  const itemOf = (t) => {
    const known = items.has(JSON.stringify(t));
    const name = item(t);
    if (!known) lines.push(`static const struct api_type ${name} = ${typeText(t)};`);
    return name;
  };
  const shape = (name, label, fields) => {
    const rows = fields.map((f) =>
      `    {${cString(f.name)}, ${cString(f.meaning)}, ${typeText(f.type)}},`);
    if (rows.length) lines.push(`static const struct api_field fields_${name}[] = {`, ...rows, '};');
    lines.push(`static const struct api_shape shape_${name} = {${cString(label)}, ` +
      `${rows.length ? `fields_${name}` : 'NULL'}, ${rows.length}};`);
  };
  const done = new Set();
  const records = (type) => {
    if (type.kind === 'list') records(type.item);
    if (type.kind !== 'record' || done.has(type.record)) return;
    done.add(type.record);
    for (const f of shapes[type.record]) records(f.type);
    shape(type.record, type.record, shapes[type.record]);
  };
  for (const name of Object.keys(shapes)) records({ kind: 'record', record: name });
  shape('refusal', 'refusal', parseFields('refusal', REFUSAL, shapes));
  for (const [name, fields] of Object.entries(stored)) shape(`stored_${name}`, name, fields);
  for (const o of ops) {
    shape(`${lower(o.op)}_args`, o.op, o.args);
    shape(`${lower(o.op)}_answer`, o.op, o.answer);
    if (o.errors.length) {
      lines.push(`static const uint16_t errors_${lower(o.op)}[] = {${o.errors.join(', ')}};`);
    }
  }
  lines.push('', 'static const struct api_op ops[] = {');
  for (const o of ops) {
    const [method, path] = o.route ? o.route.split(' ') : [null, null];
    const d = o.decision ?? {};
    const id = lower(o.op);
    lines.push(`    {API_${upper(o.op)}, ${cString(o.op)}, ${cString(o.summary)}, ` +
      `API_WHO_${upper(o.who)}, ${o.waiting ? 'true' : 'false'},`,
    `     ${cString(method)}, ${cString(path)}, ${cString(d.purpose)}, ${cString(d.category)}, ` +
      `${cString(d.operation)},`,
    `     &shape_${id}_args, &shape_${id}_answer, ` +
      `${o.errors.length ? `errors_${id}` : 'NULL'}, ${o.errors.length}},`);
  }
  lines.push('};\n');
  lines.push(`static const uint16_t common[] = {${common.join(', ')}};\n`);
  lines.push('const struct api_op *api_ops(size_t *ret_count) {',
    '    *ret_count = ARRAY_LEN(ops);', '    return ops;', '}\n',
    'const uint16_t *api_common_errors(size_t *ret_count) {',
    '    *ret_count = ARRAY_LEN(common);', '    return common;', '}\n',
    'const struct api_shape *api_shape_stored(enum api_stored what) {',
    '    static const struct api_shape *const all[] = {',
    ...Object.keys(stored).map((n) => `        &shape_stored_${n},`),
    '    };', '    return all[what];', '}\n',
    'const struct api_shape *api_shape_refusal(void) {', '    return &shape_refusal;', '}\n');
  const index = Array(ops.at(-1).number + 1).fill(0);
  ops.forEach((o, i) => { index[o.number] = i + 1; });
  lines.push(`static const uint8_t places[] = {${index.join(', ')}};\n`,
    'const struct api_op *api_op_find(uint16_t number) {',
    '    uint8_t place = number < ARRAY_LEN(places) ? places[number] : 0;',
    '    return place == 0 ? NULL : &ops[place - 1];', '}', '');
  return [...out, ...lines].join('\n');
}

function jsonSchema(t) {
  const of = {
    bool: { type: 'boolean' }, u32: { type: 'integer', minimum: 0, maximum: 4294967295 },
    u64: { type: 'integer', minimum: 0 }, i64: { type: 'integer' },
    time: { type: 'integer', description: 'milliseconds since 1970-01-01T00:00:00Z' },
    id: { type: 'string', pattern: '^[0-9]{1,20}$' }, date: { type: 'string', format: 'date' },
    bytes: { type: 'string', format: 'binary' },
  };
  if (of[t.kind]) return of[t.kind];
  if (t.kind === 'list') return { type: 'array', maxItems: t.max, items: jsonSchema(t.item) };
  if (t.kind === 'record') return { $ref: `#/components/schemas/${t.record}` };
  return { type: 'string', maxLength: t.max };
}

const object = (fields) => ({
  type: 'object',
  properties: Object.fromEntries(fields.map((f) => [f.name, { ...jsonSchema(f.type), description: f.meaning }])),
  required: fields.map((f) => f.name),
  additionalProperties: false,
});

const errorSchema = {
  type: 'object',
  properties: {
    error: { type: 'object', properties: { code: { type: 'string' }, message: { type: 'string' }, remedy: { type: 'string' } } },
    rules: { type: 'array', items: { $ref: '#/components/schemas/reason' } },
    needs: { type: 'array', items: { type: 'string' } },
  },
};

function openapi({ shapes, ops, errors, common }) {
  const paths = {};
  for (const o of ops.filter((x) => x.route)) {
    const [method, path] = o.route.split(' ');
    const inPath = new Set([...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]));
    const rest = o.args.filter((a) => !inPath.has(a.name));
    const parameter = (place) => (a) => ({
      name: a.name, in: place, required: true, description: a.meaning, schema: jsonSchema(a.type),
    });
    const call = {
      operationId: o.op, summary: o.summary,
      parameters: o.args.filter((a) => inPath.has(a.name)).map(parameter('path')),
      responses: { 200: { description: 'Done.', content: { 'application/json': { schema: object(o.answer.filter((f) => f.type.kind !== 'secret')) } } } },
    };
    if (method === 'GET') call.parameters.push(...rest.map(parameter('query')));
    else if (rest.length) {
      call.requestBody = { required: true, content: { 'application/json': { schema: object(rest) } } };
    }
    for (const name of [...o.errors, ...common]) {
      const e = errors.find((x) => x.name === name);
      const r = (call.responses[e.http] ??= { description: '', content: { 'application/json': { schema: { $ref: '#/components/schemas/error' } } } });
      r.description += `${r.description ? ' ' : ''}${name}: ${e.cause}`;
    }
    if (o.who !== 'anyone') call.security = [{ session: [] }];
    (paths[path] ??= {})[method.toLowerCase()] = call;
  }
  return JSON.stringify({
    openapi: '3.1.0', info: { title: 'Ward', version: '1' }, paths,
    components: {
      schemas: { ...Object.fromEntries(Object.entries(shapes).map(([n, f]) => [n, object(f)])), error: errorSchema },
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: '__Host-session' } },
    },
  }, null, 1) + '\n';
}

const typeName = (t) => {
  if (t.kind === 'list') return `list of ${typeName(t.item)}, at most ${t.max}`;
  if (t.kind === 'record') return `[${t.record}](#type-${t.record})`;
  return SIZED.includes(t.kind) ? `${t.kind}, ${t.max} bytes` : t.kind;
};
const rows = (fields) => fields.map((f) => `| ${f.name} | ${typeName(f.type)} | ${f.meaning} |`);

function docTables({ shapes, ops, errors, common }) {
  const out = ['', '## Operations', '', '| number | operation | who | route | decided as |', '|---|---|---|---|---|'];
  for (const o of ops) {
    const d = o.decision;
    out.push(`| ${o.number} | [${o.op}](#${o.op.replace('.', '')}) | ${o.who}${o.waiting ? ', waiting too' : ''} | ` +
      `${o.route ? `\`${o.route}\`` : ''} | ${d ? `${d.operation} ${d.category} for ${d.purpose}` : ''} |`);
  }
  for (const o of ops) {
    out.push('', `### ${o.op}`, '', o.summary, '');
    if (o.args.length) out.push('| argument | type | meaning |', '|---|---|---|', ...rows(o.args), '');
    if (o.answer.length) out.push('| answer | type | meaning |', '|---|---|---|', ...rows(o.answer), '');
    out.push(`Errors: ${o.errors.length ? o.errors.join(', ') : 'none of its own'}.`);
  }
  out.push('', '## Types');
  for (const [name, fields] of Object.entries(shapes)) {
    out.push('', `### type ${name}`, '', '| field | type | meaning |', '|---|---|---|', ...rows(fields));
  }
  out.push('', '## Errors', '', `Any operation may answer ${common.join(', ')}.`, '',
    '| code | name | HTTP | cause | remedy |', '|---|---|---|---|---|');
  const answered = new Set([...common, ...ops.flatMap((o) => o.errors)]);
  for (const e of errors.filter((x) => answered.has(x.name))) out.push(`| ${e.code} | ${e.name} | ${e.http} | ${e.cause} | ${e.remedy} |`);
  return out.join('\n') + '\n';
}

function docs(data, check) {
  const path = join(root, 'docs/PROTOCOL.md');
  const text = readFileSync(path, 'utf8');
  const mark = '<!-- made by tools/api.mjs from here on -->\n';
  const at = text.indexOf(mark);
  if (at < 0) throw new Error('docs/PROTOCOL.md has no mark');
  const now = text.slice(0, at) + mark + docTables(data);
  if (!check) return writeFileSync(path, now);
  if (now !== text) {
    console.error('docs/PROTOCOL.md is not what api/ says: run node tools/api.mjs docs');
    process.exit(1);
  }
}

const [mode, ...rest] = process.argv.slice(2);
const makers = { header, tables, openapi };
if (mode === 'list') console.log(files.map((f) => join('api', f)).join('\n'));
else if (mode === 'docs') docs(load(), rest[0] === '--check');
else if (makers[mode]) {
  const text = makers[mode](load());
  if (rest[0] === '-o') writeFileSync(rest[1], text);
  else process.stdout.write(text);
} else {
  console.error('usage: node tools/api.mjs list|header|tables|openapi|docs [--check] [-o FILE]');
  process.exit(2);
}
