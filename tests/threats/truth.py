"""What the policies allow, without the gateway: facts derived anew from the world's rows, and policies run as Python.

Only the words are shared with the gateway: the names of facts, and the policies' own text, which
tests/gateway/policy/oracle.py turns into a program. How rows become facts is written here a second time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from adapters.contract import Record
from gateway.authorization.attributes import attributes_of
from gateway.authorization.decision import Effect, Facts
from gateway.registers.entries import Consent, Grant, Recipient
from gateway.viewer import Viewer
from schema.entities import ENTITIES
from schema.enums import Quality
from schema.label import Label
from tests.gateway.execution.world import NOW, TODAY
from tests.gateway.policy.oracle import Program, Question, plain, write
from tests.threats.marked import Cell, World, is_under

_UNSOUND = {Quality.CHECKSUM_FAILED, Quality.TRUNCATED, Quality.MALFORMED, Quality.UNMAPPED_CODE}
_LONG_AGO = timedelta(days=1098)
_OF_CASES = {"Measure", "Decision", "Assessment", "Agreement", "Visit", "DrugTest", "Event"}

# What derived fields may tell under a label of their own, as schema/derived.py argues for each.
_TOLD_BY_DERIVED = {
    ("Decision", "decidedOn"): Label.CUSTODY,  # Case.openedOn
    ("Decision", "startsOn"): Label.CUSTODY,
    ("Measure", "dueEndOn"): Label.ELIGIBILITY,  # Eligibility.until
}


@lru_cache(maxsize=1)
def program() -> Program:
    """The policies in force, as Python."""
    return write()


@lru_cache(maxsize=100_000)
def effects(facts: Facts) -> dict[Label, Effect]:
    """What is shown of each label."""
    return {label: effect for label, (effect, _) in program().effects_of(facts).items()}


@lru_cache(maxsize=100_000)
def may_search(facts: Facts, label: Label) -> bool:
    """Whether people may be looked for by a label: seen whole, and open to searching."""
    attributes = {name: plain(value) for name, value in attributes_of(facts).items()}
    asked = program().ask(Question(attributes, facts.roles, "filter", label.value)).allowed
    return asked and effects(facts)[label] is Effect.ALLOW


@dataclass
class Truth:
    """One world and its registers, as one viewer may know them."""

    world: World
    viewer: Viewer
    consents: list[Consent]
    grants: list[Grant]
    _known: dict[str, Facts] = field(default_factory=dict)

    def facts(self, token: str) -> Facts:
        """How the viewer stands to a person."""
        if token not in self._known:
            self._known[token] = self._derived(token)
        return self._known[token]

    def _derived(self, token: str) -> Facts:
        viewer, mine = self.viewer, self.viewer.agency
        measures, running = self._rows(token, "Measure"), self._running(token)
        decisions, agreements = self._rows(token, "Decision"), self._rows(token, "Agreement")
        own_sources = {f"32{source}" for source in self.world.holders(token)}
        born, place = self._chosen(token, "birthDate"), self._place(token)
        consented = self._consented(token)
        return Facts(
            roles=viewer.roles,
            purpose=viewer.purpose,
            agency_kind=viewer.agency_kind,
            clearance="NONE" if viewer.via else ("NONE", "GENERAL", "IMPORTANT", "CORE")[viewer.clearance],
            responsible=mine in _codes(running) or mine in self._police(token),
            formerly=mine in _codes(measures) or mine in own_sources,
            in_my_tree=is_under(place or self._chosen(token, "residenceCode"), viewer.jurisdiction),
            domiciled_in_my_tree=is_under(self._chosen(token, "domicileCode"), viewer.jurisdiction),
            my_decision=mine in _codes(decisions),
            assigned=any(one.get("agencyCode") == mine and _binds(one) for one in agreements),
            handoff_to_me=any(one.get("agencyCode") == mine and _awaits(one) for one in measures),
            legal_basis=bool(viewer.case_number),
            legal_order=bool(viewer.case_number) and viewer.case_number in [one.get("number") for one in decisions],
            is_self=viewer.roles == {"SUBJECT"} and viewer.person == token,
            is_family_with_consent=viewer.roles == {"RELATIVE"} and bool(consented),
            record_sealed=self._is_sealed(token),
            file_sealed=bool(measures) and not running and all(_ended_long_ago(one) for one in measures),
            minor=isinstance(born, date) and (born.year + 18, born.month, born.day) > _triple(TODAY),
            control_lifted=self._chosen(token, "controlStatus") == "LIFTED",
            forwarded=bool(viewer.via),
            consented=consented,
            break_glass=self._opened(token),
        )

    def knows(self, token: str) -> bool:
        """Whether the viewer may know that the person is in the graph."""
        return bool(self.world.holders(token)) and effects(self.facts(token))[Label.EXISTENCE] is Effect.ALLOW

    def may_find(self, token: str, *labels: Label) -> bool:
        """Whether the viewer may come upon the person in a list with conditions on these labels."""
        facts = self.facts(token)
        return self.knows(token) and all(may_search(facts, label) for label in (Label.EXISTENCE, *labels))

    def shows(self, cell: Cell) -> bool:
        """Whether a value may be seen whole."""
        if not self.knows(cell.person):
            return False
        seen = effects(self.facts(cell.person))
        told = _TOLD_BY_DERIVED.get((cell.entity, cell.column))
        if told is not None and seen[told] is Effect.ALLOW:
            return True
        guards = {ENTITIES[cell.entity].label} | ({Label.CUSTODY} if cell.entity in _OF_CASES else set())
        label = ENTITIES[cell.entity].columns[cell.column].label
        return seen[label] is Effect.ALLOW and all(seen[guard] is not Effect.DENY for guard in guards)

    # ---- from rows to facts --------------------------------------------------------------------------------------

    def _rows(self, token: str, entity: str) -> list[dict[str, Any]]:
        return [dict(row.values) for entities in self.world.held(token).values() for row in entities.get(entity, ())]

    def _own(self, token: str) -> list[Record]:
        held, rank = self.world.held(token), self.world.precedence
        return [row for name in sorted(held, key=rank.__getitem__) for row in held[name].get("PersonRecord", ())]

    def _chosen(self, token: str, column: str) -> Any:
        """The first sound value in the sources' order, else the first of all."""
        found = [row for row in self._own(token) if row.values.get(column) is not None]
        sound = [row for row in found if not any(f.field == column and f.quality in _UNSOUND for f in row.flags)]
        return (sound or found)[0].values[column] if found else None

    def _police(self, token: str) -> set[object]:
        return {code for row in self._own(token) for code in self._texts(row, "responsiblePoliceCodes")}

    @staticmethod
    def _texts(row: Record, column: str) -> Iterable[object]:
        value = row.values.get(column)
        return value if isinstance(value, tuple) else ()

    def _running(self, token: str) -> list[dict[str, Any]]:
        return [one for one in self._rows(token, "Measure") if _runs(one)]

    def _place(self, token: str) -> str | None:
        measures = [one for one in self._rows(token, "Measure") if one.get("executionPlaceCode")]
        current = [one for one in measures if _runs(one) and one.get("startsOn")]
        ordered = [one for one in measures if one.get("orderedOn")]
        if current:
            return str(max(current, key=lambda one: one["startsOn"])["executionPlaceCode"])
        if ordered:
            return str(max(ordered, key=lambda one: one["orderedOn"])["executionPlaceCode"])
        found = self._chosen(token, "executionPlaceCode")
        return str(found) if found else None

    def _is_sealed(self, token: str) -> bool:
        silent = set(self.world.holders(token)) & self.world.down & self.world.seals
        return bool(silent) or any(row.values.get("sealed") is True for row in self._own(token))

    # ---- the registers -------------------------------------------------------------------------------------------

    def _consented(self, token: str) -> frozenset[Label]:
        viewer, labels = self.viewer, set[Label]()
        for one in self.consents:
            in_force = one.revoked_at is None and one.recorded_at <= NOW < one.expires_at
            to_me = (
                one.recipient_kind is Recipient.RELATIVE and one.recipient == viewer.person
                if viewer.roles == {"RELATIVE"}
                else one.recipient_kind is Recipient.AGENCY and one.recipient == viewer.agency
            )
            if in_force and to_me and one.purpose == viewer.purpose and one.person == token:
                labels |= {Label.EXISTENCE, *one.labels}
        return frozenset(labels)

    def _opened(self, token: str) -> frozenset[Label]:
        viewer, labels = self.viewer, set[Label]()
        for one in self.grants:
            mine = (one.issuer, one.by.subject, one.by.agency) == (viewer.issuer, viewer.subject, viewer.agency)
            in_force = one.granted_at <= NOW < one.expires_at and one.review is None
            if mine and in_force and one.person == token and not viewer.via:
                labels |= {Label.EXISTENCE, *one.labels}
        return frozenset(labels)


def _codes(rows: Iterable[dict[str, Any]]) -> set[object]:
    return {one.get("agencyCode") for one in rows}


def _triple(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def _begins(measure: dict[str, Any]) -> Any:
    """Community recovery begins with the report-in, every other measure with its first day (戒毒条例 38)."""
    return measure.get("reportedOn" if measure.get("kind") == "COMMUNITY_RECOVERY" else "startsOn")


def _runs(measure: dict[str, Any]) -> bool:
    starts, ended = measure.get("startsOn"), measure.get("endedOn")
    begun = _begins(measure) is not None and (starts is None or starts <= TODAY)
    return begun and (ended is None or ended > TODAY)


def _awaits(measure: dict[str, Any]) -> bool:
    begins, ordered = _begins(measure), measure.get("orderedOn") or measure.get("startsOn")
    waits = measure.get("endedOn") is None and (begins is None or begins > TODAY)
    return waits and ordered is not None and ordered > TODAY - _LONG_AGO


def _binds(agreement: dict[str, Any]) -> bool:
    signed = agreement.get("signedOn")
    return signed is not None and signed <= TODAY < (agreement.get("endsOn") or signed + _LONG_AGO)


def _ended_long_ago(measure: dict[str, Any]) -> bool:
    return measure.get("endedOn") is not None and measure["endedOn"] < TODAY - _LONG_AGO
