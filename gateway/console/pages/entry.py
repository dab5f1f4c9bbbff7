"""One entry in full: who, whom, why, which fields by which rule, which sources, and its place in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from gateway.audit.event import Kind
from gateway.audit.record import AccessedField, EventEntry, LogEntry
from gateway.audit.search import Conditions, SearchQuery
from gateway.audit.shown import ShownFields
from gateway.audit.stored import index_in, read_entry
from gateway.console.gate import Outcome
from gateway.console.proofs import inclusion_of
from gateway.console.results import READER
from gateway.console.visit import OnRecord, Shown, Visit
from gateway.http.refusals import NotFound

_EFFECTS = ("ALLOW", "MASK", "DENY")


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields of one label with the same effect by the same rules."""

    label: str
    effect: str
    policies: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForPersons:
    """What was shown of some of the request's persons; None: of all, or of nobody in particular."""

    persons: tuple[str, ...] | None
    groups: tuple[FieldGroup, ...]


async def entry(visit: Visit) -> Outcome:
    """GET /console/entries/{entry}."""
    found = await _entry(visit, visit.request.path_params["entry"])
    if found is None:
        raise NotFound("There is no entry of this id in the log.")
    token = visit.services.search.token
    record = found.record
    persons = tuple(token(person) for person in record.persons)
    context = {
        "entry": found,
        "persons": persons,
        "together": await _together(visit, found),
        "inclusion": await inclusion_of(visit.services.log, found.index, bytes.fromhex(found.leaf_hash)),
    }
    what = OnRecord(Kind.CONSOLE, "view", persons=persons, references=(found.id,), details={"page": "entry"})
    if isinstance(found, EventEntry):
        return Shown("event.html", context, what)
    used = {policy for one in found.record.fields for policy in one.policies}
    bases = {policy: visit.services.basis(policy) for policy in sorted(used)}
    shown = _shown(found, visit)
    return Shown("access.html", {**context, "shown": shown, "bases": bases}, what)


async def _entry(visit: Visit, identifier: str) -> LogEntry | EventEntry | None:
    index = index_in(identifier)
    if index is None:
        return None
    for stored in await visit.services.log.pick([index]):
        found = read_entry(stored)
        if found.id == identifier:
            return found
    return None


async def _together(visit: Visit, found: LogEntry | EventEntry) -> Sequence[LogEntry | EventEntry]:
    """Other entries of the same request."""
    if not found.record.request_id:
        return ()
    query = SearchQuery(Conditions(request_id=found.record.request_id), first=20)
    page = await visit.services.search.find(query, viewer=READER)
    return [one for one in page.entries if one.index != found.index]


def _shown(found: LogEntry, visit: Visit) -> list[ForPersons]:
    fields, token = found.record.fields, visit.services.search.token
    if not isinstance(fields, ShownFields):
        return [ForPersons(None, _grouped(fields))]
    return [
        ForPersons(
            None if group.persons is None else tuple(token(person) for person in group.persons),
            _grouped(group.list.fields),
        )
        for group in fields.groups
    ]


def _grouped(fields: Sequence[AccessedField]) -> tuple[FieldGroup, ...]:
    """By effect, label and rule, what was shown first."""

    def key(one: AccessedField) -> tuple[int, str, tuple[str, ...]]:
        place = _EFFECTS.index(one.effect) if one.effect in _EFFECTS else len(_EFFECTS)
        return place, one.label, tuple(one.policies)

    ordered = sorted(fields, key=lambda one: (key(one), one.path))
    return tuple(
        FieldGroup(
            members[0].label, members[0].effect, tuple(members[0].policies), tuple(one.path for one in members)
        )
        for members in (list(group) for _, group in groupby(ordered, key))
    )
