"""What a policy set says, as one diagram for each action on each label: exact over every set of facts there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from cedarpy import pst

from gateway.authorization.decision import Effect
from gateway.authorization.policy_set import DIRECTORY, Policy, PolicySet, read_policies
from gateway.policy.diagram import NEVER, Facts, Node
from gateway.policy.errors import PolicyToolError
from gateway.policy.space import Space, Uid, Vocabulary
from gateway.policy.symbols import Beyond, Evaluator, parts

WHOLE: Final = "view"  # the action that shows a value, and the one that shows what a mask leaves of it
PART: Final = "viewMasked"

Cell = tuple[str, str]  # action, label


class Unproven(PolicyToolError):
    """A policy about which the tools cannot be exact, so they say nothing at all; names it and the reason."""

    def __init__(self, policy: Policy, reason: str) -> None:
        self.policy, self.reason = policy, reason
        super().__init__(f"{policy.file}:{policy.line}: @id({policy.id!r}) cannot be proven about: {reason}")


@dataclass(frozen=True, slots=True)
class Applies:
    """Where one policy applies to one cell, and where evaluating it fails."""

    holds: Node
    fails: Node


class Model:
    """One policy set over a space, which may be shared with another set to compare the two."""

    def __init__(self, policies: PolicySet, vocabulary: Vocabulary, space: Space) -> None:
        self.set = policies
        self.policies = policies.policies
        self.vocabulary = vocabulary
        self.space = space
        self.diagrams = space.diagrams
        self.cells: tuple[Cell, ...] = tuple(
            (action, label) for label in vocabulary.labels for action in vocabulary.actions
        )
        self.bodies = {str(body.annotations["id"]): body for body in _bodies(policies)}
        evaluator = Evaluator(space, vocabulary)  # remembers by the bodies' identity, so they are held above
        self.applies = {name: self._applies(evaluator, body) for name, body in self.bodies.items()}

    def _applies(self, evaluator: Evaluator, body: pst.Template) -> dict[Cell, Applies]:
        found: dict[Cell, Applies] = {}
        for action, label in self.cells:
            try:
                holds, fails = evaluator.condition(body, action, Uid(self.label_kind, label))
            except Beyond as error:
                raise Unproven(self.policies[body.annotations["id"]], str(error)) from error
            if (holds, fails) != (NEVER, NEVER):
                found[action, label] = Applies(holds, fails)
        return found

    @cached_property
    def label_kind(self) -> str:
        """The entity type of labels."""
        declared = self.vocabulary.schema.actions[self.vocabulary.actions[0]]
        return declared.resources[0]

    @cached_property
    def possible(self) -> Node:
        """The facts of viewers whose token can exist."""
        return self.space.possible()

    @cached_property
    def allowed(self) -> Mapping[Cell, Node]:
        """Where each question is answered yes: permitted, not forbidden, and nothing fails."""
        return {cell: self.allowed_by(cell, self.policies) for cell in self.cells}

    def allowed_by(self, cell: Cell, policies: Iterable[str]) -> Node:
        """Where a question would be answered yes by some of the policies alone."""
        permits, forbids = NEVER, NEVER
        for name in policies:
            applies = self.applies[name].get(cell)
            if applies is None:
                continue
            # The gateway refuses a question as soon as any policy fails on it, whatever the others say.
            forbids = self.diagrams.either(forbids, applies.fails)
            if self.policies[name].forbids:
                forbids = self.diagrams.either(forbids, applies.holds)
            else:
                permits = self.diagrams.either(permits, applies.holds)
        return self.diagrams.without(permits, forbids)

    def shown(self, label: str) -> tuple[Node, Node]:
        """Where a label is shown whole, and where it is shown in part alone."""
        whole = self.allowed[WHOLE, label]
        return whole, self.diagrams.without(self.allowed[PART, label], whole)

    def effect(self, label: str, facts: Facts) -> Effect:
        """What becomes of a label for one full set of facts."""
        if self.is_allowed(WHOLE, label, facts):
            return Effect.ALLOW
        return Effect.MASK if self.is_allowed(PART, label, facts) else Effect.DENY

    def is_allowed(self, action: str, label: str, facts: Facts) -> bool:
        """Whether a question is answered yes for one full set of facts."""
        return self.diagrams.holds_for(self.allowed[action, label], facts)

    def deciding(self, action: str, label: str, facts: Facts) -> tuple[Policy, ...]:
        """The policies that apply to a question for one full set of facts: the forbids if any, else the permits."""
        applying = [
            self.policies[name]
            for name, cells in self.applies.items()
            if (applies := cells.get((action, label))) and self.diagrams.holds_for(applies.holds, facts)
        ]
        return tuple([one for one in applying if one.forbids] or applying)


def model_of(directory: Path = DIRECTORY) -> Model:
    """The model of a directory of policies; raises PolicyError, SchemaUnread, Unproven or TooLarge."""
    return models_of([read_policies(directory)])[0]


def models_of(sets: Sequence[PolicySet]) -> list[Model]:
    """Models of some policy sets over one space, so that their diagrams can be compared."""
    vocabularies = [Vocabulary(one) for one in sets]
    numbers = {number for one in sets for body in _bodies(one) for number in _numbers(body)}
    numbers |= {
        value
        for vocabulary in vocabularies
        for entity in vocabulary.entities.values()
        for value in entity.attributes.values()
        if type(value) is int
    }
    space = Space(vocabularies, sorted(numbers))
    return [Model(one, vocabulary, space) for one, vocabulary in zip(sets, vocabularies, strict=True)]


def _bodies(policies: PolicySet) -> Iterator[pst.Template]:
    return iter(policies.rules.to_pst().static_policies.values())


def _numbers(node: object) -> Iterator[int]:
    if isinstance(node, pst.LongLit):
        yield node.value
    for part in parts(node):
        yield from _numbers(part)
