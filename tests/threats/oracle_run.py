"""One seed: a world, a viewer, a query; and every value of it that turns up where the policies would not have it."""

from __future__ import annotations

import base64
import logging
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from adapters.contract import Capability, Record
from gateway.audit.stored import encode
from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Decision, Effect, Facts
from gateway.errors import GatewayError
from gateway.execution.accesses import Oversight
from gateway.execution.cursor import Cursors
from gateway.execution.directory import Directory
from gateway.execution.document import Documents
from gateway.execution.engine import Engine, Request
from gateway.execution.handles import Handles
from gateway.execution.merge import Merger
from gateway.execution.people import House
from gateway.execution.plan import BINDING, EVIDENCE, JOINING
from gateway.registers.desk import Office
from gateway.registers.register import Registers
from gateway.viewer import Viewer
from schema.derived import DERIVATIONS
from schema.entities import ENTITIES, Column, Kind
from tests.gateway.execution.random_world import PEOPLE
from tests.gateway.execution.world import (
    NOW,
    SCHEMA,
    TODAY,
    TOKENS,
    MemoryAudit,
    MemoryIndex,
    MemorySearch,
    MemorySources,
    manifest,
)
from tests.threats.asking import Asking
from tests.threats.marked import Cell, Maker, Rows, World, threes
from tests.threats.truth import Truth, effects

QUERIES_OF_A_VISIT = 20
VISITS_TO_A_WORLD = 12
VISITS_WITH_A_QUERY = 4
"""So many viewers ask the same documents of a world: reading one takes longer than answering it."""
_CHINESE = re.compile("[\u4e00-\u9fff]{3,}")
_CURSOR = re.compile(r'"([A-Za-z0-9_-]{40,})"')


@lru_cache(maxsize=1)
def policies() -> CedarAuthorizer:
    """The policies in force."""
    return CedarAuthorizer.load()


class Overheard:
    """Implements Authorizer by the policies in force and keeps the keys under which decisions are remembered."""

    def __init__(self) -> None:
        self.policy_version = policies().policy_version
        self.keys: set[Facts] = set()

    def decide(self, facts: Facts) -> Decision:
        """The grants for these facts."""
        self.keys.add(facts)
        return policies().decide(facts)

    def permitted(self, facts: Facts, action: str) -> Mapping[Any, tuple[str, ...]]:
        """What another action is permitted on."""
        self.keys.add(facts)
        return policies().permitted(facts, action)

    def basis(self, policy: str) -> str:
        """The article on which a policy rests."""
        return policies().basis(policy)


@dataclass
class Leak:
    """A value where it should not be."""

    seed: int
    where: str
    what: str
    query: str

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.where}: {self.what}\n  {self.query}"


@dataclass
class Outcome:
    """What one seed brought to light."""

    leaks: list[Leak] = field(default_factory=list)
    queries: int = 0
    denied: int = 0  # values that had to stay away, of each query
    shown: int = 0  # values that may be shown and were
    refused: int = 0
    twins: int = 0

    def add(self, other: Outcome) -> None:
        """Take another's findings in."""
        self.leaks += other.leaks
        self.queries += other.queries
        self.denied += other.denied
        self.shown += other.shown
        self.refused += other.refused
        self.twins += other.twins


class Listening(logging.Handler):
    """Keeps every line that is logged while a query runs, by anybody at any level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.exc_text or ''} {record.args!r}")

    def __enter__(self) -> Listening:
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)


@lru_cache(maxsize=1)
def _documents() -> Documents:
    return Documents(SCHEMA)


@lru_cache(maxsize=4)
def world_of(number: int) -> World:
    """The world that some seeds share."""
    return Maker(number).make()


def engine_over(
    rows: Rows, world: World, registers: Registers, *, reference: bool
) -> tuple[Engine, MemoryAudit, Overheard]:
    """The real engine with the real policies over these rows."""
    manifests = {source: manifest(source, world.precedence[source]) for source in rows}
    held: dict[str, dict[str, tuple[str, ...]]] = {}
    for source, people in rows.items():
        for token in people:
            held.setdefault(token, {})[source] = (f"{source}-{PEOPLE.index(token)}",)
    index, audit, rules, handles = MemoryIndex(held), MemoryAudit(), Overheard(), Handles(b"h" * 32)
    sources = MemorySources(rows, manifests, set(world.down))
    sources.entities = tuple(ENTITIES)
    capabilities = {
        name: {"PersonRecord": Capability(frozenset({"sealed"} if name in world.seals else ()))} for name in rows
    }
    house = House(
        sources=sources,
        index=index,
        authorizer=rules,
        directory=Directory(manifests, capabilities),
        merger=Merger(world.precedence, handles),
        handles=handles,
        standing=registers.standing,
    )
    office = Office(
        registers, rules, audit, house.directory, TOKENS.mint_document, index.primary, "320000", lambda _: None
    )
    engine = Engine(
        schema=SCHEMA,
        house=house,
        oversight=Oversight(audit, MemorySearch(audit)),
        cursors=Cursors(b"c" * 64),
        find=lambda _kind, number: index.find(number),
        assertions=None,
        jurisdiction="320000",
        today=lambda: TODAY,
        reference=reference,
        office=office,
        documents=_documents(),
    )
    return engine, audit, rules


class Visit:
    """One viewer in one world, with what the registers hold for them, asking query after query."""

    def __init__(self, seed: int, registers: Registers) -> None:
        self.seed = seed
        self.world = world_of(seed // VISITS_TO_A_WORLD)
        asking = Asking(seed, self.world)
        self.viewer = asking.viewer()
        self.truth = Truth(self.world, self.viewer, asking.consents(self.viewer), asking.grants(self.viewer))
        self.registers = registers
        self.outcome = Outcome()
        self.hidden = frozenset(cell for cell in self.world.cells if not self.truth.shows(cell))
        self.marks = Marked(self.world.cells)
        self.engines = [engine_over(self.world.rows, self.world, registers, reference=one) for one in (True, False)]
        twin = _twin(self.world, self.truth)
        self.twins = [engine_over(twin, self.world, registers, reference=one) for one in (True, False)]

    async def fill(self) -> None:
        """Put this visit's entries into the registers."""
        for consent in self.truth.consents:
            await self.registers.record(consent)
            if consent.revoked_at is not None and consent.revoked_by is not None:
                await self.registers.revoke(consent.id, consent.revoked_by)
        for grant in self.truth.grants:
            await self.registers.open(grant)
            if grant.review is not None:
                await self.registers.review(grant.id, grant.review)

    async def ask(self, number: int) -> None:
        """One query; even ones are graphql-core's, odd ones our own executor's."""
        together = self.seed // VISITS_WITH_A_QUERY
        asking = Asking(together * 1_000 + number, self.world)
        query, variables = asking.query(), asking.variables()
        engine, audit, rules = self.engines[number % 2]
        with Listening() as heard:
            content, body = await _answered(engine, query, variables, self.viewer)
        # Of the moment at which it was written a record says nothing about anybody, but it could be somebody's mark.
        accesses = [replace(one, at=NOW) for one in audit.kept]
        kept = [repr(one) for one in (*accesses, *(replace(one, at=NOW) for one in audit.events))]
        kept += [encode(one).content.decode() for one in accesses]
        beside = {
            "log": "\n".join(heard.lines),
            "access log": "\n".join(kept).replace(self.viewer.case_number or "\0", ""),
            "keys of remembered decisions": repr(rules.keys),
            "cursors": _opened(content),
            "extensions": repr(body.get("extensions")),
            "errors": repr(body.get("errors")),
        }
        _forget(audit, rules)
        self.outcome.queries += 1
        self.outcome.refused += not body
        self._look_in_answer(content, query)
        for where, text in beside.items():
            for cell in self.marks.found(text):
                self._report(where, f"{cell.entity}.{cell.column} of person {PEOPLE.index(cell.person)}", query)
        self._look_at_lists(asking, body, query)
        if number % 5 == 0:
            other, log, keys = self.twins[number % 2]
            _, again = await _answered(other, query, variables, self.viewer)
            _forget(log, keys)
            self.outcome.twins += 1
            if again.get("data") != body.get("data"):
                self._report("answer", "differs where only values that may not be seen differ", query)

    def _report(self, where: str, what: str, query: str) -> None:
        self.outcome.leaks.append(Leak(self.seed, where, what, query))

    def _look_in_answer(self, text: str, query: str) -> None:
        found = self.marks.found(text)
        self.outcome.denied += len(self.hidden)
        self.outcome.shown += len(found - self.hidden)
        for cell in found & self.hidden:
            self._report("answer", f"{cell.entity}.{cell.column} of person {PEOPLE.index(cell.person)}", query)
        if self.viewer.roles & {"AUDITOR", "SUPERVISOR"}:
            return  # they read of accesses and emergencies by the people's pseudonyms
        for token in PEOPLE:
            if not self.truth.knows(token) and token.partition("_")[2] in text:
                self._report("answer", f"that person {PEOPLE.index(token)} exists", query)

    def _look_at_lists(self, asking: Asking, body: Mapping[str, Any], query: str) -> None:
        data = body.get("data") or {}
        for alias, (whose, labels) in asking.lists.items():
            found = (data.get(alias) or {}).get("found")
            if not found:
                continue
            allowed = [token for token in PEOPLE if self.truth.may_find(token, *labels)]
            if not allowed:
                self._report("total", f"{found} found where nobody may be looked for by {labels}", query)
            elif whose is not None and whose not in allowed:
                self._report("total", f"{found} found by a mark of somebody who may not be found", query)
            elif alias in data and " persons(" in query and found > len(allowed) and "cases(" not in query:
                self._report("total", f"{found} found where {len(allowed)} may be", query)


class Marked:
    """Finds a world's marks in a text: Chinese ones by any three of their characters, others as they are."""

    def __init__(self, cells: list[Cell]) -> None:
        self._threes: dict[str, Cell] = {}
        self._others: list[tuple[str, Cell]] = []
        for cell in cells:
            for text in cell.texts:
                if text.isascii():
                    self._others.append((text, cell))
                else:
                    self._threes[text] = cell

    def found(self, text: str) -> frozenset[Cell]:
        """The cells of which something stands in the text."""
        found = {cell for mark, cell in self._others if mark in text}
        for run in _CHINESE.findall(text):
            found |= {self._threes[three] for three in threes(run) if three in self._threes}
        return frozenset(found)


async def look(seed: int, queries: int = QUERIES_OF_A_VISIT) -> Outcome:
    """What one viewer's queries bring to light."""
    with tempfile.TemporaryDirectory() as folder:
        registers = Registers(Path(folder) / "r.sqlite", b"r" * 32, now=lambda: NOW)
        try:
            visit = Visit(seed, registers)
            await visit.fill()
            for number in range(queries):
                await visit.ask(number)
        finally:
            registers.close()
    return visit.outcome


def _forget(audit: MemoryAudit, rules: Overheard) -> None:
    """So that each query finds the log as empty as the one before."""
    audit.kept.clear()
    audit.events.clear()
    rules.keys.clear()


async def _answered(
    engine: Engine, query: str, variables: Mapping[str, object], viewer: Viewer
) -> tuple[str, dict[str, Any]]:
    try:
        answer = await engine.answer(Request(query, None, variables), viewer, "r-1")
    except GatewayError as refused:
        return f"{refused} {refused.formatted}", {}
    return answer.content.decode(), dict(answer.body)


def _opened(text: str) -> str:
    """What stands in cursors and other long words, if they are read as base64."""
    opened = []
    for word in _CURSOR.findall(text):
        opened.append(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode("utf-8", "ignore"))
    return "\n".join(opened)


# ---- twins ------------------------------------------------------------------------------------------------------

_FREE: Mapping[str, frozenset[str]] = {
    name: frozenset(entity.columns)
    - {*EVIDENCE.get(name, ()), *BINDING.get(name, ()), *JOINING.get(name, ())}
    - {need.name for one in DERIVATIONS.values() for need in one.needs if need.entity == name}
    for name, entity in ENTITIES.items()
}
"""Columns that decide nothing and join nothing: what they hold may matter to nobody who may not see it."""


def _twin(world: World, truth: Truth) -> Rows:
    """The same world, where every value that the viewer may not see at all is another one."""
    return {
        source: {
            token: {entity: [_changed(row, entity, token, truth) for row in rows] for entity, rows in held.items()}
            for token, held in people.items()
        }
        for source, people in world.rows.items()
    }


def _changed(row: Record, entity: str, token: str, truth: Truth) -> Record:
    columns, seen = ENTITIES[entity].columns, effects(truth.facts(token))
    hidden = not truth.knows(token) or seen[ENTITIES[entity].label] is Effect.DENY
    values = {
        name: _other(columns[name], value)
        if name in _FREE[entity] and (hidden or seen[columns[name].label] is Effect.DENY)
        else value
        for name, value in row.values.items()
    }
    return Record(row.key, row.person, values, row.provenance, row.flags, row.hidden)


def _other(column: Column, value: object) -> object:
    if column.enum is not None:
        names = list(column.enum.__members__)
        return names[0] if value is None else names[(names.index(str(value)) + 1) % len(names)]
    if column.kind is Kind.BOOLEAN:
        return value is not True
    if column.kind in {Kind.TEXT, Kind.TEXTS}:
        return None if value else ("另" if column.kind is Kind.TEXT else ("另",))
    return None
