"""Cedar decides: one question per label and action, asked once for each set of facts and remembered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import orjson

from gateway.authorization import masks
from gateway.authorization.decision import Decision, Effect, Facts, Grant
from gateway.authorization.policy_set import DIRECTORY, PolicySet, read_policies
from gateway.authorization.questions import ACTIONS, Question, uid
from gateway.authorization.terms import REFUSED, Terms, Verdict
from schema.enums import Role
from schema.label import Label

__all__ = ["ACTIONS", "CedarAuthorizer", "Verdict", "attributes_of"]

REASONS: Final = {Effect.ALLOW: "granted", Effect.MASK: "masked", Effect.DENY: "not_permitted"}
REMEMBERED: Final = 50_000  # sets of facts; a few hundred are met in practice

_ATTRIBUTES: Final[Mapping[str, str]] = {  # fact -> attribute in schema.cedarschema
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
_LABEL_SETS: Final[Mapping[str, str]] = {"consented": "consented", "break_glass": "breakGlass"}
_WORDS: Final[Mapping[str, tuple[str, str]]] = {  # and the entity type of each
    "purpose": ("purpose", "Purpose"),
    "agency_kind": ("agencyKind", "AgencyKind"),
}
GIVEN: Final = frozenset({*_ATTRIBUTES.values(), *_LABEL_SETS.values(), *(name for name, _ in _WORDS.values())})
"""The facts that every viewer bears, by the names that schema.cedarschema gives them."""

_Asked = Callable[[Question], Verdict]
_LABELS: Final = tuple(Label)
_ROLES: Final = frozenset(role.name for role in Role)


class CedarAuthorizer:
    """Implements gateway.authorization.decision.Authorizer. Safe to share between threads."""

    def __init__(self, policies: PolicySet, *, remember: int = REMEMBERED) -> None:
        self.policies = policies
        self.policy_version = policies.version
        self._terms = Terms(policies.rules, policies.vocabulary, GIVEN)
        self.decide = lru_cache(maxsize=remember)(self._decide)
        """The decision for these facts; any engine error is a deny. A pure function, so it is never stale."""
        self.permitted = lru_cache(maxsize=remember)(self._permitted)
        """Of each label that an action other than seeing and searching is permitted on, the policies behind it."""

    @classmethod
    def load(cls, directory: Path = DIRECTORY) -> CedarAuthorizer:
        """Read and check the rules, or PolicyError."""
        return cls(read_policies(directory))

    def basis(self, policy: str) -> str:
        """The article on which a policy rests."""
        return self.policies.policies[policy].basis

    def _decide(self, facts: Facts) -> Decision:
        asked = self._asked(facts)
        seen = {label: _seen(asked, label) for label in _LABELS}
        visible = [label for label, (effect, _) in seen.items() if effect is not Effect.DENY]
        grants = {label: self._grant(asked, label, *seen[label], visible) for label in _LABELS}
        return Decision(facts, self.policy_version, MappingProxyType(grants))

    def _permitted(self, facts: Facts, action: str) -> Mapping[Label, tuple[str, ...]]:
        asked = self._asked(facts)
        answers = {label: asked((label, action)) for label in _LABELS}
        return MappingProxyType({label: verdict.policies for label, verdict in answers.items() if verdict.allowed})

    def _grant(
        self, asked: _Asked, label: Label, effect: Effect, verdict: Verdict, visible: Collection[Label]
    ) -> Grant:
        return Grant(
            label=label,
            effect=effect,
            mask=self._mask(verdict, label, visible) if effect is Effect.MASK else None,
            policies=verdict.policies,
            reason=REASONS[effect],
            # What is not seen whole may not be searched by: a filter would tell it.
            may_filter=effect is Effect.ALLOW and asked((label, "filter")).allowed,
        )

    def _mask(self, verdict: Verdict, label: Label, visible: Collection[Label]) -> str:
        named = [self.policies.policies[policy].mask or "redact" for policy in verdict.policies]
        others = [other for other in visible if other is not label]
        return masks.harden(masks.strictest(named), label, others)

    def _asked(self, facts: Facts) -> _Asked:
        """Answers questions about these facts; refuses each one where the schema does not know the facts."""
        # A role that nobody declared would be carried along by Cedar as a stranger to every rule.
        if not facts.roles <= _ROLES:
            return _refuse
        try:
            # The entities are validated here and the requests are built from the same words, so the schema is not
            # handed over once more: checking it for each question costs more than deciding.
            viewer = self.policies.vocabulary.with_added_json_str(_viewer(facts), self.policies.schema)
            return self._terms.asked(viewer)
        except ValueError:
            return _refuse


def _refuse(_question: Question) -> Verdict:
    return REFUSED


def _seen(asked: _Asked, label: Label) -> tuple[Effect, Verdict]:
    """How a label is seen, and the verdict that says so."""
    whole = asked((label, "view"))
    if whole.allowed:
        return Effect.ALLOW, whole
    part = asked((label, "viewMasked"))
    return (Effect.MASK if part.allowed else Effect.DENY), part


def attributes_of(facts: Facts) -> dict[str, object]:
    """The facts in Cedar's JSON form, by the names that schema.cedarschema gives them; roles are left out."""
    attributes: dict[str, object] = {name: getattr(facts, fact) for fact, name in _ATTRIBUTES.items()}
    for fact, name in _LABEL_SETS.items():
        attributes[name] = [{"__entity": uid("Label", label.value)} for label in sorted(getattr(facts, fact))]
    for fact, (name, kind) in _WORDS.items():
        attributes[name] = {"__entity": uid(kind, getattr(facts, fact))}
    return attributes


def _viewer(facts: Facts) -> str:
    roles = [uid("Role", role) for role in sorted(facts.roles)]
    viewer = {"uid": uid("Viewer", "viewer"), "attrs": attributes_of(facts), "parents": roles}
    return orjson.dumps([viewer]).decode()
