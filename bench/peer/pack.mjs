// Reads law packs into trees (docs/LAW.md), for translation into another engine's language. It
// trusts that `ward check` accepted the text: what it does not know is an error, not a guess.

// ---- lines, blocks, clauses ----

function stripComment(line) {
  let inString = false;
  for (let i = 0; i < line.length; i++) {
    if (inString && line[i] === '\\') i++;
    else if (line[i] === '"') inString = !inString;
    else if (line[i] === '#' && !inString) return line.slice(0, i);
  }
  return line;
}

function blocks(text) {
  const found = [];
  for (const raw of text.split('\n')) {
    const line = stripComment(raw).trimEnd();
    if (line === '') continue;
    const indent = line.length - line.trimStart().length;
    if (indent === 0) {
      const [kind] = line.split(' ', 1);
      found.push({ kind, head: line.slice(kind.length).trim(), clauses: [], indent: 0 });
      continue;
    }
    const block = found.at(-1);
    if (block.clauses.length === 0) block.indent = indent;
    if (block.clauses.length > 0 && indent > block.indent) {
      block.clauses[block.clauses.length - 1] += ` ${line.trim()}`;
    } else {
      block.clauses.push(line.trim());
    }
  }
  return found;
}

const tokens = (text) => text.match(/"(?:\\.|[^"\\])*"|<=|>=|[<>(),*]|[^\s"<>(),*]+/g) ?? [];

// ---- expressions ----

class Parser {
  constructor(text) {
    this.list = tokens(text);
    this.at = 0;
  }
  peek() { return this.list[this.at]; }
  next() { return this.list[this.at++]; }
  take(word) {
    if (this.peek() !== word) return false;
    this.at++;
    return true;
  }
  must(word) {
    if (!this.take(word)) throw new Error(`expected ${word}, found ${this.peek()}`);
  }
  whole() {
    const tree = this.or();
    if (this.peek() !== undefined) throw new Error(`left over: ${this.peek()}`);
    return tree;
  }
  or() {
    const terms = [this.and()];
    while (this.take('or')) terms.push(this.and());
    return terms.length === 1 ? terms[0] : { op: 'or', terms };
  }
  and() {
    const terms = [this.unary()];
    while (this.take('and')) terms.push(this.unary());
    return terms.length === 1 ? terms[0] : { op: 'and', terms };
  }
  unary() {
    if (this.take('not')) return { op: 'not', term: this.unary() };
    if (this.take('(')) {
      const tree = this.or();
      this.must(')');
      return tree;
    }
    return this.test();
  }
  values() {
    const list = [this.next()];
    while (this.take(',')) list.push(this.next());
    this.must(')');
    return list;
  }
  // What stands left of the operator: a fact, or a table at a fact.
  test() {
    const name = this.next();
    if (this.take('(')) {
      const key = this.next();
      this.must(')');
      return this.compare({ table: name, key });
    }
    if (this.take('present')) return { op: 'present', group: name };
    if (this.take('unknown')) return { op: 'unknown', fact: name };
    if (this.take('known')) return { op: 'not', term: { op: 'unknown', fact: name } };
    if (this.take('uncovered')) return { op: 'uncovered', fact: name };
    if (this.take('matches')) return { op: 'matches', fact: name, other: this.next() };
    if (this.take('same')) {
      this.must('as');
      return { op: 'same', fact: name, other: this.next() };
    }
    return this.compare({ fact: name });
  }
  compare(left) {
    const before = this.at;
    const negated = this.take('not');
    if (this.take('in')) {
      const test = this.take('(') ? { op: 'in', left, values: this.values() }
        : { op: 'in', left, set: this.next() };
      return negated ? { op: 'not', term: test } : test;
    }
    this.at = before;
    if (this.take('is')) {
      const not = this.take('not');
      const test = { op: 'is', left, value: this.operand() };
      return not ? { op: 'not', term: test } : test;
    }
    if (['<', '<=', '>', '>='].includes(this.peek())) {
      return { op: this.next(), left, value: this.operand() };
    }
    return { op: 'name', name: left.fact };
  }
  operand() {
    const word = this.next();
    if (!this.take('(')) return { word };
    const key = this.next();
    this.must(')');
    return { table: word, key };
  }
}

export const expression = (text) => new Parser(text).whole();

// ---- what blocks hold ----

// Dates at the end of a row or clause: from, until; a string and `unverified` say nothing here.
function dated(words) {
  const rest = [];
  const row = { from: '0000-00-00', until: '9999-99-99' };
  for (let i = 0; i < words.length; i++) {
    if (words[i] === 'from') row.from = words[++i];
    else if (words[i] === 'until') row.until = words[++i];
    else if (words[i] !== 'unverified' && words[i][0] !== '"') rest.push(words[i]);
  }
  return { ...row, words: rest };
}

const clause = (block, name) => {
  const line = block.clauses.find((c) => c === name || c.startsWith(`${name} `));
  return line === undefined ? undefined : line.slice(name.length).trim();
};

function rule(block) {
  const [article] = block.head.split(' ', 1);
  const made = { article, from: clause(block, 'from') ?? '0000-00-00',
    until: clause(block, 'until') ?? '9999-99-99' };
  const when = clause(block, 'when');
  made.when = when === undefined ? undefined : expression(when);
  for (const kind of ['forbid', 'require', 'ground', 'duty']) {
    const body = clause(block, kind);
    if (body === undefined) continue;
    made.kind = kind;
    if (kind === 'require' || kind === 'ground') made.body = expression(body);
  }
  return made;
}

export function readPacks(texts) {
  const pack = { sets: {}, tables: {}, defines: {}, rules: [] };
  for (const block of texts.flatMap(blocks)) {
    const [name] = block.head.split(' ', 1);
    if (block.kind === 'law') {
      const asks = clause(block, 'asks');
      const [, article, when] = asks?.match(/^(\S+)(?:\s+when\s+(.*))?$/) ?? [];
      pack.law = { name, covers: clause(block, 'covers'), binds: expression(clause(block, 'binds')),
        from: clause(block, 'from'), until: clause(block, 'until') ?? '9999-99-99',
        asks: asks === undefined ? undefined : { article, when: when && expression(when) } };
    } else if (block.kind === 'set') {
      pack.sets[name] = block.clauses.map((c) => dated(tokens(c)));
    } else if (block.kind === 'table') {
      pack.tables[name] = block.clauses.map((c) => {
        const row = dated(tokens(c));
        return { key: row.words[0], value: row.words[1], from: row.from, until: row.until };
      });
    } else if (block.kind === 'define') {
      pack.defines[name] = expression(clause(block, 'means'));
    } else if (block.kind === 'rule') {
      pack.rules.push(rule(block));
    }
  }
  return pack;
}
