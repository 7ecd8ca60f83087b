// Walks blocks of the space with the independent procedure and prints a hash for each.
// node walk.mjs LAWDIR SPACE < "space-number block-number" lines; or node walk.mjs LAWDIR SPACE show N B
import path from 'node:path';
import readline from 'node:readline';
import { Law } from './decide.mjs';
import { settle, FactError } from './facts.mjs';
import { BLOCK, point, readSpaces } from './space.mjs';

const [dir, file, mode, n, b] = process.argv.slice(2);
const law = new Law(path.resolve(dir));
const spaces = readSpaces(file);

const lines = new Map();

/** The answer as text. The same words from the same laws are put together once. */
function line(space, index) {
  try {
    const heard = law.hearAll(settle(law.vocabulary, point(space, index, law.vocabulary), '2026-11-21T12:00:00Z'), { house: true });
    let key = '';
    for (const h of heard) key += `${h.law} ${h.for.join()} ${h.against.join()} ${h.needs.join()} ${h.duties.join()};`;
    if (!lines.has(key)) lines.set(key, JSON.stringify(law.answerTo(heard)));
    return lines.get(key);
  } catch (e) {
    if (e instanceof FactError) return `error ${e.fact}`;
    throw e;
  }
}

const hashes = new Map();

/** FNV-1a over the bytes; answers repeat, so each is hashed once. */
function hash(text) {
  let h = hashes.get(text);
  if (h === undefined) {
    h = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
    hashes.set(text, h);
  }
  return h;
}

function walk(space, block) {
  let low = 1;
  let high = 7;
  const end = Math.min(space.size, (block + 1) * BLOCK);
  for (let i = block * BLOCK; i < end; i++) {
    const h = hash(line(space, i));
    low = (Math.imul(low, 31) + h) >>> 0;
    high = (Math.imul(high ^ h, 0x01000193) + 1) >>> 0;
  }
  return `${end - block * BLOCK} ${low.toString(16).padStart(8, '0')}${high.toString(16).padStart(8, '0')}`;
}

if (mode === 'show') {
  const space = spaces[n];
  for (let i = b * BLOCK; i < Math.min(space.size, (Number(b) + 1) * BLOCK); i++) console.log(`${i} ${line(space, i)}`);
} else {
  for await (const l of readline.createInterface({ input: process.stdin })) {
    const [i, block] = l.split(' ').map(Number);
    process.stdout.write(`${i} ${block} ${walk(spaces[i], block)}\n`);
  }
}
