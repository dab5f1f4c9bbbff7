"""A small house over in-memory records: real plan, merge, decisions and masks, sources that answer from a dict."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from adapters.contract import Call, Capability, Compare, Flag, Health, Key, Op, Provenance, Record
from adapters.manifest import Manifest
from gateway.audit.event import EventRecord
from gateway.audit.record import (
    AccessRecord,
    EventEntry,
    LogEntry,
    SourceOutcome,
    StoredEntry,
)
from gateway.audit.search import Coverage, SearchPage, SearchQuery, Total
from gateway.audit.stored import encode, leaf_hash
from gateway.authorization.decision import Decision, Effect, Facts, Grant
from gateway.execution.accesses import Oversight
from gateway.execution.cursor import Cursors
from gateway.execution.directory import Directory
from gateway.execution.engine import Engine
from gateway.execution.handles import Handles
from gateway.execution.merge import Merger
from gateway.execution.people import House
from gateway.identity.token import TokenService
from gateway.sources.reading import Known, Matches, Needs, Problem, Reading
from gateway.viewer import Viewer
from schema.build import build
from schema.codes import check_digit
from schema.enums import Quality
from schema.label import Label

TODAY = date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
TOKENS = TokenService(b"k" * 32, "1")
SCHEMA = build()._schema
ANN = "32990119900101001" + check_digit("32990119900101001")  # fictional: region 329901 was never assigned
BEN = "32990119880505003" + check_digit("32990119880505003")


def record(
    source: str,
    key: str,
    person: str | None = None,
    *,
    dataset: str = "rows",
    as_of: datetime | None = None,
    flags: Mapping[str, Quality] | None = None,
    hidden: Collection[str] = (),
    **values: object,
) -> Record:
    """One record as an adapter would hand it over."""
    return Record(
        key=key,
        person=person or key,
        values=values,
        provenance=Provenance(source, dataset, key, NOW, as_of, jurisdiction="320000"),
        flags=tuple(Flag(name, quality) for name, quality in (flags or {}).items()),
        hidden=frozenset(hidden),
    )


def manifest(source: str, precedence: int = 50, *, peer: bool = False) -> Manifest:
    """A registered source."""
    own_kind = {"kind": "sql", "url": "sqlite+aiosqlite://"}
    peer_kind = {"kind": "subgraph", "url": "http://127.0.0.1:9/graphql", "audience": source}
    agency = {"code": f"32{source}", "name": source, "kind": "POLICE", "jurisdiction": "320000"}
    return Manifest.model_validate(
        {
            "contract": "1.0",
            "id": source,
            "version": "1.0.0",
            "name": source,
            "owner": "office",
            "jurisdiction": "320000",
            "agency": agency,
            "precedence": precedence,
            "source": peer_kind if peer else own_kind,
            "entities": {},
        }
    )


@dataclass
class MemorySources:
    """Records by source, token and entity; a source in `down` fails."""

    rows: dict[str, dict[str, dict[str, list[Record]]]]
    manifests: Mapping[str, Manifest]
    down: set[str] = field(default_factory=set)
    entities: tuple[str, ...] = ("PersonRecord",)  # what a source that is down would have filled
    asked: list[tuple[dict[str, tuple[str, ...]], dict[str, frozenset[str]]]] = field(default_factory=list)

    async def read(
        self,
        holders: Mapping[str, Mapping[str, Sequence[str]]],
        needs: Needs,
        call: Call,
        *,
        peers: bool = True,
        known: Known | None = None,
    ) -> Reading:
        self.asked.append((_held(holders), {entity: frozenset(names) for entity, names in needs.items()}))
        found: dict[str, dict[str, list[Record]]] = {}
        for token, sources in holders.items():
            for source in sources:
                for entity, rows in self.rows.get(source, {}).get(token, {}).items():
                    if source not in self.down and entity in needs:
                        found.setdefault(entity, {}).setdefault(token, []).extend(_projected(rows, needs[entity]))
        used = {source for sources in holders.values() for source in sources}
        problems = tuple(
            Problem(source, "UNAVAILABLE", f"{source} did not answer in time.", self.entities)
            for source in used & self.down
        )
        outcomes = tuple(
            SourceOutcome(source, "UNAVAILABLE" if source in self.down else "ok", 1.0) for source in sorted(used)
        )
        return Reading(found, problems, outcomes)

    async def search(
        self, where: Sequence[Compare], call: Call, *, peers: bool = True, fields: Collection[str] = ()
    ) -> Matches:
        (only,) = where
        keys: dict[str, list[str]] = {}
        for source, people in self.rows.items():
            for entities in people.values():
                for one in entities.get("PersonRecord", ()):
                    if _meets(one.values.get(only.field), only):
                        keys.setdefault(source, []).append(one.key)
        return Matches(keys)

    async def health(self) -> Mapping[str, Health]:
        return {source: Health(source not in self.down, "") for source in self.manifests}

    async def aclose(self) -> None:
        return None


def _held(holders: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, tuple[str, ...]]:
    return {token: tuple(sources) for token, sources in holders.items()}


def _projected(rows: Sequence[Record], names: Collection[str]) -> list[Record]:
    return [
        Record(
            row.key,
            row.person,
            {name: value for name, value in row.values.items() if name in names},
            row.provenance,
            row.flags,
            row.hidden,
        )
        for row in rows
    ]


def _meets(value: object, condition: Compare) -> bool:
    if condition.op is Op.EQ:
        return value == condition.value
    prefix = str(condition.value)
    if condition.op is Op.UNDER:
        prefix = prefix.rstrip("0") if len(prefix) == 6 else prefix
    return value is not None and str(value).startswith(prefix)


@dataclass
class MemoryIndex:
    """token -> source -> keys."""

    held: dict[str, dict[str, tuple[Key, ...]]]

    def find(self, number: str) -> str | None:
        token = TOKENS.mint(number)
        return token if token in self.held else None

    def holders(self, token: str) -> Mapping[str, tuple[str, ...]]:
        return self.held.get(token, {})

    def owner(self, source: str, key: str) -> str | None:
        return next((token for token, found in self.held.items() if key in found.get(source, ())), None)

    def primary(self, token: str) -> str | None:
        return token if token in self.held else None

    def everybody(self) -> Sequence[str]:
        return sorted(self.held)


class LabelAuthorizer:
    """Decides by a table of labels: what is not named is ALLOW; `filters` names what may not be filtered on."""

    policy_version = "test"

    def __init__(self, effects: Mapping[Label, Effect] | None = None, unfilterable: Collection[Label] = ()) -> None:
        self.effects = dict(effects or {})
        self.unfilterable = set(unfilterable)
        self.asked: list[Facts] = []

    def basis(self, policy: str) -> str:
        return policy

    def decide(self, facts: Facts) -> Decision:
        self.asked.append(facts)
        grants = {
            label: Grant(
                label,
                self.effects.get(label, Effect.ALLOW),
                "name_initial",
                (f"T-{label}",),
                "granted" if self.effects.get(label, Effect.ALLOW) is Effect.ALLOW else "not_permitted",
                label not in self.unfilterable,
            )
            for label in Label
        }
        return Decision(facts, self.policy_version, grants)


@dataclass
class MemoryAudit:
    """Keeps what was put on record."""

    kept: list[AccessRecord] = field(default_factory=list)
    events: list[EventRecord] = field(default_factory=list)

    async def append(self, record: AccessRecord, response: bytes | None = None) -> LogEntry:
        self.kept.append(record)
        return LogEntry(f"x1_{len(self.kept)}", len(self.kept) - 1, "00", record)

    async def append_event(self, record: EventRecord) -> EventEntry:
        self.events.append(record)
        return EventEntry(f"x2_{len(self.events)}", len(self.events) - 1, "00", record)

    async def size(self) -> int:
        return len(self.kept)

    async def records(self, start: int = 0, end: int | None = None) -> AsyncIterator[StoredEntry]:
        for index, record in list(enumerate(self.kept))[start:end]:
            encoded = encode(record)
            shared = {named.digest: named for named in encoded.shared}
            yield StoredEntry(index, leaf_hash(encoded.content), encoded.content, shared)

    async def pick(self, indexes: Sequence[int]) -> Sequence[StoredEntry]:
        held = {entry.index: entry async for entry in self.records()}
        return [held[index] for index in indexes if index in held]

    async def entry(self, entry_id: str) -> LogEntry | None:
        position = int(entry_id.rpartition("_")[2]) - 1
        return LogEntry(entry_id, position, "00", self.kept[position]) if position < len(self.kept) else None

    async def aclose(self) -> None:
        return None


@dataclass
class MemorySearch:
    """Finds accesses by looking at each; knows the conditions that a small house has words for."""

    audit: MemoryAudit

    async def find(self, query: SearchQuery, *, viewer: str) -> SearchPage:
        asked, beyond = query.conditions, int(query.after or len(self.audit.kept))
        met = [
            LogEntry(f"{index + 1}", index, "00", one)
            for index, one in enumerate(self.audit.kept)
            if (not asked.persons or set(asked.persons) & set(one.persons))
            and (not asked.subjects or one.subject in asked.subjects)
            and one.purpose not in asked.without_purposes
        ]
        found = [entry for entry in reversed(met) if entry.index < beyond]
        coverage = Coverage(len(self.audit.kept), len(self.audit.kept))
        total = Total(min(len(met), query.count_up_to), is_exact=len(met) <= query.count_up_to)
        return SearchPage(tuple(found[: query.first]), len(found) > query.first, None, total, coverage)

    def cursor(self, query: SearchQuery, index: int, *, viewer: str) -> str:
        return str(index)


@dataclass
class Small:
    """An engine and everything behind it that a test may look at."""

    engine: Engine
    sources: MemorySources
    audit: MemoryAudit
    authorizer: LabelAuthorizer


def house(
    rows: dict[str, dict[str, dict[str, list[Record]]]],
    *,
    precedence: Mapping[str, int] | None = None,
    authorizer: LabelAuthorizer | None = None,
    seals: Collection[str] = (),
    peers: Collection[str] = (),
    reference: bool = False,
    withheld: Sequence[str] = (),
) -> Small:
    """`rows`: source -> token -> entity -> records."""
    ranks = precedence or {}
    manifests = {source: manifest(source, ranks.get(source, 50), peer=source in peers) for source in rows}
    held: dict[str, dict[str, tuple[str, ...]]] = {}
    for source, people in rows.items():
        for token, entities in people.items():
            keys = tuple(dict.fromkeys(one.person for found in entities.values() for one in found))
            held.setdefault(token, {})[source] = keys
    handles = Handles(b"h" * 32)
    sources, audit = MemorySources(rows, manifests), MemoryAudit()
    rules = authorizer or LabelAuthorizer()
    capabilities = {
        source: {"PersonRecord": Capability(frozenset({"sealed"} if source in seals else ()))} for source in rows
    }
    index = MemoryIndex(held)
    shared = House(
        sources=sources,
        index=index,
        authorizer=rules,
        directory=Directory(manifests, capabilities),
        merger=Merger({source: manifests[source].precedence for source in rows}, handles),
        handles=handles,
    )
    engine = Engine(
        schema=SCHEMA,
        house=shared,
        oversight=Oversight(audit, MemorySearch(audit), tuple(withheld)),
        cursors=Cursors(b"c" * 64),
        find=lambda _kind, number: index.find(number),
        assertions=None,
        jurisdiction="320000",
        today=lambda: TODAY,
        reference=reference,
    )
    return Small(engine, sources, audit, rules)


def viewer(role: str = "AFTERCARE_OFFICER", purpose: str = "AFTERCARE", **more: object) -> Viewer:
    """Somebody with a valid token."""
    plain: dict[str, object] = {
        "subject": "officer-1",
        "agency": "320100400000",
        "agency_name": "office",
        "agency_kind": "AFTERCARE",
        "jurisdiction": "320100",
        "roles": frozenset({role}),
        "purpose": purpose,
        "issuer": "test",
        "key_id": "k1",
    }
    return Viewer(**{**plain, **more})  # type: ignore[arg-type]  # a test writes what it means
