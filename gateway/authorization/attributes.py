"""The facts of a decision as Cedar is told them: attributes of one entity, the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from gateway.authorization.decision import Facts
from gateway.authorization.questions import uid
from schema.enums import AgencyKind, Clearance

ATTRIBUTES: Final[Mapping[str, str]] = {  # fact -> attribute in schema.cedarschema
    "responsible": "responsible",
    "formerly": "formerly",
    "in_my_tree": "inMyTree",
    "domiciled_in_my_tree": "domiciledInMyTree",
    "my_decision": "myDecision",
    "assigned": "assigned",
    "handoff_to_me": "handoffToMe",
    "legal_basis": "legalBasis",
    "legal_order": "legalOrder",
    "is_self": "isSelf",
    "is_family_with_consent": "isFamilyWithConsent",
    "record_sealed": "recordSealed",
    "file_sealed": "fileSealed",
    "minor": "minor",
    "control_lifted": "controlLifted",
    "forwarded": "forwarded",
}
LABEL_SETS: Final[Mapping[str, str]] = {"consented": "consented", "break_glass": "breakGlass"}
WORDS: Final[Mapping[str, tuple[str, str]]] = {  # and the entity type of each
    "purpose": ("purpose", "Purpose"),
    "agency_kind": ("agencyKind", "AgencyKind"),
    "clearance": ("clearance", "Clearance"),
}
NAMES: Final[Mapping[str, str]] = {**ATTRIBUTES, **LABEL_SETS, **{fact: name for fact, (name, _) in WORDS.items()}}
GIVEN: Final = frozenset(NAMES.values())
"""The facts that every viewer bears, by the names that schema.cedarschema gives them."""

NOBODY: Final = Facts(
    roles=frozenset(),
    purpose="AUDIT",
    agency_kind="OVERSIGHT",
    clearance="NONE",
    responsible=False,
    formerly=False,
    in_my_tree=False,
    domiciled_in_my_tree=False,
    my_decision=False,
    assigned=False,
    handoff_to_me=False,
    legal_basis=False,
    legal_order=False,
    is_self=False,
    is_family_with_consent=False,
    record_sealed=False,
    file_sealed=False,
    minor=False,
    control_lifted=False,
    forwarded=False,
    consented=frozenset(),
    break_glass=frozenset(),
)
"""Facts of somebody of whom nothing holds."""


NOTHING: Final[Mapping[str, Any]] = {fact: getattr(NOBODY, fact) for fact in NAMES if fact != "purpose"}
"""Each fact as it is of nobody. The purpose is left out: it is never without meaning."""


def are_known(facts: Facts) -> bool:
    """Whether the schema's lists hold the words in which these facts are told."""
    return facts.agency_kind in AgencyKind.__members__ and facts.clearance in Clearance.__members__


def attributes_of(facts: Facts) -> dict[str, object]:
    """The facts in Cedar's JSON form, by the names that schema.cedarschema gives them; roles are left out."""
    attributes: dict[str, object] = {name: getattr(facts, fact) for fact, name in ATTRIBUTES.items()}
    for fact, name in LABEL_SETS.items():
        attributes[name] = [{"__entity": uid("Label", label.value)} for label in sorted(getattr(facts, fact))]
    for fact, (name, kind) in WORDS.items():
        attributes[name] = {"__entity": uid(kind, getattr(facts, fact))}
    return attributes


def viewer_of(facts: Facts) -> str:
    """The viewer as Cedar reads an entity in JSON: bears the facts, stands in the roles."""
    roles = [uid("Role", role) for role in sorted(facts.roles)]
    viewer = {"uid": uid("Viewer", "viewer"), "attrs": attributes_of(facts), "parents": roles}
    return orjson.dumps([viewer]).decode()
