"""Asking the sources for names: the one question of a report that touches personal information. It is on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from adapters.contract import Call
from gateway.audit.event import EventRecord, Kind
from gateway.audit.record import EventEntry
from gateway.identity.index import IdentityIndex
from gateway.sources.reading import Sources
from schema.enums import Purpose

_NEEDS: Final = {"PersonRecord": frozenset({"name", "formerNames"})}


class Recording(Protocol):
    """Where the question is put on record."""

    async def append_event(self, record: EventRecord) -> EventEntry:
        """Put an event on record."""
        ...


class SourceNames:
    """Names of people as the province's own sources hold them; other provinces are not asked."""

    def __init__(
        self, sources: Sources, index: IdentityIndex, call: Call, log: Recording, *, jurisdiction: str
    ) -> None:
        self._sources = sources
        self._index = index
        self._call = call
        self._log = log
        self._jurisdiction = jurisdiction

    async def __call__(self, people: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Names by Person id; AuditUnavailable, and nobody is asked, where this cannot be put on record."""
        await self._log.append_event(
            EventRecord(
                at=datetime.now(UTC),
                kind=Kind.CONSOLE,
                action="report",
                outcome="OK",
                jurisdiction=self._jurisdiction,
                subject=self._call.actor,
                agency=self._call.agency,
                purpose=Purpose.AUDIT.name,
                request_id=self._call.request_id,
                persons=tuple(people),
                labels=("IDENTITY",),
                details={"rule": "same-surname", "people": len(people)},
            )
        )
        holders = {person: self._index.holders(person) for person in people}
        held = {person: found for person, found in holders.items() if found}
        reading = await self._sources.read(held, _NEEDS, self._call, peers=False)
        found = reading.of("PersonRecord", list(held))
        return {
            person: [name for record in records for name in _names(record.values)]
            for person, records in zip(held, found, strict=True)
        }


def _names(values: Mapping[str, object]) -> list[str]:
    name, former = values.get("name"), values.get("formerNames")
    found = [name, *(former if isinstance(former, tuple) else ())]
    return [one for one in found if isinstance(one, str) and one]
