"""The facts of a decision, derived in this one place: who asks, of whom, and how the two are connected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from gateway.authorization.decision import Authorizer, Effect, Evidence, Facts, Grant
from gateway.viewer import Viewer
from schema.codes.regions import REGIONS
from schema.enums import Role
from schema.label import Label


@dataclass(frozen=True, slots=True)
class LabelGrant:
    """What a viewer could see of one kind of information at best, and why; names no person."""

    label: Label
    effect: Effect
    because: str


def derive_facts(viewer: Viewer, evidence: Evidence) -> Facts:
    """How this viewer stands to this person."""
    agency = viewer.agency
    return Facts(
        roles=viewer.roles,
        purpose=viewer.purpose,
        agency_kind=viewer.agency_kind,
        responsible=agency in evidence.active_agencies or agency in evidence.police_codes,
        formerly=agency in evidence.measure_agencies or agency in evidence.source_agencies,
        in_my_tree=_is_under(evidence.execution_place or evidence.residence, viewer.jurisdiction),
        domiciled_in_my_tree=_is_under(evidence.domicile, viewer.jurisdiction),
        my_decision=agency in evidence.decision_agencies,
        legal_basis=bool(viewer.case_number),
        is_self=_is_subject(viewer) and viewer.person == evidence.person,
        sealed=evidence.sealed,
        minor=evidence.under_18,
        control_lifted=evidence.control_lifted,
        forwarded=viewer.forwarded,
    )


def best_facts(viewer: Viewer) -> Facts:
    """The facts of the person of whom this viewer could see most: every tie holds, nothing is guarded."""
    return Facts(
        roles=viewer.roles,
        purpose=viewer.purpose,
        agency_kind=viewer.agency_kind,
        responsible=True,
        formerly=True,
        in_my_tree=True,
        domiciled_in_my_tree=True,
        my_decision=True,
        legal_basis=bool(viewer.case_number),
        is_self=_is_subject(viewer) and viewer.person is not None,
        sealed=False,
        minor=False,
        control_lifted=False,
        forwarded=viewer.forwarded,
    )


def viewer_grants(authorizer: Authorizer, viewer: Viewer) -> tuple[LabelGrant, ...]:
    """For every label, the most that this viewer could see for this purpose."""
    decision = authorizer.decide(best_facts(viewer))
    return tuple(
        LabelGrant(label, decision[label].effect, _because(authorizer, viewer, decision[label])) for label in Label
    )


def never_visible(authorizer: Authorizer, viewer: Viewer) -> frozenset[Label]:
    """The labels denied even at best; nothing of them need be fetched."""
    decision = authorizer.decide(best_facts(viewer))
    return frozenset(label for label in Label if decision[label].effect is Effect.DENY)


def _because(authorizer: Authorizer, viewer: Viewer, grant: Grant) -> str:
    if not grant.policies:
        return f"No rule opens {grant.label.value} to these roles for the purpose {viewer.purpose}."
    grounds = "; ".join(f"{policy}: {authorizer.basis(policy)}" for policy in grant.policies)
    if grant.effect is Effect.ALLOW:
        return f"Visible of the people in your charge. {grounds}"
    return f"Visible in part of the people in your charge. {grounds}" if grant.effect is Effect.MASK else grounds


def _is_subject(viewer: Viewer) -> bool:
    return viewer.roles == {Role.SUBJECT.name}


@lru_cache(maxsize=65_536)
def _is_under(place: str | None, jurisdiction: str) -> bool:
    return REGIONS.is_under(place, jurisdiction) if place and jurisdiction else False
