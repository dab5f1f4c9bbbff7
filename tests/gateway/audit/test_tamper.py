"""Whoever changes the log is found out, and it is said by which check.

An outsider can write the file; an insider also holds the log's key and can rebuild and sign everything anew. What an
insider does is seen only by comparing with what others kept: a witness, or an auditor's own old copy of a checkpoint.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audit.checking import Report, Trust
from gateway.audit.log import SqliteAuditLog
from gateway.audit.merkle import Frontier, leaf_hash
from gateway.audit.note import SignedNote
from gateway.audit.record import AccessedField
from gateway.audit.shown import digest_of
from gateway.audit.signer import Ed25519Signer, LogSigner
from gateway.audit.verify import verify
from gateway.errors import AuditUnavailable
from tests.gateway.audit.accesses import access

SIGNER = LogSigner("js.example/audit", Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\1" * 32)))
OTHER = LogSigner("js.example/audit", Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\3" * 32)))
ENTRIES = 700  # two whole blocks of 256 and an open one
Change = Callable[[apsw.Connection], None]


async def _written(path: Path, entries: int) -> list[SignedNote]:
    """A log of this length, and its checkpoints after 300 entries, and at the end."""
    heads = []
    async with aclosing(SqliteAuditLog(path, SIGNER)) as log:
        for part in (range(min(entries, 300)), range(300, entries)):
            label = "IDENTITY" if part.start == 0 else "CONTACT"
            fields = (AccessedField("person.name", label, "ALLOW", ("C01",)),)
            await asyncio.gather(*(log.append(access(number, fields=fields)) for number in part))
            heads.append(await log.head())
            log._writer._store._kept_at = 0.0  # type: ignore[union-attr]  # keep an older checkpoint of each part
    return heads


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[SignedNote]]:
    path = tmp_path_factory.mktemp("log") / "audit.sqlite"
    return path, asyncio.run(_written(path, ENTRIES))


def changed(source: Path, target: Path, change: Change) -> Path:
    """A copy of the log, changed by somebody who drops the triggers first."""
    shutil.copy(source, target)
    connection = apsw.Connection(str(target))
    triggers = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    for name in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    with connection:
        change(connection)
    connection.close()
    return target


def found(path: Path, *kept: SignedNote, signer: LogSigner = SIGNER) -> Report:
    return verify(path, Trust([signer.key], kept, signatures=True, records=True))


def edit(connection: apsw.Connection, index: int = 123, *, leaf: bool = False) -> None:
    (record,) = connection.execute("SELECT record FROM entry WHERE idx = ?", (index,)).fetchone()
    record = record.replace(b"request-", b"REQUEST-")
    connection.execute("UPDATE entry SET record = ? WHERE idx = ?", (record, index))
    if leaf:
        connection.execute("UPDATE entry SET leaf = ? WHERE idx = ?", (leaf_hash(record), index))


def reword(connection: apsw.Connection, begins: str, old: str, new: str) -> None:
    """Change what field lists ("[") or contexts ("{") say; some of them do."""
    query = "UPDATE shared SET content = CAST(replace(CAST(content AS TEXT), ?, ?) AS BLOB)"
    connection.execute(f"{query} WHERE substr(CAST(content AS TEXT), 1, 1) = ?", (old, new, begins))
    assert connection.changes()


def rename_context(connection: apsw.Connection) -> None:
    """With the digest that it then has, which no record names."""
    reword(connection, "{", "staff-7", "staff-8")
    for digest, content in connection.execute("SELECT digest, content FROM shared").fetchall():
        connection.execute("UPDATE shared SET digest = ? WHERE digest = ?", (digest_of(content), digest))


def put_text(connection: apsw.Connection) -> None:
    """What other tools make of a BLOB, and what cannot be read as text."""
    connection.execute(
        "UPDATE entry SET record = replace(CAST(record AS TEXT), 'request-', 'REQUEST-') WHERE idx = 5"
    )
    connection.execute("UPDATE head SET note = CAST(x'ff00ff' AS TEXT)")
    connection.execute("UPDATE shared SET content = CAST(content AS TEXT)")


def swap(connection: apsw.Connection) -> None:
    connection.execute("UPDATE entry SET idx = -1 WHERE idx = 10")
    connection.execute("UPDATE entry SET idx = 10 WHERE idx = 400")
    connection.execute("UPDATE entry SET idx = 400 WHERE idx = -1")


def delete_and_close_the_gap(connection: apsw.Connection) -> None:
    connection.execute("DELETE FROM entry WHERE idx = 123")
    for index in range(124, ENTRIES):
        connection.execute("UPDATE entry SET idx = ? WHERE idx = ?", (index - 1, index))


def insert(connection: apsw.Connection) -> None:
    for index in range(ENTRIES - 1, 99, -1):
        connection.execute("UPDATE entry SET idx = ? WHERE idx = ?", (index + 1, index))
    connection.execute("INSERT INTO entry SELECT 100, leaf, record FROM entry WHERE idx = 5")


def delete_a_block(connection: apsw.Connection) -> None:
    connection.execute("DELETE FROM entry WHERE idx < 256")
    connection.execute("DELETE FROM node WHERE idx = 0")


def truncate(connection: apsw.Connection) -> None:
    connection.execute("DELETE FROM entry WHERE idx >= 650")


def roll_back(connection: apsw.Connection) -> None:
    """To an older checkpoint of the log's own, as restoring an old copy of the file would."""
    size, note = connection.execute("SELECT size, note FROM checkpoint ORDER BY size LIMIT 1").fetchone()
    rebuild(connection, connection.execute("SELECT record FROM entry WHERE idx < ?", (size,)).fetchall(), note=note)


def rebuild(connection: apsw.Connection, records: list[tuple[bytes]], note: str | None = None) -> None:
    """A log that is consistent in itself; without a note it is signed with the log's own key."""
    for table in ("entry", "node", "checkpoint", "head"):
        connection.execute(f"DELETE FROM {table}")
    tree, leaves = Frontier(), [leaf_hash(record) for (record,) in records]
    for node in tree.grow(leaves):
        connection.execute("INSERT INTO node VALUES (?, ?, ?)", (node.level, node.index, node.hash))
    rows = [(index, leaf, record) for index, (leaf, (record,)) in enumerate(zip(leaves, records, strict=True))]
    connection.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)
    note = note or str(SIGNER.checkpoint(tree.size, tree.root()))
    connection.execute("INSERT INTO head VALUES (1, ?, ?, ?)", (tree.size, tree.packed(), note))


def rebuild_without_an_entry(connection: apsw.Connection) -> None:
    rebuild(connection, connection.execute("SELECT record FROM entry WHERE idx <> 123").fetchall())


def rebuild_with_another_entry(connection: apsw.Connection) -> None:
    edit(connection)
    rebuild(connection, connection.execute("SELECT record FROM entry ORDER BY idx").fetchall())


def sign_with_another_key(connection: apsw.Connection) -> None:
    size, frontier = connection.execute("SELECT size, frontier FROM head").fetchone()
    note = OTHER.checkpoint(size, Frontier.load(size, frontier).root())
    connection.execute("UPDATE head SET note = ?", (str(note),))


OUTSIDER: list[tuple[str, Change, set[str]]] = [
    ("nothing", lambda _: None, set()),
    ("edit a record", edit, {"leaf"}),
    ("put text for bytes", put_text, {"leaf"}),
    ("edit a record with its leaf hash", lambda file: edit(file, leaf=True), {"node"}),
    ("edit a record of the open block with its leaf hash", lambda file: edit(file, 690, leaf=True), {"head"}),
    ("swap two records", swap, {"node"}),
    ("delete a record", lambda file: file.execute("DELETE FROM entry WHERE idx = 123"), {"gap"}),
    ("delete a block", lambda file: file.execute("DELETE FROM entry WHERE idx < 256"), {"gap"}),
    ("delete the last record", lambda file: file.execute("DELETE FROM entry WHERE idx = 699"), {"head"}),
    ("delete a record and close the gap", delete_and_close_the_gap, {"node", "head"}),
    ("insert a record", insert, {"node", "head"}),
    ("put a record before the first", lambda file: file.execute("UPDATE entry SET idx = -5 WHERE idx = 3"), {"gap"}),
    ("cut off the end", truncate, {"head"}),
    ("cut off the end with its blocks", lambda file: file.execute("DELETE FROM entry WHERE idx >= 300"), {"gap"}),
    ("delete everything", lambda file: file.execute("DELETE FROM entry"), {"head", "node", "checkpoint"}),
    ("change what a field list says", lambda file: reword(file, "[", "CONTACT", "IDENTITY"), {"shared"}),
    ("change who asked", lambda file: reword(file, "{", "staff-7", "staff-8"), {"shared"}),
    ("change who asked, under another name", rename_context, {"shared", "record"}),
    ("delete what is shared", lambda file: file.execute("DELETE FROM shared"), {"shared", "record"}),
    ("change a node", lambda file: file.execute("UPDATE node SET hash = zeroblob(32) WHERE idx = 1"), {"node"}),
    ("delete a node", lambda file: file.execute("DELETE FROM node WHERE idx = 1"), {"node"}),
    ("change the edge", lambda file: file.execute("UPDATE head SET frontier = x''"), {"head"}),
    ("take the head away", lambda file: file.execute("DELETE FROM head"), {"head"}),
    ("change the signed size", lambda file: file.execute("UPDATE head SET note = '700'"), {"head"}),
    ("change an old checkpoint", lambda file: file.execute("UPDATE checkpoint SET size = size + 1"), {"checkpoint"}),
    ("sign with another key", sign_with_another_key, {"signature"}),
]  # fmt: skip


@pytest.mark.parametrize(("change", "checks"), [case[1:] for case in OUTSIDER], ids=[case[0] for case in OUTSIDER])
def test_an_outsider_is_found_in_the_log_itself(
    whole: tuple[Path, list[SignedNote]], tmp_path: Path, change: Change, checks: set[str]
) -> None:
    path = changed(whole[0], tmp_path / "audit.sqlite", change)
    assert checks <= found(path).checks()
    assert found(path).intact == (not checks)


INSIDER: list[tuple[str, Change]] = [
    ("roll back to an older checkpoint", roll_back),
    ("rebuild without an entry", rebuild_without_an_entry),
    ("rebuild with another entry", rebuild_with_another_entry),
]


@pytest.mark.parametrize("change", [case[1] for case in INSIDER], ids=[case[0] for case in INSIDER])
def test_an_insider_is_found_by_what_others_kept(
    whole: tuple[Path, list[SignedNote]], tmp_path: Path, change: Change
) -> None:
    path = changed(whole[0], tmp_path / "audit.sqlite", change)
    assert found(path).intact  # nothing in the log itself tells
    assert found(path, *whole[1]).checks() == {"witness"}
    assert found(whole[0], *whole[1]).intact


async def test_a_fork_is_found_by_what_others_kept(whole: tuple[Path, list[SignedNote]], tmp_path: Path) -> None:
    """Two logs that share their beginning, each shown to somebody else."""

    def back(connection: apsw.Connection) -> None:
        records = connection.execute("SELECT record FROM entry WHERE idx < 300").fetchall()
        rebuild(connection, records, note=str(whole[1][0]))

    fork = changed(whole[0], tmp_path / "fork.sqlite", back)
    async with aclosing(SqliteAuditLog(fork, SIGNER)) as log:
        await asyncio.gather(*(log.append(access(number, subject="staff-9")) for number in range(300, ENTRIES)))
    report = found(fork, *whole[1])
    assert report.checks() == {"witness"}
    assert [finding.place for finding in report.findings] == [f"size {ENTRIES}"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (edit, "entry 123"),
        (lambda file: edit(file, leaf=True), "entries 0 to 255"),
        (lambda file: edit(file, 690, leaf=True), "newest checkpoint"),
        (lambda file: file.execute("DELETE FROM entry WHERE idx = 123"), "entry 123"),
    ],
)
def test_what_is_wrong_is_said_once_and_where(
    whole: tuple[Path, list[SignedNote]], tmp_path: Path, change: Change, place: str
) -> None:
    path = changed(whole[0], tmp_path / "audit.sqlite", change)
    places = [finding.place for finding in found(path).findings if finding.check != "checkpoint"]
    assert places == [place]


@pytest.mark.parametrize(
    "change",
    [
        truncate,
        sign_with_another_key,
        lambda file: edit(file, 690, leaf=True),
        lambda file: edit(file, 690),
        lambda file: file.execute("DELETE FROM head"),
        lambda file: file.execute("DELETE FROM node"),
        lambda file: file.execute("INSERT INTO entry SELECT 700, leaf, record FROM entry WHERE idx = 0"),
    ],
)
async def test_a_gateway_does_not_start_on_a_log_whose_end_was_changed(
    whole: tuple[Path, list[SignedNote]], tmp_path: Path, change: Change
) -> None:
    path = changed(whole[0], tmp_path / "audit.sqlite", change)
    with pytest.raises(AuditUnavailable, match="cannot be opened as an access log"):
        SqliteAuditLog(path, SIGNER)


async def test_a_gateway_does_not_go_on_with_the_log_of_another(
    whole: tuple[Path, list[SignedNote]], tmp_path: Path
) -> None:
    shutil.copy(whole[0], tmp_path / "audit.sqlite")
    signer = LogSigner("zj.example/audit", Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\1" * 32)))
    with pytest.raises(AuditUnavailable, match=r"log of js\.example/audit"):
        SqliteAuditLog(tmp_path / "audit.sqlite", signer)


tables = st.sampled_from(["entry.record", "entry.leaf", "node.hash", "shared.content", "head.note", "head.frontier"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables, st.randoms(use_true_random=False))
def test_any_single_byte_that_is_changed_is_found(
    whole: tuple[Path, list[SignedNote]], tmp_path: Path, place: str, rng: random.Random
) -> None:
    table, column = place.split(".")

    def flip(connection: apsw.Connection) -> None:
        keys = {"entry": "idx", "node": "idx", "shared": "digest", "head": "one"}[table]
        rows = connection.execute(f"SELECT {keys}, CAST({column} AS BLOB) FROM {table}").fetchall()
        key, value = rng.choice(rows)
        at = rng.randrange(len(value))
        value = value[:at] + bytes([value[at] ^ 1 << rng.randrange(7)]) + value[at + 1 :]
        kept = value.decode("utf-8", "replace") if column == "note" else value
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {keys} = ?", (kept, key))

    assert not found(changed(whole[0], tmp_path / "audit.sqlite", flip)).intact


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, ENTRIES - 1), st.integers(1, 300))
def test_any_run_of_entries_that_is_removed_is_found(
    whole: tuple[Path, list[SignedNote]], tmp_path: Path, start: int, length: int
) -> None:
    def remove(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM entry WHERE idx >= ? AND idx < ?", (start, start + length))

    assert found(changed(whole[0], tmp_path / "audit.sqlite", remove)).checks() & {"gap", "head"}


async def test_a_log_that_goes_on_is_verified_beside_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    async with aclosing(SqliteAuditLog(path, SIGNER)) as log:
        assert found(path).entries == 0
        for number in range(3):
            entry = await log.append(replace(access(number), persons=()))
            report = await asyncio.to_thread(found, path)
            assert (report.intact, report.entries) == (True, entry.index + 1)
            assert report.root == (await log.head()).checkpoint().root
