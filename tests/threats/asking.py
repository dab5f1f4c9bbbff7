"""Random viewers, what the registers hold for them, and random queries: all roles and purposes, all from one seed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from graphql import get_named_type, is_leaf_type

from gateway.registers.entries import Author, Consent, Grant, Recipient, Review
from gateway.viewer import Viewer
from schema.codes import check_digit
from schema.entities import ENTITIES
from schema.enums import AgencyKind, PersonStatus, Purpose, Role
from schema.label import Label
from tests.gateway.execution.random_world import NUMBERS, PEOPLE, Dice
from tests.gateway.execution.world import NOW, SCHEMA, TOKENS, viewer
from tests.threats.marked import AGENCIES, World

_OFFICE = Author("clerk-1", "320100400000", "office")
_REGIONS = ("320102", "320100", "320000", "330106", "330000", "320684")
_LABELS = [label for label in Label if label is not Label.PUBLIC]
_KIN_NUMBER = "32990119700101001" + check_digit("32990119700101001")
KIN = TOKENS.mint(_KIN_NUMBER) or ""
"""A relative who is nobody's record."""

# The purposes that each role serves, so that most viewers see something of somebody; any other pair is drawn as well.
_SERVES: dict[str, tuple[str, ...]] = {
    "FACILITY_ASSESSOR": ("ASSESSMENT",),
    "FACILITY_RELEASE_OFFICER": ("HANDOFF",),
    "CENTRE_OFFICER": ("HANDOFF", "AFTERCARE"),
    "POLICE_CASE_OFFICER": ("HANDOFF", "STATUTORY_QUERY"),
    "DYNAMIC_CONTROL_OFFICER": ("HANDOFF", "STATUTORY_QUERY"),
    "TOWNSHIP_WORKER": ("HANDOFF", "AFTERCARE", "SUPPORT"),
    "SOCIAL_WORKER": ("AFTERCARE", "SUPPORT"),
    "AFTERCARE_OFFICER": ("HANDOFF", "AFTERCARE", "SUPPORT"),
    "HOSPITAL_DOCTOR": ("TREATMENT",),
    "STATISTICIAN": ("STATISTICS",),
    "AUDITOR": ("AUDIT",),
    "SUPERVISOR": ("AUDIT", "STATISTICS"),
    "SUBJECT": ("OWN_ACCESS",),
    "RELATIVE": ("OWN_ACCESS",),
}


class Asking(Dice):
    """Draws viewers, entries and queries about one world."""

    def __init__(self, seed: int, world: World) -> None:
        super().__init__(seed)
        self.world = world
        self.lists: dict[str, tuple[str | None, tuple[Label, ...]]] = {}
        """Of each list that was asked for: the mark that it looked for, and the labels that it looked by."""

    # ---- who -----------------------------------------------------------------------------------------------------

    def viewer(self) -> Viewer:
        """Anybody with a valid token, and some whom no issuer would vouch for."""
        random = self.random
        roles = {random.choice(list(Role)).name}
        if self.chance(0.15):
            roles.add(random.choice(list(Role)).name)
        served = [purpose for role in sorted(roles) for purpose in _SERVES.get(role, ("SUPPORT",))]
        purpose = random.choice(served) if self.chance(0.8) else random.choice(list(Purpose)).name
        at_home = roles & {"SUBJECT", "RELATIVE"}
        return viewer(
            roles=frozenset(roles),
            purpose=purpose,
            subject=random.choice(("officer-1", "officer-2")),
            agency=random.choice(AGENCIES),
            agency_kind=random.choice(list(AgencyKind)).name,
            jurisdiction=random.choice(("320000", *_REGIONS)),
            clearance=random.choice((0, 0, 1, 2, 3)),
            case_number=self._case_number() if self.chance(0.25) else None,
            person=random.choice((*PEOPLE, KIN)) if at_home else None,
            via=("yiti-elsewhere",) if self.chance(0.1) else (),
            issuer=random.choice(("test", "test", "another")),
        )

    def _case_number(self) -> str:
        found = [str(cell.value) for cell in self.world.cells if (cell.entity, cell.column) == ("Decision", "number")]
        return self.random.choice(found) if found and self.chance(0.6) else "case 7"

    def consents(self, asker: Viewer) -> list[Consent]:
        """Consents of which some are in force, and some to this viewer."""
        return [self._consent(asker, number) for number in range(self.random.randrange(9))]

    def _consent(self, asker: Viewer, number: int) -> Consent:
        random = self.random
        relative = "RELATIVE" in asker.roles or self.chance(0.1)
        recipient = (asker.person or KIN) if relative else random.choice((asker.agency, random.choice(AGENCIES)))
        revoked = NOW - timedelta(days=1) if self.chance(0.2) else None
        return Consent(
            id=f"k1_{number:032x}",
            person=random.choice(PEOPLE),
            recipient_kind=Recipient.RELATIVE if relative else Recipient.AGENCY,
            recipient=recipient,
            recipient_name="" if relative else "office",
            purpose=asker.purpose if self.chance(0.8) else random.choice(list(Purpose)).name,
            labels=frozenset(random.sample(_LABELS, random.randrange(1, 6))),
            signed_by="PERSON",
            document_number=None,
            recorded_at=NOW - timedelta(days=30) if self.chance(0.9) else NOW + timedelta(days=1),
            expires_at=NOW + timedelta(days=30) if self.chance(0.8) else NOW,
            recorded_by=_OFFICE,
            revoked_at=revoked,
            revoked_by=_OFFICE if revoked else None,
        )

    def grants(self, asker: Viewer) -> list[Grant]:
        """Emergency accesses of which some are in force, and some this viewer's."""
        return [self._grant(asker, number) for number in range(self.random.choice((0, 0, 1, 2, 4)))]

    def _grant(self, asker: Viewer, number: int) -> Grant:
        random = self.random
        mine = self.chance(0.7)
        opened = NOW - timedelta(minutes=random.choice((1, 20, 29, 30, 31, 500)))
        by = Author(asker.subject if mine else "officer-9", asker.agency, "office")
        review = Review(NOW, _OFFICE, "JUSTIFIED", "looked at") if self.chance(0.2) else None
        return Grant(
            id=f"b1_{number:032x}",
            person=random.choice(PEOPLE),
            issuer=asker.issuer if self.chance(0.8) else "somebody",
            by=by,
            roles=tuple(sorted(asker.roles)),
            purpose=asker.purpose,
            jurisdiction=asker.jurisdiction,
            labels=frozenset(random.sample(_LABELS, random.randrange(1, 6))),
            reason="LIFE_IN_DANGER",
            explanation="as it was told at the door",
            granted_at=opened,
            expires_at=opened + timedelta(minutes=30),
            review_due_at=opened + timedelta(hours=72),
            review=review,
        )

    # ---- what ----------------------------------------------------------------------------------------------------

    def _may(self, kind: object, depth: int) -> bool:
        return super()._may(kind, depth) and (is_leaf_type(_inner(kind)) or self.chance(0.8 if depth < 3 else 0.4))

    def _root(self, number: int) -> str:
        if self.chance(0.35):
            return self._list(f"r{number}")
        if self.chance(0.15):
            return self._oversight(f"r{number}")
        return self._one(f"r{number}")

    def _one(self, alias: str) -> str:
        query = SCHEMA.query_type
        assert query is not None
        token = self.random.choice(PEOPLE)
        calls = {
            "person": f'person(id: "{token}")',
            "node": f'node(id: "{token}")',
            "lookup": f'lookup(document: {{number: "{self.random.choice(NUMBERS)}"}})',
            "_entities": "_entities(representations: $people)",
        }
        name = self.random.choice([*calls, "person", "person", "lookup"])
        kind = query.fields[name].type
        return f"{alias}: {calls[name]} {self._selection(_inner(kind), 1)}"

    def _list(self, alias: str) -> str:
        cell, label, condition = self._condition()
        name = "cases" if condition.startswith("responsible") and self.chance(0.5) else "persons"
        order = ""
        if name == "persons" and self.chance(0.5):
            field = self.random.choice(("RELEASED_ON", "BIRTH_DATE", "STATUS"))
            order = f", orderBy: {{field: {field}, direction: DESC}}"
        labels = [label]
        if name == "persons" and self.chance(0.3):
            wanted = ", ".join(self.random.sample(list(PersonStatus.__members__), 4))
            condition += f", status: {{in: [{wanted}]}}"
            labels.append(Label.CUSTODY)
        self.lists[alias] = (cell, tuple(labels))
        query = SCHEMA.query_type
        assert query is not None
        below = self._selection(_inner(query.fields[name].type), 1)
        given = f"(filter: {{{condition}}}{order}, first: 4)"
        return f"{alias}: {name}{given} {{ found: totalCount {below.removeprefix('{ ')}"

    def _condition(self) -> tuple[str | None, Label, str]:
        """Whose mark is looked for, under which label, and how."""
        kinds = ("name", "birthDate", "residence", "domicile", "responsibleJurisdiction")
        kind = self.random.choice(kinds)
        column = {"residence": "residenceCode", "domicile": "domicileCode"}.get(kind, kind)
        if kind == "responsibleJurisdiction":
            return None, Label.CUSTODY, f'{kind}: {{under: "{self.random.choice(_REGIONS)}"}}'
        label = ENTITIES["PersonRecord"].columns[column].label
        cells = [cell for cell in self.world.cells if (cell.entity, cell.column) == ("PersonRecord", column)]
        if not cells or (kind in {"residence", "domicile"} and self.chance(0.5)):
            return None, Label.CONTACT, f'residence: {{under: "{self.random.choice(_REGIONS)}"}}'
        cell = self.random.choice(cells)
        op = "under" if kind in {"residence", "domicile"} else "eq"
        if kind == "name" and self.chance(0.5):
            return cell.person, label, f'{kind}: {{startsWith: "{str(cell.value)[:3]}"}}'
        return cell.person, label, f'{kind}: {{{op}: "{cell.value}"}}'

    def _oversight(self, alias: str) -> str:
        calls = (
            "breakGlasses { totalCount edges { node { id person subject explanation } } }",
            "accesses(first: 5) { edges { node { subject persons { id } fields { path effect } } } }",
            f'peopleCounts(jurisdiction: "{self.random.choice(_REGIONS)}") {{ total }}',
            "viewer { subject labels { label effect because } }",
            f'node(id: "k1_{0:032x}") {{ id }}',
        )
        return f"{alias}: {self.random.choice(calls)}"


def _inner(kind: Any) -> Any:
    return get_named_type(kind)
