"""Cedar decides: one question per label and action, asked once for each set of facts and remembered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gateway.authorization import masks
from gateway.authorization.attributes import GIVEN, NAMES, NOTHING, are_known, viewer_of
from gateway.authorization.decision import Decision, Effect, Facts, Grant
from gateway.authorization.policy_set import DIRECTORY, PolicySet, read_policies
from gateway.authorization.questions import ACTIONS, Question
from gateway.authorization.terms import REFUSED, Terms, Verdict
from schema.enums import Role
from schema.label import Label

__all__ = ["ACTIONS", "CedarAuthorizer", "Verdict"]

REASONS: Final = {Effect.ALLOW: "granted", Effect.MASK: "masked", Effect.DENY: "not_permitted"}
REMEMBERED: Final = 50_000  # sets of facts; a few hundred are met in practice

_Asked = Callable[[Question], Verdict]
_LABELS: Final = tuple(Label)
_ROLES: Final = frozenset(role.name for role in Role)


class CedarAuthorizer:
    """Implements gateway.authorization.decision.Authorizer. Safe to share between threads."""

    def __init__(self, policies: PolicySet, *, remember: int = REMEMBERED) -> None:
        self.policies = policies
        self.policy_version = policies.version
        self._terms = Terms(policies.rules, policies.vocabulary, GIVEN)
        self._unasked = {fact: nothing for fact, nothing in NOTHING.items() if fact not in self._asked_about()}
        self._granted = lru_cache(maxsize=remember)(self._grants)
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
        # What no policy asks about makes no difference, and so is decided once for all that differ by it alone.
        known = replace(facts, **self._unasked) if self._unasked and are_known(facts) else facts
        return Decision(facts, self.policy_version, self._granted(known))

    def _asked_about(self) -> frozenset[str]:
        return frozenset(fact for fact, name in NAMES.items() if name in self._terms.facts)

    def _grants(self, facts: Facts) -> Mapping[Label, Grant]:
        asked = self._asked(facts)
        seen = {label: _seen(asked, label) for label in _LABELS}
        visible = [label for label, (effect, _) in seen.items() if effect is not Effect.DENY]
        grants = {label: self._grant(asked, label, *seen[label], visible) for label in _LABELS}
        return MappingProxyType(grants)

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
            viewer = self.policies.vocabulary.with_added_json_str(viewer_of(facts), self.policies.schema)
            return self._terms.asked(viewer, facts.purpose)
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
