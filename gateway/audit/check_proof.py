#!/usr/bin/env python3
"""Checks a proof that an entry is in an access log. Needs Python 3.11 or newer and nothing else; runs offline.

    python3 check_proof.py ENTRY.tlog-proof --key LOG_KEY [--witness WITNESS_KEY ...] [--kept CHECKPOINT ...]

The keys are lines such as name+id+base64, handed over by the log's operator and by the witnesses, not taken from the
proof. Checked are: the entry's hash, its place in the tree, the log's signature over the tree's root, at least one
witness's signature where any --witness is given, and the root that somebody else kept of a tree of the same size.
What the proof says is printed; the exit code is 0 if all of it holds, 1 if not, 2 if it cannot be read.

Formats: c2sp.org/tlog-proof, signed-note, tlog-checkpoint, tlog-cosignature; RFC 9162 (tree), RFC 8032 (Ed25519).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple


class Bad(Exception):
    """What does not hold, or cannot be read."""


# ---- Ed25519, RFC 8032 (verification only, so that time taken tells nobody anything) ----

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]


def _x_of(y: int, sign: int) -> int:
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (x == 0 and sign):
        raise Bad("not a point of the curve")
    return _P - x if x & 1 != sign else x


def _point(raw: bytes) -> _Point:
    number = int.from_bytes(raw, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= _P:
        raise Bad("not a point of the curve")
    x = _x_of(y, sign)
    return x, y, 1, x * y % _P


def _add(one: _Point, other: _Point) -> _Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c, d = 2 * one[3] * other[3] * _D % _P, 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number: int, point: _Point) -> _Point:
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _add(total, point)
        point = _add(point, point)
        number >>= 1
    return total


_BASE_Y = 4 * pow(5, _P - 2, _P) % _P
_BASE_X = _x_of(_BASE_Y, 0)
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature holds."""
    if len(public) != 32 or len(signature) != 64:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= _L:
        return False
    try:
        key, commitment = _point(public), _point(signature[:32])
    except Bad:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    left, right = _times(scalar, _BASE), _add(commitment, _times(challenge, key))
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 == (left[1] * right[2] - right[1] * left[2]) % _P


# ---- signed notes ----


class Key(NamedTuple):
    """A public key that whoever checks brings along."""

    name: str
    id: bytes
    kind: int
    public: bytes


class Note(NamedTuple):
    """A checkpoint and the signatures under it."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: list[tuple[str, bytes, bytes]]  # name, key id, value


def read_key(text: str) -> Key:
    """A key as it is handed over."""
    name, _, rest = text.strip().partition("+")
    claimed, _, packed = rest.partition("+")
    raw = _base64(packed)
    key_id = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if len(raw) != 33 or raw[0] not in (1, 4) or key_id.hex() != claimed:
        raise Bad("not a key of the form name+id+base64")
    return Key(name, key_id, raw[0], raw[1:])


def read_note(content: str) -> Note:
    """A signed checkpoint."""
    text, separator, signed = content.rpartition("\n\n")
    lines = text.split("\n")
    if not separator or len(lines) < 3 or not lines[1].isdigit():
        raise Bad("not a signed checkpoint")
    signatures = []
    for line in signed.splitlines():
        mark, name, packed = [*line.split(" "), "", ""][:3]
        value = _base64(packed)
        if mark != "\u2014" or len(value) < 5:
            raise Bad("not a signature line")
        signatures.append((name, value[:4], value[4:]))
    return Note(text + "\n", lines[0], int(lines[1]), _base64(lines[2]), signatures)


def signed_at(note: Note, key: Key) -> int | None:
    """When the key signed (0 where it does not say), or None if it did not."""
    for name, key_id, value in note.signatures:
        if (name, key_id) != (key.name, key.id):
            continue
        text, seconds = note.text, 0
        if key.kind == 4:
            seconds, value = int.from_bytes(value[:8], "big"), value[8:]
            text = f"cosignature/v1\ntime {seconds}\n{text}"
        if verifies(key.public, text.encode(), value):
            return seconds
        raise Bad(f"a signature claims to be by {name} and does not hold")
    return None


# ---- the tree ----


def root_of(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root to which a proof leads, RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        raise Bad("the entry's place lies outside the tree")
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise Bad("the proof is too long")
        if place & 1 or place == last:
            found = hashlib.sha256(b"\1" + step + found).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + step).digest()
        place, last = place >> 1, last >> 1
    if last:
        raise Bad("the proof is too short")
    return found


class Proof(NamedTuple):
    """What a proof's file holds."""

    record: bytes
    shared: dict[str, str]
    place: int
    path: list[bytes]
    note: Note


def read_proof(content: str) -> Proof:
    """A .tlog-proof file."""
    head, separator, checkpoint = content.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines[0] != "c2sp.org/tlog-proof@v1" or len(lines) < 3:
        raise Bad("not a proof of the form c2sp.org/tlog-proof@v1")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise Bad("a proof that lacks its entry")
    extra: Any = json.loads(_base64(lines[1][6:]))
    path = [_base64(line) for line in lines[3:]]
    return Proof(extra["record"].encode(), extra["shared"], int(lines[2][6:]), path, read_note(checkpoint))


def check(proof: Proof, log: Key, witnesses: list[Key], kept: list[Note]) -> list[str]:
    """What holds, a line each; raises Bad for what does not."""
    note = proof.note
    if log.name != note.origin or signed_at(note, log) is None:
        raise Bad(f"the checkpoint is not signed by {log.name}")
    leaf = hashlib.sha256(b"\0" + proof.record).digest()
    if root_of(leaf, proof.place, note.size, proof.path) != note.root:
        raise Bad("the entry is not in the tree that was signed: it was changed, or it is another one")
    told = [f"entry {proof.place} is in the log {note.origin} as signed over {note.size} entries"]
    for digest, content in proof.shared.items():
        found = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).decode().rstrip("=")
        if found != digest or digest.encode() not in proof.record:
            raise Bad("a list of fields or a context is not the one that the entry names")
    seen = {key.name: at for key in witnesses if (at := signed_at(note, key)) is not None}
    if witnesses and not seen:
        raise Bad("none of the witnesses signed this checkpoint")
    for name, seconds in seen.items():
        told.append(f"seen by {name} at {datetime.fromtimestamp(seconds, UTC).isoformat()}")
    for other in kept:
        if signed_at(other, log) is None:
            raise Bad("a kept checkpoint is not signed by this log")
        if other.size == note.size and other.root != note.root:
            raise Bad("a checkpoint that was kept shows another tree of the same size: the log was forked")
        if other.size == note.size:
            told.append("the kept checkpoint is the same tree")
    return told


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Bad("not base64") from error


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof", type=Path)
    parser.add_argument("--key", required=True, help="the log's key: name+id+base64")
    parser.add_argument("--witness", action="append", default=[], help="a witness's key; repeatable")
    parser.add_argument("--kept", action="append", default=[], type=Path, help="a checkpoint kept before; repeatable")
    chosen = parser.parse_args()
    try:
        proof = read_proof(chosen.proof.read_text(encoding="utf-8"))
        log, witnesses = read_key(chosen.key), [read_key(text) for text in chosen.witness]
        kept = [read_note(path.read_text(encoding="utf-8")) for path in chosen.kept]
    except (Bad, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stderr.write(f"check_proof: cannot be read: {error}\n")
        return 2
    try:
        told = check(proof, log, witnesses, kept)
    except Bad as error:
        sys.stderr.write(f"check_proof: DOES NOT HOLD: {error}\n")
        return 1
    sys.stdout.write("".join(f"holds: {line}\n" for line in told))
    sys.stdout.write(proof.record.decode() + "\n")
    sys.stdout.write("".join(f"{content}\n" for content in proof.shared.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
