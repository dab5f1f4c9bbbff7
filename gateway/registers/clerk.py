"""What each change of the registers goes through: about whom it is, then the log, then the file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Protocol, TypeVar

import apsw

from gateway.audit.caller import caller_of
from gateway.audit.event import Detail, EventRecord, Kind
from gateway.audit.record import AuditLog
from gateway.authorization.decision import Decision, Facts
from gateway.errors import BadId, GatewayError
from gateway.execution.cursor import Cursors
from gateway.execution.directory import Directory
from gateway.execution.people import Judged, People
from gateway.execution.plan import Plan
from gateway.execution.trace import Trace
from gateway.identity.token import is_token
from gateway.registers.alert import Alert, log_alert
from gateway.registers.entries import Author
from gateway.registers.refusals import RegistersUnavailable
from gateway.registers.register import Registers
from gateway.viewer import Viewer
from schema.label import Label

NOT_YOURS: Final = "not yours to change, or there is nothing of that id. Nothing was changed."

Kept = TypeVar("Kept")
Mint = Callable[[str, str], str | None]  # document kind, number -> pseudonym, known or not


class Permits(Protocol):
    """Decides; see gateway/authorization/decide.py."""

    def decide(self, facts: Facts) -> Decision:
        """The grants for these facts."""
        ...

    def permitted(self, facts: Facts, action: str) -> Mapping[Label, tuple[str, ...]]:
        """Of each label that an action is permitted on, the policies behind it."""
        ...


@dataclass(frozen=True, slots=True)
class Office:
    """What every desk shares."""

    registers: Registers
    permits: Permits
    audit: AuditLog
    directory: Directory
    mint: Mint
    primary: Callable[[str], str | None]
    jurisdiction: str
    alert: Alert = log_alert


@dataclass(frozen=True, slots=True)
class Visit:
    """One request at the desk."""

    viewer: Viewer
    request_id: str
    people: People
    trace: Trace
    today: date
    cursors: Cursors
    counted: Callable[[str], Awaitable[tuple[Sequence[Judged], bool]]]
    renew: Callable[[], None]  # what was asked of the registers for this request is out of date


@dataclass(frozen=True, slots=True)
class Said:
    """What the log says of a change, whatever comes of it."""

    kind: Kind
    action: str
    persons: tuple[str, ...]
    labels: frozenset[Label]
    details: Mapping[str, Detail]


class Clerk:
    """One request's dealings with the registers."""

    def __init__(self, office: Office, visit: Visit) -> None:
        self._office = office
        self._visit = visit
        self._viewer = visit.viewer
        self._author = Author(self._viewer.subject, self._viewer.agency, self._viewer.agency_name)

    def _token(self, where: str, person: str) -> str:
        if not is_token(person):
            raise BadId(f"{where}: not the id of a person. Use an id that this graph gave you for a Person.")
        return self._office.primary(person) or person

    async def _facts(self, person: str, root: str) -> tuple[Facts | None, bool]:
        """How the viewer stands to a person, and whether all sources answered; None for whom they may not know."""
        judged, reading = await self._visit.people.judge([person], Plan())
        one = judged.get(person)
        trace = self._visit.trace
        trace.heard(reading.outcomes, reading.problems, shown=bool(one and one.mask.is_known))
        trace.unshown |= one is None or not one.mask.is_known
        if one is None:
            return None, True
        if not one.mask.is_known:
            trace.hid(person, one.decision, root)
            return None, True
        trace.persons[person] = None
        return one.decision.facts, not reading.problems

    async def _kept(self, change: Awaitable[Kept]) -> Kept:
        try:
            found = await change
        except apsw.Error as err:
            raise RegistersUnavailable(
                "The change could not be kept, so it does not count. Try again, or tell the gateway's operator."
            ) from err
        self._visit.renew()
        return found

    async def _refused(self, said: Said, refusal: GatewayError, action: str | None = None) -> GatewayError:
        await self._write(said, (), "REFUSED", {"code": refusal.code}, action)
        return refusal

    async def _on_record(self, said: Said, references: Sequence[str]) -> None:
        await self._write(said, references, "OK", {}, None)

    async def _write(
        self, said: Said, references: Sequence[str], outcome: str, more: Mapping[str, Detail], action: str | None
    ) -> None:
        await self._office.audit.append_event(
            EventRecord(
                at=datetime.now(UTC),
                kind=said.kind,
                action=action or said.action,
                outcome=outcome,
                jurisdiction=self._office.jurisdiction,
                **caller_of(self._viewer),
                request_id=self._visit.request_id,
                persons=said.persons,
                labels=tuple(sorted(said.labels)),
                references=tuple(references),
                details={**said.details, **more},
            )
        )
