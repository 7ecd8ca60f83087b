// The numbering of space.txt, shared with nobody: tests/oracle/walk.c has its own reader of it.
import fs from 'node:fs';

export const BLOCK = 4096;

export function readSpaces(file) {
  const spaces = [];
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const [word, name, ...values] = line.trim().split(/\s+/);
    if (!word || word.startsWith('#')) continue;
    if (word === 'space') spaces.push({ name, base: [], vary: [] });
    else if (word === 'base') spaces.at(-1).base.push([name, values[0]]);
    else if (word === 'vary') spaces.at(-1).vary.push([name, values]);
    else throw new Error(`space.txt: ${line}`);
  }
  for (const s of spaces) s.size = s.vary.reduce((n, [, v]) => n * v.length, 1);
  return spaces;
}

const written = (row, text) => (row.type === 'bool' ? text === 'true' : row.type.startsWith('int') ? Number(text) : text);

/** The given facts of one point; a fact that cannot stand in a region's country is left to be an error. */
export function point(space, index, vocabulary) {
  const given = {};
  for (const [name, text] of space.base) given[name] = written(vocabulary.get(name), text);
  let rest = index;
  for (let i = space.vary.length - 1; i >= 0; i--) {
    const [name, values] = space.vary[i];
    const text = values[rest % values.length];
    rest = Math.floor(rest / values.length);
    if (text !== 'absent') given[name] = written(vocabulary.get(name), text);
  }
  return given;
}

/** The blocks to walk: all, or a seeded sample of `points` spread over all spaces. */
export function blocks(spaces, points, seed) {
  const all = spaces.flatMap((s, i) => Array.from({ length: Math.ceil(s.size / BLOCK) }, (_, b) => [i, b]));
  if (!points || all.length * BLOCK <= points) return all;
  let state = seed >>> 0;
  const random = () => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return state / 2 ** 32; };
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j], all[i]];
  }
  // Small spaces are walked whole, so that no space is left to luck.
  const small = all.filter(([i]) => spaces[i].size <= 4 * BLOCK);
  const large = all.filter(([i]) => spaces[i].size > 4 * BLOCK);
  return [...small, ...large.slice(0, Math.ceil(points / BLOCK))].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}
