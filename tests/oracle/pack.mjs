// Reads law packs. Made from docs/LAW.md alone, and kept slow and obvious: it exists to disagree
// with the engine where one of the two is wrong.

const TOKEN = /\s+|#.*|"((?:[^"\\]|\\["\\])*)"|<=|>=|[<>(),]|[^\s"#<>(),]+/y;

function tokens(line) {
  const out = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < line.length) {
    const at = TOKEN.lastIndex;
    const m = TOKEN.exec(line);
    if (!m) throw new Error(`cannot read: ${line.slice(at)}`);
    if (/^\s|^#/.test(m[0])) continue;
    out.push(m[1] === undefined ? { text: m[0], at } : { string: m[1].replace(/\\(.)/g, '$1'), at });
  }
  return out;
}

/** Blocks with their clauses, each clause a list of tokens. */
function blocks(text) {
  const out = [];
  let indent = 0;
  for (const line of text.split('\n')) {
    const t = tokens(line);
    if (t.length === 0) continue;
    if (t[0].at === 0) {
      out.push({ head: t, clauses: [] });
      indent = 0;
    } else if (indent !== 0 && t[0].at > indent) {
      out.at(-1).clauses.at(-1).push({ gap: true }, ...t);
    } else {
      indent ||= t[0].at;
      out.at(-1).clauses.push(t);
    }
  }
  return out;
}

/** Walks over tokens. */
class Cursor {
  constructor(list) { this.list = list.filter((t) => !t.gap); this.i = 0; }
  get here() { return this.list[this.i]; }
  get done() { return this.i >= this.list.length; }
  is(...texts) { return !this.done && texts.includes(this.here.text); }
  take(text) { if (this.is(text)) { this.i++; return true; } return false; }
  must(text) { if (!this.take(text)) throw new Error(`expected ${text}, found ${JSON.stringify(this.here)}`); }
  word() { const t = this.here; if (!t?.text || '(),<>'.includes(t.text)) throw new Error(`expected a word, found ${JSON.stringify(t)}`); this.i++; return t.text; }
  string() { const t = this.here; if (t?.string === undefined) throw new Error('expected a string'); this.i++; return t.string; }
  maybeString() { return this.here?.string === undefined ? undefined : this.string(); }
  /** An article: words and parentheses that touch. */
  article() {
    let text = this.word();
    let end = this.list[this.i - 1].at + text.length;
    while (!this.done && this.here.text && this.here.at === end && this.here.text !== ',') {
      text += this.here.text;
      end += this.here.text.length;
      this.i++;
    }
    return text;
  }
}

function parseOr(c) {
  const parts = [parseAnd(c)];
  while (c.take('or')) parts.push(parseAnd(c));
  return parts.length === 1 ? parts[0] : { op: 'or', parts };
}

function parseAnd(c) {
  const parts = [parseUnary(c)];
  while (c.take('and')) parts.push(parseUnary(c));
  return parts.length === 1 ? parts[0] : { op: 'and', parts };
}

function parseUnary(c) {
  if (c.take('not')) return { op: 'not', part: parseUnary(c) };
  if (c.take('(')) {
    const e = parseOr(c);
    c.must(')');
    return e;
  }
  return parseTest(c);
}

function values(c) {
  c.must('(');
  const list = [c.word()];
  while (c.take(',')) list.push(c.word());
  c.must(')');
  return list;
}

function parseTest(c) {
  const name = c.word();
  if (c.take('(')) {
    const fact = c.word();
    c.must(')');
    const negated = c.take('is') ? c.take('not') : c.take('not') ? (c.must('in'), true) : (c.must('in'), false);
    return { op: 'table', table: name, fact, negated, list: c.is('(') ? values(c) : [c.word()] };
  }
  for (const op of ['unknown', 'known', 'present', 'uncovered']) if (c.take(op)) return { op, fact: name };
  if (c.take('matches')) return { op: 'matches', fact: name, other: c.word() };
  if (c.take('same')) {
    c.must('as');
    return { op: 'same', fact: name, other: c.word() };
  }
  for (const cmp of ['<', '<=', '>', '>=']) if (c.take(cmp)) return { op: 'number', fact: name, cmp, ...operand(c) };
  if (c.take('is')) {
    const negated = c.take('not');
    return { op: 'is', fact: name, negated, ...operand(c) };
  }
  if (c.is('in') || c.is('not')) {
    const negated = c.take('not');
    c.must('in');
    return c.is('(') ? { op: 'in', fact: name, negated, list: values(c) } : { op: 'in', fact: name, negated, set: c.word() };
  }
  return { op: 'name', name };
}

/** A value, or a table's value for a fact. */
function operand(c) {
  const text = c.word();
  if (!c.take('(')) return { value: text };
  const fact = c.word();
  c.must(')');
  return { table: text, key: fact };
}

function dates(c, row) {
  while (!c.done) {
    if (c.take('from')) row.from = c.word();
    else if (c.take('until')) row.until = c.word();
    else if (c.take('unverified')) row.unverified = true;
    else row.source = c.string();
  }
  return row;
}

function needs(c) {
  const list = [];
  do {
    const need = { name: c.word() };
    if (c.take('if')) need.when = parseOr(c);
    list.push(need);
  } while (c.take(','));
  return list;
}

function words(c) {
  const list = [c.word()];
  while (c.take(',')) list.push(c.word());
  return list;
}

function lawBlock(block, c) {
  const law = { id: c.word(), title: c.string(), covers: [], asksNeeds: [] };
  for (const clause of block.clauses) {
    const k = new Cursor(clause);
    const word = k.word();
    if (word === 'from' || word === 'until') law[word] = k.word();
    else if (word === 'covers') law.covers = words(k);
    else if (word === 'binds') law.binds = parseOr(k);
    else if (word === 'asks') law.asks = { article: k.article(), when: k.take('when') ? parseOr(k) : undefined };
    else if (word === 'need') law.asksNeeds.push(...needs(k));
    else if (word !== 'source') throw new Error(`law: ${word}`);
  }
  return law;
}

function ruleBlock(block, c) {
  const rule = { article: c.article(), title: c.maybeString(), needs: [], duties: [] };
  for (const clause of block.clauses) {
    const k = new Cursor(clause);
    const word = k.word();
    if (word === 'when') rule.when = parseOr(k);
    else if (word === 'forbid') rule.kind = 'forbid';
    else if (word === 'require' || word === 'ground') { rule.kind = word; rule.test = parseOr(k); }
    else if (word === 'duty') { rule.kind = 'duty'; rule.duties = words(k); }
    else if (word === 'need') rule.needs.push(...needs(k));
    else if (word === 'from' || word === 'until') rule[word] = k.word();
    else if (!['quote', 'source', 'unverified', 'note'].includes(word)) throw new Error(`rule: ${word}`);
  }
  return rule;
}

function setBlock(block) {
  const rows = [];
  for (const clause of block.clauses) {
    const k = new Cursor(clause);
    const members = [];
    while (!k.done && k.here.text && !['from', 'until', 'unverified'].includes(k.here.text)) members.push(k.word());
    rows.push(dates(k, { members }));
  }
  return rows;
}

const tableBlock = (block) => block.clauses.map((clause) => {
  const k = new Cursor(clause);
  return dates(k, { key: k.word(), value: k.word() });
});

/** One file: {law | common, sets, tables, defines, rules, cases}. */
export function readPack(text) {
  const pack = { sets: {}, tables: {}, defines: {}, rules: [] };
  for (const block of blocks(text)) {
    const c = new Cursor(block.head);
    const kind = c.word();
    if (kind === 'law') pack.law = lawBlock(block, c);
    else if (kind === 'set') pack.sets[c.word()] = setBlock(block);
    else if (kind === 'table') pack.tables[c.word()] = tableBlock(block);
    else if (kind === 'define') pack.defines[c.word()] = parseOr(new Cursor(block.clauses[0].slice(1)));
    else if (kind === 'rule') pack.rules.push(ruleBlock(block, c));
    else if (!['common', 'facts', 'case'].includes(kind)) throw new Error(`block: ${kind}`);
  }
  return pack;
}
