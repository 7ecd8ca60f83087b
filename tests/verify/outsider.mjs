// An outsider's verifier, written from the C2SP specifications and RFC 9162 with none of Ward's code:
// checks a published log and tlog-proof files with nothing but Node.js.
// Usage: outsider.mjs DIR VKEY_FILE [PROOF...]; prints one line per check, exits 1 if any fails.
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { readFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const sha = (...parts) => parts.reduce((h, p) => h.update(p), createHash('sha256')).digest();
const leafHash = (entry) => sha(Buffer.from([0]), entry);
const nodeHash = (l, r) => sha(Buffer.from([1]), l, r);

function root(hashes) {
    if (hashes.length === 0) return sha();
    if (hashes.length === 1) return hashes[0];
    let k = 1;
    while (k * 2 < hashes.length) k *= 2;
    return nodeHash(root(hashes.slice(0, k)), root(hashes.slice(k)));
}

function parseVkey(text) {
    const [name, hash, ...rest] = text.trim().split('+');
    const raw = Buffer.from(rest.join('+'), 'base64');
    const id = sha(Buffer.from(name + '\n'), raw).subarray(0, 4);
    if (id.toString('hex') !== hash || raw[0] !== 1) throw new Error('vkey');
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw.subarray(1)]);
    return { name, id, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

function openCheckpoint(note, vkey) {
    const at = note.lastIndexOf('\n\n');
    const text = note.slice(0, at + 1);
    const lines = note.slice(at + 2).split('\n').filter((l) => l !== '');
    const good = lines.some((line) => {
        const [dash, name, base64] = line.split(' ');
        const raw = Buffer.from(base64, 'base64');
        return dash === '\u2014' && name === vkey.name && raw.subarray(0, 4).equals(vkey.id) &&
            verifySignature(null, Buffer.from(text), vkey.key, raw.subarray(4));
    });
    if (!good) throw new Error('signature');
    const [origin, size, hash] = text.split('\n');
    if (origin !== vkey.name || !/^(0|[1-9][0-9]*)$/.test(size)) throw new Error('checkpoint');
    return { size: Number(size), root: Buffer.from(hash, 'base64') };
}

function tilePath(level, index, width) {
    let n = String(index % 1000).padStart(3, '0');
    for (let i = Math.floor(index / 1000); i > 0; i = Math.floor(i / 1000)) {
        n = `x${String(i % 1000).padStart(3, '0')}/${n}`;
    }
    return `tile/${level}/${n}${width === 256 ? '' : `.p/${width}`}`;
}

function readEntries(dir, size) {
    const entries = [];
    for (let at = 0; at < size; at += 256) {
        const width = Math.min(256, size - at);
        const bundle = readFileSync(join(dir, tilePath('entries', at / 256, width)));
        let from = 0;
        for (let i = 0; i < width; i++) {
            const len = bundle.readUInt16BE(from);
            entries.push(bundle.subarray(from + 2, from + 2 + len));
            from += 2 + len;
        }
        if (from !== bundle.length) throw new Error(`bundle ${at / 256}`);
    }
    return entries;
}

// Every tile that the specification says is there, and nothing else.
function checkTiles(dir, hashes) {
    const expected = new Set(['checkpoint']);
    for (let level = 0, row = hashes; row.length > 0; level++) {
        const next = [];
        for (let at = 0; at < row.length; at += 256) {
            const part = row.slice(at, at + 256);
            const path = tilePath(level, at / 256, part.length);
            if (!readFileSync(join(dir, path)).equals(Buffer.concat(part))) throw new Error(path);
            expected.add(path);
            if (level === 0) expected.add(tilePath('entries', at / 256, part.length));
            if (part.length === 256) next.push(root(part));
        }
        row = next;
    }
    return expected;
}

function allFiles(dir, under = '') {
    return readdirSync(join(dir, under)).flatMap((name) => {
        const path = under === '' ? name : `${under}/${name}`;
        return statSync(join(dir, path)).isDirectory() ? allFiles(dir, path) : [path];
    });
}

// The beginning of a tile that grew since an earlier checkpoint.
function isEarlier(dir, path, expected) {
    const [base, width] = path.split('.p/');
    const now = [...expected].find((p) => p === base || p.startsWith(`${base}.p/`));
    return width !== undefined && now !== undefined &&
        readFileSync(join(dir, now)).indexOf(readFileSync(join(dir, path))) === 0;
}

// RFC 9162, 2.1.3.2.
function checkInclusion(hash, index, size, path, want) {
    let fn = index;
    let sn = size - 1;
    let r = hash;
    for (const p of path) {
        if (sn === 0) throw new Error('path too long');
        if (fn % 2 === 1 || fn === sn) {
            r = nodeHash(p, r);
            while (fn % 2 === 0 && fn !== 0) {
                fn = Math.floor(fn / 2);
                sn = Math.floor(sn / 2);
            }
        } else {
            r = nodeHash(r, p);
        }
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
    }
    if (sn !== 0 || !r.equals(want)) throw new Error('inclusion');
}

// docs/FORMATS.md, "Receipt" and "Opening".
function checkReceipt(file, vkey, entries) {
    const [first, extra, index, ...rest] = file.split('\n');
    if (first !== 'c2sp.org/tlog-proof@v1') throw new Error('first line');
    const raw = Buffer.from(extra.replace(/^extra /, ''), 'base64');
    const entry = raw.subarray(1, 71);
    const blank = rest.indexOf('');
    const path = rest.slice(0, blank).map((l) => Buffer.from(l, 'base64'));
    const head = openCheckpoint(rest.slice(blank + 1).join('\n'), vkey);
    const at = Number(index.replace(/^index /, ''));
    checkInclusion(leafHash(entry), at, head.size, path, head.root);
    if (!entries[at].equals(entry)) throw new Error('another entry');
    const opening = raw.subarray(76);
    const count = opening[42];
    const proof = [];
    for (let i = 0; i < count; i++) proof.push(opening.subarray(43 + 32 * i, 75 + 32 * i));
    const content = opening.subarray(45 + 32 * count);
    const item = leafHash(Buffer.concat([opening.subarray(2, 34), content]));
    checkInclusion(item, opening.readUInt32BE(34), opening.readUInt32BE(38), proof,
        entry.subarray(6, 38));
}

const [dir, vkeyFile, ...proofs] = process.argv.slice(2);
let bad = 0;
function check(name, run) {
    try {
        run();
        console.log(`ok ${name}`);
    } catch (error) {
        bad++;
        console.log(`not ok ${name}: ${error.message}`);
    }
}

const vkey = parseVkey(readFileSync(vkeyFile, 'utf8'));
let head;
let entries = [];
check('checkpoint', () => {
    head = openCheckpoint(readFileSync(join(dir, 'checkpoint'), 'utf8'), vkey);
});
check('entries and root', () => {
    entries = readEntries(dir, head.size);
    if (!root(entries.map(leafHash)).equals(head.root)) throw new Error('root');
});
check('tiles, and nothing else', () => {
    const expected = checkTiles(dir, entries.map(leafHash));
    for (const path of allFiles(dir)) {
        if (!expected.has(path) && !isEarlier(dir, path, expected)) {
            throw new Error(`${path} is superfluous`);
        }
    }
});
for (const proof of proofs) {
    check(proof.split('/').pop(), () => checkReceipt(readFileSync(proof, 'utf8'), vkey, entries));
}
if (!existsSync(dir)) bad++;
process.exit(bad === 0 ? 0 : 1);
