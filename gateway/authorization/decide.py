"""Cedar decides: one question per label and action, asked once for each set of facts and remembered."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import cedarpy

from gateway.authorization import masks
from gateway.authorization.decision import Decision, Effect, Facts, Grant
from gateway.authorization.policy_set import DIRECTORY, PolicySet, read_policies
from gateway.authorization.questions import ACTIONS, REQUESTS, Question, uid
from gateway.authorization.slices import Slice, Slices
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """Cedar's answer to one question, and the ids of the policies behind it."""

    allowed: bool
    policies: tuple[str, ...]


_ROLES: Final = frozenset(role.name for role in Role)
_REFUSED: Final = Verdict(allowed=False, policies=())


class CedarAuthorizer:
    """Implements gateway.authorization.decision.Authorizer. Safe to share between threads."""

    def __init__(self, policies: PolicySet, *, remember: int = REMEMBERED) -> None:
        self.policies = policies
        self.policy_version = policies.version
        self._slices = Slices(policies.rules)
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
        verdicts = self._ask(facts)
        effects = {label: _effect(verdicts, label) for label in Label}
        visible = [label for label, effect in effects.items() if effect is not Effect.DENY]
        grants = {label: self._grant(verdicts, label, effect, visible) for label, effect in effects.items()}
        return Decision(facts, self.policy_version, MappingProxyType(grants))

    def _permitted(self, facts: Facts, action: str) -> Mapping[Label, tuple[str, ...]]:
        asking = self._asking(facts)
        answers = asking.ask([(label, action) for label in Label]) if asking else {}
        found = {label: verdict.policies for (label, _), verdict in answers.items() if verdict.allowed}
        return MappingProxyType(found)

    def _grant(
        self, verdicts: Mapping[Question, Verdict], label: Label, effect: Effect, visible: Collection[Label]
    ) -> Grant:
        seen = verdicts[label, "view" if effect is Effect.ALLOW else "viewMasked"]
        return Grant(
            label=label,
            effect=effect,
            mask=self._mask(seen, label, visible) if effect is Effect.MASK else None,
            policies=seen.policies,
            reason=REASONS[effect],
            # What is not seen whole may not be searched by: a filter would tell it.
            may_filter=effect is Effect.ALLOW and verdicts[label, "filter"].allowed,
        )

    def _mask(self, verdict: Verdict, label: Label, visible: Collection[Label]) -> str:
        named = [self.policies.policies[policy].mask or "redact" for policy in verdict.policies]
        others = [other for other in visible if other is not label]
        return masks.harden(masks.strictest(named), label, others)

    def _ask(self, facts: Facts) -> Mapping[Question, Verdict]:
        """May each label be seen? Then: may it be searched by, where it may; may it be seen in part, where not?"""
        asking = self._asking(facts)
        if asking is None:
            return dict.fromkeys(REQUESTS, _REFUSED)
        found = asking.ask([(label, "view") for label in Label])
        then = [(label, "filter" if found[label, "view"].allowed else "viewMasked") for label in Label]
        alike = {one: found[one[0], "view"] for one in then if one in asking.slice.alike}
        return found | alike | asking.ask([one for one in then if one not in alike])

    def _asking(self, facts: Facts) -> _Asking | None:
        """Who asks which policies; None for facts that the schema does not know, which are refused everything."""
        # A role that nobody declared would be carried along by Cedar as a stranger to every rule.
        if not facts.roles <= _ROLES:
            return None
        try:
            # The entities are validated here and the requests are built from the same words, so the schema is not
            # handed over once more: checking it for each question costs more than deciding.
            viewer = self.policies.vocabulary.with_added_json_str(_viewer(facts), self.policies.schema)
            return _Asking(viewer, self._slices.of(facts.roles, facts.purpose, viewer))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class _Asking:
    viewer: cedarpy.Entities
    slice: Slice

    def ask(self, questions: Sequence[Question]) -> dict[Question, Verdict]:
        if not questions:
            return {}
        try:
            results = cedarpy.is_authorized_batch([REQUESTS[one] for one in questions], self.slice.rules, self.viewer)
        except ValueError:
            return dict.fromkeys(questions, _REFUSED)
        return dict(zip(questions, map(_verdict, results), strict=True))


def _verdict(result: cedarpy.AuthzResult) -> Verdict:
    # Cedar skips a policy that fails, even a forbid, and decides by the rest; so any error is a refusal.
    if result.diagnostics.errors:
        return _REFUSED
    return Verdict(result.allowed, tuple(sorted(result.diagnostics.id_annotations_by_reason.values())))


def _effect(verdicts: Mapping[Question, Verdict], label: Label) -> Effect:
    if verdicts[label, "view"].allowed:
        return Effect.ALLOW
    return Effect.MASK if verdicts[label, "viewMasked"].allowed else Effect.DENY


def attributes_of(facts: Facts) -> dict[str, object]:
    """The facts in Cedar's JSON form, by the names that schema.cedarschema gives them; roles are left out."""
    attributes: dict[str, object] = {name: getattr(facts, fact) for fact, name in _ATTRIBUTES.items()}
    for fact, name in _LABEL_SETS.items():
        attributes[name] = [{"__entity": uid("Label", label.value)} for label in sorted(getattr(facts, fact))]
    attributes["purpose"] = {"__entity": uid("Purpose", facts.purpose)}
    attributes["agencyKind"] = {"__entity": uid("AgencyKind", facts.agency_kind)}
    return attributes


def _viewer(facts: Facts) -> str:
    roles = [uid("Role", role) for role in sorted(facts.roles)]
    return json.dumps([{"uid": uid("Viewer", "viewer"), "attrs": attributes_of(facts), "parents": roles}])
