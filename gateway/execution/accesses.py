"""The access log as one viewer may read it: all of it for auditors, their own trail for a person, and the proofs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.audit.event import Kind
from gateway.audit.proof import Proving, covering
from gateway.audit.record import AuditLog, LogEntry
from gateway.audit.search import Conditions, Coverage, Search, SearchQuery
from gateway.audit.shown import shown
from gateway.authorization.decision import Effect
from gateway.authorization.facts import viewer_grants
from gateway.errors import AuditUnavailable
from gateway.execution.listing import page_size
from gateway.execution.people import House
from gateway.execution.trace import Trace
from gateway.viewer import Viewer
from schema.enums import Role
from schema.label import Label
from schema.plain import NOT_LISTED
from schema.reader import AccessConditions, AccessFacts, AccessPage, CoverageFacts, FieldFacts, InclusionFacts, Page

Prove = Callable[[int], Awaitable[InclusionFacts | None]]  # an entry's place -> its proof, once there is one
ID_PREFIX = "x1_"
"""Says that a text is the id of an access."""


@dataclass(frozen=True, slots=True)
class Oversight:
    """What every request shares of the access log. `withheld`: purposes that are kept off a person's own trail."""

    log: AuditLog
    search: Search
    withheld: tuple[str, ...] = ()
    prove: Prove | None = None


async def inclusion_of(log: Proving, index: int) -> InclusionFacts | None:
    """An entry's proof under the newest checkpoint that a witness saw, or under the newest of all."""
    note = covering(index, await log.cosigned()) or await log.head()
    size = note.checkpoint().size
    if index >= size:
        return None
    return InclusionFacts(index, size, [step.hex() for step in await log.inclusion(index, size)], str(note))


class Accesses:
    """Answers one request's questions to the log."""

    def __init__(self, oversight: Oversight, house: House, viewer: Viewer, trace: Trace) -> None:
        self._log = oversight.log
        self._search = oversight.search
        self._withheld = oversight.withheld
        self._prove = oversight.prove
        self._house = house
        self._viewer = viewer
        self._trace = trace

    async def page(self, where: AccessConditions, first: int, after: str | None) -> AccessPage | None:
        """The log, newest first: to an auditor all of it, to a person their own, to others nothing."""
        size = page_size(first)
        if not self._may_audit(where.person):
            return None
        return await self._page(where, size, after)

    async def of_person(self, person: str, first: int, after: str | None) -> AccessPage | None:
        """The trail of a person who is shown in this answer, where what was decided of them opens it."""
        size = page_size(first)
        decided = self._trace.fields().of_person(person)
        if not any(one.label == Label.AUDIT.value and one.effect == Effect.ALLOW.name for one in decided):
            return None
        return await self._page(AccessConditions(person=person), size, after)

    async def one(self, access_id: str) -> AccessFacts | None:
        """One entry by its id in the graph."""
        entry = await self._log.entry(access_id.removeprefix(ID_PREFIX))
        if entry is None or not self._may_audit(self._viewer.person):
            return None
        if self._sees_all:
            return self._facts(entry, None)
        person = self._viewer.person
        is_own = person is not None and person in entry.record.persons
        return self._facts(entry, person) if is_own and entry.record.purpose not in self._withheld else None

    async def inclusion(self, index: int) -> InclusionFacts | None:
        """The proof of an entry, for auditors."""
        if not self._sees_all or not self._may_audit(None):
            return None
        return await self._prove(index) if self._prove is not None else None

    @property
    def _sees_all(self) -> bool:
        return Role.AUDITOR.name in self._viewer.roles

    def _may_audit(self, person: str | None) -> bool:
        """Whether the viewer may read the log: the AUDIT label at best, and only their own for a person."""
        effects = {grant.label: grant.effect for grant in viewer_grants(self._house.authorizer, self._viewer)}
        if effects[Label.AUDIT] is not Effect.ALLOW:
            return False
        return self._sees_all or (person is not None and person == self._viewer.person)

    async def _page(self, where: AccessConditions, size: int, after: str | None) -> AccessPage:
        query = SearchQuery(self._conditions(where), first=size, after=after, wait_for=await self._log.size() - 1)
        viewer = self._viewer.subject
        found = await self._search.find(query, viewer=viewer)
        if found.unreadable:
            raise AuditUnavailable(
                "The access log does not hold what was indexed. Tell the auditors and the operator."
            )
        about = None if self._sees_all else where.person
        entries = [entry for entry in found.entries if isinstance(entry, LogEntry)]
        page = Page(
            items=[self._facts(entry, about) for entry in entries],
            cursor=lambda place: self._search.cursor(query, entries[place].index, viewer=viewer),
            has_next=found.has_next,
            has_previous=after is not None,
            total=found.total.count if found.total.is_exact else None,
        )
        return AccessPage(
            page,
            more_than=None if found.total.is_exact else found.total.count,
            coverage=_coverage(found.coverage) if self._sees_all else None,
            not_listed=NOT_LISTED if self._withheld and not self._sees_all else None,
        )

    def _conditions(self, where: AccessConditions) -> Conditions:
        asked = {
            "persons": where.person,
            "subjects": where.subject,
            "agencies": where.agency,
            "purposes": where.purpose,
            "roles": where.role,
            "fields": where.field,
            "labels": where.label,
            "effects": where.effect,
            "policies": where.policy,
            "sources": where.source,
            "peers": where.peer,
            "outcomes": where.outcome,
        }
        words = {name: (word,) for name, word in asked.items() if word is not None}
        return Conditions(
            **words,
            kinds=(Kind.ACCESS,),
            without_purposes=() if self._sees_all else self._withheld,
            request_id=where.request_id,
            since=where.since,
            until=where.until,
        )

    def _facts(self, entry: LogEntry, about: str | None) -> AccessFacts:
        """An entry as it may be told; to the person `about` whom it is, nothing of the others whom it names."""
        record, directory = entry.record, self._house.directory
        sources = sorted({outcome.source for outcome in record.sources})
        fields = record.fields if about is None else shown(record.fields).of_person(about)
        return AccessFacts(
            id=ID_PREFIX + entry.id,
            at=record.at,
            subject=record.subject,
            agency=directory.agency(record.agency, record.agency_name),
            roles=record.roles,
            purpose=record.purpose,
            case_number=record.case_number,
            clearance=record.clearance,
            operation=record.operation,
            operation_hash=record.operation_hash,
            persons=record.persons if about is None else (about,),
            fields=[FieldFacts(one.path, one.label, one.effect, one.policies) for one in fields],
            sources=[source for source in sources if not directory.is_peer(source)],
            peers=[source for source in sources if directory.is_peer(source)],
            outcome=record.outcome,
            policies=sorted({policy for one in fields for policy in one.policies}),
            policy_version=record.policy_version,
            request_id=record.request_id,
            via=record.via,
            index=entry.index,
            leaf_hash=entry.leaf_hash,
        )


def _coverage(coverage: Coverage) -> CoverageFacts:
    return CoverageFacts(coverage.indexed, coverage.durable, coverage.through, coverage.contradicted_at)
