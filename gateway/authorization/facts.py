"""The facts of a decision, derived in this one place: who asks, of whom, and how the two are connected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from operator import attrgetter
from typing import Final

from gateway.authorization.decision import Authorizer, Effect, Evidence, Facts, Grant
from gateway.authorization.standing import NO_STANDING, NONE, Standing
from gateway.viewer import Viewer
from schema.codes.regions import REGIONS
from schema.enums import Clearance, Role
from schema.label import Label

BOUND_ROLES: Final = frozenset({Role.SOCIAL_WORKER.name})
"""To whom an agreement in force is a tie: for these alone agreements are read to decide."""

_SUBJECT: Final = frozenset({Role.SUBJECT.name})  # stands alone: nobody is staff and the person in one token

# Few sets of facts are met, so each is made once. In the order of Facts: a test changes one piece of evidence at a
# time and looks for its fact.
_facts: Final = lru_cache(maxsize=50_000)(Facts)

_SEALED: Final = attrgetter("sealed")
_CLOSED: Final = attrgetter("file_closed")
_MINOR: Final = attrgetter("under_18")
_LIFTED: Final = attrgetter("control_lifted")


@dataclass(frozen=True, slots=True)
class LabelGrant:
    """What a viewer could see of one kind of information at best, and why; names no person."""

    label: Label
    effect: Effect
    because: str


def derive_facts(viewer: Viewer, evidence: Evidence, standing: Standing = NO_STANDING) -> Facts:
    """How this viewer stands to this person."""
    return derive_all(viewer, (evidence,), standing)[0]


def derive_all(viewer: Viewer, people: Sequence[Evidence], standing: Standing = NO_STANDING) -> list[Facts]:
    """How this viewer stands to each of some people, fact by fact: lists have hundreds, few of them unlike."""
    agency, case_number, jurisdiction = viewer.agency, viewer.case_number, viewer.jurisdiction
    is_subject, consented, break_glass = viewer.roles == _SUBJECT, standing.consented, standing.break_glass
    return list(
        map(
            _facts,
            repeat(viewer.roles),
            repeat(viewer.purpose),
            repeat(viewer.agency_kind),
            repeat(_clearance(viewer)),
            [agency in evidence.active_agencies or agency in evidence.police_codes for evidence in people],
            [agency in evidence.measure_agencies or agency in evidence.source_agencies for evidence in people],
            [_is_under(evidence.execution_place or evidence.residence, jurisdiction) for evidence in people],
            [_is_under(evidence.domicile, jurisdiction) for evidence in people],
            [agency in evidence.decision_agencies for evidence in people],
            [agency in evidence.agreement_agencies for evidence in people],
            [agency in evidence.awaiting_agencies for evidence in people],
            repeat(bool(case_number)),
            [bool(case_number) and case_number in evidence.decision_numbers for evidence in people],
            [is_subject and viewer.person == evidence.person for evidence in people],
            [evidence.person in standing.family for evidence in people],
            map(_SEALED, people),
            map(_CLOSED, people),
            map(_MINOR, people),
            map(_LIFTED, people),
            repeat(viewer.forwarded),
            [consented.get(evidence.person, NONE) for evidence in people],
            [break_glass.get(evidence.person, NONE) for evidence in people],
        )
    )


def best_facts(viewer: Viewer, standing: Standing = NO_STANDING) -> Facts:
    """The facts of the person of whom this viewer could see most: every tie holds, nothing is guarded."""
    consented, break_glass = standing.at_best()
    return Facts(
        roles=viewer.roles,
        purpose=viewer.purpose,
        agency_kind=viewer.agency_kind,
        clearance=_clearance(viewer),
        responsible=True,
        formerly=True,
        in_my_tree=True,
        domiciled_in_my_tree=True,
        my_decision=True,
        assigned=True,
        handoff_to_me=True,
        legal_basis=bool(viewer.case_number),
        legal_order=bool(viewer.case_number),
        is_self=viewer.roles == _SUBJECT and viewer.person is not None,
        is_family_with_consent=bool(standing.family),
        record_sealed=False,
        file_sealed=False,
        minor=False,
        control_lifted=False,
        forwarded=viewer.forwarded,
        consented=consented,
        break_glass=break_glass,
    )


def viewer_grants(authorizer: Authorizer, viewer: Viewer, standing: Standing = NO_STANDING) -> tuple[LabelGrant, ...]:
    """For every label, the most that this viewer could see for this purpose."""
    decision = authorizer.decide(best_facts(viewer, standing))
    return tuple(
        LabelGrant(label, decision[label].effect, _because(authorizer, viewer, decision[label])) for label in Label
    )


def never_visible(authorizer: Authorizer, viewer: Viewer, standing: Standing = NO_STANDING) -> frozenset[Label]:
    """The labels denied even at best; nothing of them need be fetched."""
    return authorizer.decide(best_facts(viewer, standing)).denied


def _because(authorizer: Authorizer, viewer: Viewer, grant: Grant) -> str:
    if not grant.policies:
        return f"No rule opens {grant.label.value} to these roles for the purpose {viewer.purpose}."
    grounds = "; ".join(f"{policy}: {authorizer.basis(policy)}" for policy in grant.policies)
    if grant.effect is Effect.ALLOW:
        return f"Visible of the people in your charge. {grounds}"
    return f"Visible in part of the people in your charge. {grounds}" if grant.effect is Effect.MASK else grounds


def _clearance(viewer: Viewer) -> str:
    """Clearance is given by an organ to its own people; what another province says of it here opens nothing."""
    return Clearance.NONE.name if viewer.forwarded else viewer.cleared


@lru_cache(maxsize=65_536)
def _is_under(place: str | None, jurisdiction: str) -> bool:
    return REGIONS.is_under(place, jurisdiction) if place and jurisdiction else False
