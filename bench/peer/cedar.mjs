// A law pack as Cedar policies, made from its text, as it stands on one date. Tables and sets are
// folded into literal sets for that date, which spares Cedar a look-up that Ward does.
//
// Cedar knows true and false. Ward's third value (docs/LAW.md section 5) is put in by translating
// each expression twice: what is surely true (for what must hold) and what is not surely false (for
// what stands in the way).

const inForce = (row, date) => row.from <= date && date <= row.until;
const field = (fact) => `context.${fact.replaceAll('.', '_')}`;
const quoted = (word) => JSON.stringify(word);
const listed = (words) => `[${words.map(quoted).join(', ')}]`;
const any = (parts) => (parts.length === 0 ? 'false' : `(${parts.join(' || ')})`);
const all = (parts) => (parts.length === 0 ? 'true' : `(${parts.join(' && ')})`);

export class Cedar {
  constructor(pack, vocabulary, date) {
    Object.assign(this, { pack, vocabulary, date });
  }

  setMembers(name) {
    return this.pack.sets[name].filter((row) => inForce(row, this.date)).flatMap((row) => row.words);
  }

  // Keys by value, and the value of every other key.
  table(name) {
    const rows = this.pack.tables[name].filter((row) => inForce(row, this.date));
    const byValue = new Map();
    for (const row of rows.filter((r) => r.key !== '*')) {
      byValue.set(row.value, [...(byValue.get(row.value) ?? []), row.key]);
    }
    const named = rows.filter((r) => r.key !== '*').map((r) => r.key);
    return { byValue, named, other: rows.find((r) => r.key === '*').value };
  }

  // For each value of a table: when the key has it.
  tableCases({ table, key }) {
    const { byValue, named, other } = this.table(table);
    const cases = [...byValue].filter(([value]) => value !== other)
      .map(([value, keys]) => [value, `${listed(keys)}.contains(${field(key)})`]);
    const unlike = named.filter((k) => !(byValue.get(other) ?? []).includes(k));
    return [...cases, [other, `!(${listed(unlike)}.contains(${field(key)}))`]];
  }

  // A test of a fact that can be neither known nor false.
  guarded(fact, test, sure) {
    if (this.vocabulary[fact]?.absent !== 'unknown') return test;
    return sure ? `(${field(fact)} != "" && ${test})` : `(${field(fact)} == "" || ${test})`;
  }

  compare(op, left, value, sure) {
    const sign = op === 'is' ? '==' : op;
    if (left.table !== undefined) {
      return any(this.tableCases(left).filter(([v]) => v === value.word).map(([, test]) => test));
    }
    if (value.table !== undefined) {
      return any(this.tableCases(value)
        .map(([v, test]) => `(${test} && ${field(left.fact)} ${sign} ${v})`));
    }
    const literal = this.vocabulary[left.fact].type.startsWith('int') ? value.word
      : quoted(value.word);
    return this.guarded(left.fact, `${field(left.fact)} ${sign} ${literal}`, sure);
  }

  member(tree, sure) {
    const words = tree.values ?? this.setMembers(tree.set);
    if (tree.left.table !== undefined) {
      return any(this.tableCases(tree.left).filter(([v]) => words.includes(v)).map(([, t]) => t));
    }
    return this.guarded(tree.left.fact, `${listed(words)}.contains(${field(tree.left.fact)})`, sure);
  }

  matches({ fact, other }, sure) {
    const [a, b] = [field(fact), field(other)];
    return sure ? `(${a} != "" && ${b} != "" && ${a} == ${b})`
      : `(${a} == "" || ${b} == "" || ${a} == ${b})`;
  }

  covered() {
    return (this.pack.law.covers ?? '').split(',').map((w) => w.trim()).filter(Boolean)
      .flatMap((w) => (this.pack.sets[w] ? this.pack.sets[w].flatMap((row) => row.words) : [w]));
  }

  unknown(fact) {
    return this.vocabulary[fact].type.startsWith('int') ? `${field(fact)} < 0`
      : `${field(fact)} == ""`;
  }

  // `sure`: surely true; otherwise: not surely false.
  expr(tree, sure) {
    switch (tree.op) {
      case 'and': return all(tree.terms.map((t) => this.expr(t, sure)));
      case 'or': return any(tree.terms.map((t) => this.expr(t, sure)));
      case 'not': return `!(${this.expr(tree.term, !sure)})`;
      case 'name': return this.pack.defines[tree.name] === undefined ? field(tree.name)
        : this.expr(this.pack.defines[tree.name], sure);
      case 'present': return `context.${tree.group}_present`;
      case 'unknown': return this.unknown(tree.fact);
      case 'uncovered': return `!(${listed(this.covered())}.contains(${field(tree.fact)}))`;
      case 'matches': return this.matches(tree, sure);
      case 'same': return `(${field(tree.fact)} != "" && ${field(tree.fact)} == ${field(tree.other)})`;
      case 'in': return this.member(tree, sure);
      default: return this.compare(tree.op, tree.left, tree.value, sure);
    }
  }

  policy(effect, id, condition) {
    return `@id(${quoted(id)})\n${effect}(principal, action, resource)\nwhen { ${condition} };`;
  }

  rule(rule, id, binds) {
    const when = rule.when === undefined ? 'true' : this.expr(rule.when, rule.kind === 'ground');
    if (rule.kind === 'forbid') return this.policy('forbid', id, `${binds} && ${when}`);
    if (rule.kind === 'require') {
      return this.policy('forbid', id, `${binds} && ${when} && !(${this.expr(rule.body, true)})`);
    }
    return this.policy('permit', id, `${when} && ${this.expr(rule.body, true)}`);
  }

  // {id: text}; ids are articles with a running number, since several rules bear the same one.
  policies() {
    const { law, rules } = this.pack;
    if (!inForce(law, this.date)) return { 'not in force': this.policy('permit', 'not in force', 'true') };
    const binds = this.expr(law.binds, false);
    const made = { 'not bound': this.policy('permit', 'not bound', `!(${binds})`) };
    if (law.asks === undefined || law.asks.when !== undefined) {
      const asks = law.asks === undefined ? 'false' : this.expr(law.asks.when, false);
      made['asks nothing'] = this.policy('permit', 'asks nothing', `!(${asks})`);
    }
    rules.filter((r) => r.kind !== 'duty' && inForce(r, this.date)).forEach((r, i) => {
      const id = `${r.article}#${i}`;
      made[id] = this.rule(r, id, binds);
    });
    return made;
  }
}
