"""Cedar decides: one question per label and action, asked once for each set of facts and remembered."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import cedarpy

from gateway.authorization import masks
from gateway.authorization.decision import Decision, Effect, Facts, Grant
from gateway.authorization.policy_set import DIRECTORY, NAMESPACE, PolicySet, read_policies
from schema.enums import Role
from schema.label import Label

ACTIONS: Final = ("view", "viewMasked", "filter")
REASONS: Final = {Effect.ALLOW: "granted", Effect.MASK: "masked", Effect.DENY: "not_permitted"}
REMEMBERED: Final = 50_000  # sets of facts; a few hundred are met in practice

_ATTRIBUTES: Final[Mapping[str, str]] = {  # fact -> attribute in schema.cedarschema
    "responsible": "responsible",
    "formerly": "formerly",
    "in_my_tree": "inMyTree",
    "domiciled_in_my_tree": "domiciledInMyTree",
    "my_decision": "myDecision",
    "legal_basis": "legalBasis",
    "is_self": "isSelf",
    "sealed": "sealed",
    "minor": "minor",
    "control_lifted": "controlLifted",
    "forwarded": "forwarded",
}


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
        self.decide = lru_cache(maxsize=remember)(self._decide)
        """The decision for these facts; any engine error is a deny. A pure function, so it is never stale."""

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

    def _grant(
        self, verdicts: Mapping[tuple[Label, str], Verdict], label: Label, effect: Effect, visible: Collection[Label]
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

    def _ask(self, facts: Facts) -> Mapping[tuple[Label, str], Verdict]:
        questions = [(label, action) for label in Label for action in ACTIONS]
        return dict(zip(questions, self._answers(facts, questions), strict=True))

    def _answers(self, facts: Facts, questions: list[tuple[Label, str]]) -> Iterable[Verdict]:
        # A role that nobody declared would be carried along by Cedar as a stranger to every rule.
        if not facts.roles <= _ROLES:
            return [_REFUSED] * len(questions)
        requests = [_request(label, action) for label, action in questions]
        try:
            entities = self.policies.vocabulary.with_added_json_str(_viewer(facts), self.policies.schema)
            # The entities are validated here and the requests are built from the same words, so the schema is not
            # handed over once more: checking it for each question costs more than deciding.
            return map(_verdict, cedarpy.is_authorized_batch(requests, self.policies.rules, entities))
        except ValueError:  # facts that the schema does not know, such as an unknown purpose
            return [_REFUSED] * len(questions)


def _verdict(result: cedarpy.AuthzResult) -> Verdict:
    # Cedar skips a policy that fails, even a forbid, and decides by the rest; so any error is a refusal.
    if result.diagnostics.errors:
        return _REFUSED
    return Verdict(result.allowed, tuple(sorted(result.diagnostics.id_annotations_by_reason.values())))


def _effect(verdicts: Mapping[tuple[Label, str], Verdict], label: Label) -> Effect:
    if verdicts[label, "view"].allowed:
        return Effect.ALLOW
    return Effect.MASK if verdicts[label, "viewMasked"].allowed else Effect.DENY


def attributes_of(facts: Facts) -> dict[str, object]:
    """The facts in Cedar's JSON form, by the names that schema.cedarschema gives them; roles are left out."""
    attributes: dict[str, object] = {name: getattr(facts, fact) for fact, name in _ATTRIBUTES.items()}
    attributes["purpose"] = {"__entity": _uid("Purpose", facts.purpose)}
    attributes["agencyKind"] = {"__entity": _uid("AgencyKind", facts.agency_kind)}
    return attributes


def _viewer(facts: Facts) -> str:
    roles = [_uid("Role", role) for role in sorted(facts.roles)]
    return json.dumps([{"uid": _uid("Viewer", "viewer"), "attrs": attributes_of(facts), "parents": roles}])


def _request(label: Label, action: str) -> dict[str, dict[str, str]]:
    return {
        "principal": _uid("Viewer", "viewer"),
        "action": _uid("Action", action),
        "resource": _uid("Label", label.value),
    }


def _uid(kind: str, key: str) -> dict[str, str]:
    return {"type": f"{NAMESPACE}::{kind}", "id": key}
