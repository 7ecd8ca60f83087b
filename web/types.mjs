// Makes the client's types from the operations in api/, and its words from the table of errors.
import fs from 'node:fs';
import path from 'node:path';

const simple = { bool: 'boolean', u32: 'number', u64: 'number', i64: 'number', id: 'string', date: 'string', time: 'string' };
const pascal = (s) => s.split(/[._-]/).map((w) => w[0].toUpperCase() + w.slice(1)).join('');

const item = (t) => /^list\((.+?)(?:,\d+)?\)$/.exec(t)?.[1];

function type(t) {
  const of = item(t);
  if (of) return `${type(of)}[]`;
  if (/^(text|secret|bytes)\(/.test(t)) return 'string';
  return simple[t] ?? pascal(t);
}

const fields = (list) => list.map((f) => `  /** ${f.meaning} */\n  ${f.name}: ${type(f.type)};`).join('\n');

/** The answers of the operations that have a route, and the types in them. */
export function writeTypes(apiDir, outFile) {
  const read = (file) => JSON.parse(fs.readFileSync(path.join(apiDir, file), 'utf8'));
  const types = read('TYPES.json');
  const operations = fs.readdirSync(apiDir).filter((f) => /^[a-z.]+\.json$/.test(f)).sort().map(read).filter((op) => op.route);
  const used = new Set();
  const use = (list) => {
    for (const t of list.map((f) => item(f.type) ?? f.type).filter((t) => types[t] && !used.has(t))) {
      used.add(t);
      use(types[t]);
    }
  };
  for (const op of operations) use(op.answer);
  const parts = ['// Made from api/ by web/types.mjs; do not edit.'];
  for (const name of Object.keys(types).filter((t) => used.has(t))) {
    parts.push(`export interface ${pascal(name)} {\n${fields(types[name])}\n}`);
  }
  for (const op of operations) {
    parts.push(`/** ${op.summary} ${op.route} */\nexport interface ${pascal(op.op)}Answer {\n${fields(op.answer)}\n}`);
  }
  fs.writeFileSync(outFile, parts.join('\n\n') + '\n');
}

/** The English of what can be wrong with a clip: the service only names it there. */
export function writeErrors(table, outFile) {
  const rows = [...fs.readFileSync(table, 'utf8').matchAll(/^ERROR\((E_(?:MEDIA|STUDIO)_\w+), \d+, \w+, \d+, ("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*")\)$/gm)];
  if (rows.length === 0) throw new Error(`${table} names no errors of clips`);
  fs.writeFileSync(outFile, `// Made from the table of errors by web/types.mjs; do not edit.
export const media: Readonly<Record<string, readonly [string, string]>> = {
${rows.map(([, name, cause, remedy]) => `  ${name}: [${cause}, ${remedy}],`).join('\n')}
};
`);
}
