#!/usr/bin/env python3
"""Makes seal.txt and ledger.txt from docs/FORMATS.md with code of its own: hashlib, and the ciphers
written out from RFC 8439 and draft-irtf-cfrg-xchacha. Run it only when a format changes; the tests
read the files. Usage: tests/vectors/make.py (writes beside itself)"""
import hashlib
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
M32 = 0xFFFFFFFF


def rotl(v, n):
    return ((v << n) | (v >> (32 - n))) & M32


def quarter(s, a, b, c, d):
    for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & M32
        s[z] = rotl(s[z] ^ s[x], n)


def rounds(state):
    s = list(state)
    for _ in range(10):
        quarter(s, 0, 4, 8, 12), quarter(s, 1, 5, 9, 13)
        quarter(s, 2, 6, 10, 14), quarter(s, 3, 7, 11, 15)
        quarter(s, 0, 5, 10, 15), quarter(s, 1, 6, 11, 12)
        quarter(s, 2, 7, 8, 13), quarter(s, 3, 4, 9, 14)
    return s


CONST = struct.unpack("<4I", b"expand 32-byte k")


def chacha_block(key, counter_words, nonce_words):
    s = list(CONST) + list(struct.unpack("<8I", key)) + counter_words + nonce_words
    return struct.pack("<16I", *((a + b) & M32 for a, b in zip(rounds(s), s)))


def hchacha(key, nonce16):
    s = rounds(list(CONST) + list(struct.unpack("<8I", key)) + list(struct.unpack("<4I", nonce16)))
    return struct.pack("<8I", *(s[:4] + s[12:]))


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def poly1305(key, text):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    a = 0
    for i in range(0, len(text), 16):
        a = (a + int.from_bytes(text[i:i + 16] + b"\x01", "little")) * r % ((1 << 130) - 5)
    return ((a + int.from_bytes(key[16:], "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


def pad16(b):
    return b"\0" * (-len(b) % 16)


def xchacha_poly(key, nonce, bound, plain):
    sub = hchacha(key, nonce[:16])
    words = [0] + list(struct.unpack("<2I", nonce[16:]))
    stream = b"".join(chacha_block(sub, [i], words) for i in range(1, 2 + len(plain) // 64))
    sealed = xor(plain, stream)
    tag_key = chacha_block(sub, [0], words)[:32]
    text = bound + pad16(bound) + sealed + pad16(sealed) + struct.pack("<QQ", len(bound), len(sealed))
    return sealed + poly1305(tag_key, text)


def xchacha_stream(key, nonce, n):
    """The stream cipher with a 64-bit counter, as libsodium has it."""
    sub = hchacha(key, nonce[:16])
    words = list(struct.unpack("<2I", nonce[16:]))
    return b"".join(chacha_block(sub, [i, 0], words) for i in range((n + 63) // 64))[:n]


def keyed(key, label, text):
    return hashlib.blake2b(bytes([len(label)]) + label + text, key=key, digest_size=32).digest()


def crc32c(data):
    c = M32
    for b in data:
        c ^= b
        for _ in range(8):
            c = c >> 1 ^ (0x82F63B78 if c & 1 else 0)
    return c ^ M32


def place(what, owner, category, ident, version, chunk=0, last=0):
    return struct.pack(">BBQIQQQB", 1, what, owner, category, ident, version, chunk, last)


def wrap_keys(key, what, ident):
    return (keyed(key, b"ward wrap mac v1", ident + what),
            keyed(key, b"ward wrap cipher v1", ident + what))


def wrap(keys, bound, key):
    siv = keyed(keys[0], b"ward wrap v1", bound + key)[:16]
    return siv + xor(key, xchacha_stream(keys[1], siv + b"\0" * 8, 32))


def slot(index, generation_key, ident, kind, birth, generation, key):
    head = struct.pack(">BBBBII", 1, 1, kind, 0, birth, generation)
    place_ = struct.pack(">Q", index)
    wrapped = wrap(wrap_keys(generation_key, b"generation", ident), place_ + head, key)
    return head + struct.pack(">I", crc32c(place_ + head + wrapped)) + wrapped


def generation(root, ident, number, key):
    head = b"WARDGENS" + struct.pack(">BBHI", 1, 1, 0, number) + ident
    body = head + wrap(wrap_keys(root, b"root", ident), head, key)
    body += b"\0" * (508 - len(body))
    return body + struct.pack(">I", crc32c(body))


def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def tree(leaves):
    """The naive definition of RFC 9162, 2.1.1, over entries."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:])).digest()


def field(code, value):
    return struct.pack(">BH", code, len(value)) + value


def write(name, pairs):
    with open(os.path.join(HERE, name), "w") as f:
        f.write("# Made by make.py; see docs/FORMATS.md.\n")
        for key, value in pairs:
            f.write(f"{key} = {value.hex()}\n")


def seal_vectors():
    key = bytes(range(32))
    nonce = bytes(range(100, 124))
    plain = "Vídeo sin título, 12 años".encode()
    rec = place(1, 7, 2, 41, 3)
    blob0 = place(2, 7, 2, 9, 0, 0, 0)
    blob1 = place(2, 7, 2, 9, 0, 1, 1)
    chunk0 = hashlib.shake_256(b"chunk").digest(65536)
    root = bytes([0x55]) * 32
    gen = bytes([0x66]) * 32
    ident = bytes(range(16))
    other = bytes(range(200, 232))
    return [
        ("key", key), ("plain", plain),
        ("record.place", rec),
        ("record.sealed", b"\1" + nonce + xchacha_poly(key, nonce, rec, plain)),
        ("record.empty", b"\1" + nonce + xchacha_poly(key, nonce, rec, b"")),
        ("wrap.key", other),
        ("wrap.sealed", b"\1" + nonce + xchacha_poly(key, nonce, place(3, 7, 2, 41, 3), other)),
        ("blob.chunk0.sha256", hashlib.sha256(chunk0).digest()),
        ("blob.sealed.sha256", hashlib.sha256(
            b"WARDBLB\1" + nonce + xchacha_poly(key, nonce, blob0, chunk0)
            + nonce + xchacha_poly(key, nonce, blob1, b"the end")).digest()),
        ("blob.last", nonce + xchacha_poly(key, nonce, blob1, b"the end")),
        ("keyed.label", b"ward test"), ("keyed.hash", keyed(key, b"ward test", plain)),
        ("token.hash", keyed(b"\0" * 32, b"ward token v1", b"a token")),
        ("crc32c", struct.pack(">I", crc32c(b"123456789"))),
        ("keyring.root", root), ("keyring.generation", gen), ("keyring.id", ident),
        ("keyring.slot", slot(5, gen, ident, 3, 9, 1, key)),
        ("keyring.generation.entry", generation(root, ident, 1, gen)),
    ]


def ledger_vectors():
    classic = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"@ABC",
               bytes(range(0x50, 0x58)), bytes(range(0x60, 0x70))]
    content = (field(1, struct.pack(">Q", 7)) + field(5, b"ads") + field(8, b"deny")
               + field(9, b"gdpr:8(1)") + field(9, b"dsa:28(2)"))
    salt = hashlib.sha256(b"salt").digest()
    items = [salt[:31] + bytes([i]) + content[:20] + bytes([i]) for i in range(5)]
    leaf = struct.pack(">BBI", 1, 14, 498000) + leaf_hash(salt + content) + tree(items)
    erased = keyed(bytes(range(32)), b"ward erasure salt v1", b"")
    return ([(f"tree.{n}", tree(classic[:n])) for n in range(9)] + [
        ("content", content), ("salt", salt), ("commit.one", leaf_hash(salt + content)),
        ("commit.five", tree(items)), ("leaf", leaf), ("leaf.hash", leaf_hash(leaf)),
        ("opening.one", struct.pack(">BB", 1, 1) + salt + struct.pack(">III", 0, 1, 0)[:8]
         + bytes([0]) + struct.pack(">H", len(content)) + content),
        ("erasure.salt", erased),
    ])


if __name__ == "__main__":
    write("seal.txt", seal_vectors())
    write("ledger.txt", ledger_vectors())
