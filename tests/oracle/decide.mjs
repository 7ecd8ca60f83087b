// Decides: docs/LAW.md, sections 3, 5 and 6, step by step.
import fs from 'node:fs';
import path from 'node:path';
import { readPack } from './pack.mjs';
import { FactError, flatten, readVocabulary, settle } from './facts.mjs';

const FALSE = 0;
const UNKNOWN = 1;
const TRUE = 2;
const truth = (b) => (b ? TRUE : FALSE);
const not = (v) => TRUE - v;

const inForce = (x, today) => (x.from === undefined || x.from <= today) && (x.until === undefined || x.until >= today);

/** Facts whose absence leaves a test neither true nor false. */
const THREE_VALUED = new Set(['controller.country', 'subject.language', 'notice.language']);
const AGES = new Set(['subject.age', 'consent.age']);

/** Remembers f(key) for each key; everything dated is asked for again and again for few dates. */
function remember(f) {
  const known = new Map();
  return (key) => {
    if (!known.has(key)) known.set(key, f(key));
    return known.get(key);
  };
}

/** The value of a table for a key on a date. */
function lookUp(rows) {
  const on = remember((today) => remember((key) => (rows.find((r) => r.key === key && inForce(r, today)) ?? rows.find((r) => r.key === '*' && inForce(r, today))).value));
  return (key, today) => on(today)(key);
}

const membersOf = (rows) => remember((today) => rows.filter((r) => inForce(r, today)).flatMap((r) => r.members));

function compare(a, cmp, b) {
  if (a === undefined) return truth(cmp === '<' || cmp === '<=');
  return truth(cmp === '<' ? a < b : cmp === '<=' ? a <= b : cmp === '>' ? a > b : a >= b);
}

export class Law {
  /** All packs of a directory, and the table of facts. */
  constructor(dir) {
    this.vocabulary = readVocabulary(path.join(dir, 'vocabulary.txt'));
    const packs = fs.readdirSync(dir).filter((f) => f.endsWith('.law')).sort().map((f) => readPack(fs.readFileSync(path.join(dir, f), 'utf8')));
    const common = packs.find((p) => !p.law) ?? { sets: {}, tables: {}, defines: {} };
    this.packs = packs.filter((p) => p.law).map((p) => ({
      ...p, sets: { ...common.sets, ...p.sets }, tables: { ...common.tables, ...p.tables }, defines: { ...common.defines, ...p.defines },
    }));
    this.packs = this.packs.map((p) => ({ ...p, ...this.compilePack(p) }));
    this.covered = new Set(this.packs.flatMap((p) => p.law.covers.flatMap((c) => (p.sets[c] ? p.sets[c].flatMap((r) => r.members) : [c.slice(0, 2)]))));
  }

  compilePack(p) {
    const needs = (list) => list.map((n) => ({ name: n.name, when: this.compile(p, n.when) }));
    const rules = p.rules.map((r) => ({ ...r, when: this.compile(p, r.when), test: this.compile(p, r.test), needs: needs(r.needs) }));
    return {
      inForce: remember((today) => { const now = rules.filter((r) => inForce(r, today)); return { grounds: now.filter((r) => r.kind === 'ground'), others: now.filter((r) => r.kind !== 'ground') }; }), binds: this.compile(p, p.law.binds),
      asks: p.law.asks && { article: p.law.asks.article, when: this.compile(p, p.law.asks.when), needs: needs(p.law.asksNeeds) },
    };
  }

  /** An expression as a function of settled facts. */
  compile(p, e) {
    if (e === undefined) return () => TRUE;
    const parts = e.parts?.map((x) => this.compile(p, x));
    const { number } = this.vocabulary;
    const i = number[e.fact];
    const j = number[e.other];
    switch (e.op) {
      case 'and': return (f) => { let v = TRUE; for (const x of parts) { v = Math.min(v, x(f)); if (v === FALSE) break; } return v; };
      case 'or': return (f) => { let v = FALSE; for (const x of parts) { v = Math.max(v, x(f)); if (v === TRUE) break; } return v; };
      case 'not': { const x = this.compile(p, e.part); return (f) => not(x(f)); }
      case 'name': {
        if (p.defines[e.name]) return this.compile(p, p.defines[e.name]);
        const k = number[e.name];
        return (f) => truth(f[k] === true);
      }
      case 'unknown': return (f) => truth(f[i] === undefined);
      case 'known': return (f) => truth(f[i] !== undefined);
      case 'present': { const k = number[`${e.fact} present`]; return (f) => truth(f[k]); }
      case 'uncovered': return (f) => truth(f[i] === undefined || !this.covered.has(f[i]));
      case 'matches': {
        const primary = (t) => t.split('-')[0].toLowerCase();
        return (f) => (f[i] === undefined || f[j] === undefined ? UNKNOWN : truth(primary(f[i]) === primary(f[j])));
      }
      case 'same': return (f) => truth(f[i] !== undefined && f[i] === f[j]);
      default: return this.compileTest(p, e);
    }
  }

  compileTest(p, e) {
    const test = this.knownTest(p, e);
    const three = [e.fact, e.key].filter((x) => THREE_VALUED.has(x)).map((x) => this.vocabulary.number[x]);
    return three.length === 0 ? test : (f) => (three.some((x) => f[x] === undefined) ? UNKNOWN : test(f));
  }

  /** A test whose facts are there, or whose absence has a meaning of its own. */
  knownTest(p, e) {
    const { number } = this.vocabulary;
    const i = number[e.fact];
    const k = number[e.key];
    const country = number['subject.country'];
    const table = e.table && lookUp(p.tables[e.table]);
    const operand = e.key ? (f) => table(f[k], f[number.today]) : () => e.value;
    if (e.op === 'number') return (f) => compare(f[i], e.cmp, Number(operand(f)));
    if (e.op === 'table') return (f) => truth(e.list.includes(table(f[i], f[number.today])) !== e.negated);
    if (e.op === 'is' && AGES.has(e.fact)) return (f) => truth((f[i] !== undefined && f[i] === Number(operand(f))) !== e.negated);
    const members = e.set && membersOf(p.sets[e.set]);
    const list = e.op === 'is' ? (f) => [operand(f)] : e.set ? (f) => members(f[number.today]) : () => e.list;
    if (e.fact === 'subject.region') {
      return (f) => truth((f[i] === undefined ? list(f).some((r) => r.slice(0, 2) === f[country]) : list(f).includes(f[i])) !== e.negated);
    }
    return (f) => truth((f[i] !== undefined && list(f).includes(f[i])) !== e.negated);
  }

  /** What one law that binds says: rules for and against, needs, duties. */
  hear(p, f) {
    const said = { for: [], against: [], needs: [], duties: [] };
    const against = (article, needs) => {
      said.against.push(article);
      for (const n of needs) if (n.when(f) !== FALSE) said.needs.push(n.name);
    };
    const { grounds, others } = p.inForce(f[this.vocabulary.number.today]);
    for (const r of others) {
      if (r.when(f) === FALSE) continue;
      if (r.kind === 'forbid') against(r.article, r.needs);
      else if (r.kind === 'duty') said.duties.push(...r.duties);
      else if (r.test(f) === TRUE) said.for.push(r.article);
      else against(r.article, r.needs);
    }
    if (p.asks && p.asks.when(f) !== FALSE) {
      const holding = grounds.filter((r) => r.when(f) === TRUE && r.test(f) === TRUE);
      said.for.push(...holding.map((r) => r.article));
      if (holding.length === 0) {
        const named = grounds.filter((r) => r.when(f) !== FALSE);
        for (const r of named) against(r.article, r.needs);
        if (named.length === 0) against(p.asks.article, p.asks.needs);
      }
    }
    return said;
  }

  /** What each law that binds says. */
  hearAll(f, { laws, house = false } = {}) {
    const today = f[this.vocabulary.number.today];
    return this.packs.filter((p) => (p.law.id === 'house' ? house : !laws || laws.includes(p.law.id)) && inForce(p.law, today) && p.binds(f) !== FALSE)
      .map((p) => ({ law: p.law.id, ...this.hear(p, f) }));
  }

  /** The answer to settled facts, as the object that is printed. */
  decide(f, options) {
    return this.answerTo(this.hearAll(f, options));
  }

  answerTo(heard) {
    const deny = heard.some((h) => h.against.length > 0);
    const bytes = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const unique = (list) => [...new Set(list)].sort(bytes);
    const rules = [...heard].sort((a, b) => bytes(a.law, b.law)).flatMap((h) => unique(deny ? h.against : h.for).map((article) => ({ law: h.law, article })));
    return {
      decision: deny ? 'deny' : 'permit', laws: unique(heard.map((h) => h.law)), rules,
      needs: deny ? unique(heard.flatMap((h) => h.needs)) : [], duties: deny ? [] : unique(heard.flatMap((h) => h.duties)),
    };
  }

  /** The answer to one object of facts. */
  answer(object, options = {}) {
    try {
      return this.decide(settle(this.vocabulary, flatten(this.vocabulary, object), options.now ?? new Date().toISOString()), options);
    } catch (e) {
      if (!(e instanceof FactError)) throw e;
      return { error: { code: e.code, message: '', fact: e.fact } };
    }
  }
}
