"""What a change of policies changes for people: who gains, who loses, each with facts that show it.

Exact: every role, alone and together with others that a token may bear, for every purpose and every set of facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from gateway.authorization.masks import MASKS
from gateway.authorization.policy_set import Policy, PolicySet
from gateway.policy.diagram import NEVER, Node, Value
from gateway.policy.model import Model, models_of
from gateway.policy.question import in_words, written
from gateway.policy.rights import MASK, Right, Rights
from gateway.policy.space import Space, role_variable

GAINS: Final = "gains"
LOSES: Final = "loses"


@dataclass(frozen=True, slots=True)
class Change:
    """One right that somebody gains or loses."""

    kind: str  # GAINS or LOSES
    roles: tuple[str, ...]  # who: one role; several where each alone has no such change
    purpose: str
    label: str
    action: str  # of the schema, or MASK where the same part is shown by a looser or stricter mask
    witness: Mapping[str, object]  # a full set of facts for which it is so
    words: str  # the same, as `yiti policy explain --facts` takes it
    before: tuple[str, ...]  # policies that decide for these facts before and after
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs between two policy sets."""

    before: str  # versions
    after: str
    changes: tuple[Change, ...]
    added: tuple[Policy, ...]
    removed: tuple[Policy, ...]
    rebased: tuple[tuple[Policy, Policy], ...]  # another article for the same @id

    @property
    def gains(self) -> bool:
        """Whether anybody gains anything."""
        return any(one.kind == GAINS for one in self.changes)


def diff(old: PolicySet, new: PolicySet) -> Difference:
    """What the new set changes; raises SchemaUnread, Unproven or TooLarge where that cannot be said exactly."""
    before, after = models_of([old, new])
    comparison = _Comparison(before, after)
    kept = old.policies.keys() & new.policies.keys()
    return Difference(
        before=old.version,
        after=new.version,
        changes=tuple(comparison.changes()),
        added=tuple(one for name, one in new.policies.items() if name not in kept),
        removed=tuple(one for name, one in old.policies.items() if name not in kept),
        rebased=tuple(
            (old.policies[name], one)
            for name, one in new.policies.items()
            if name in kept and old.policies[name].basis != one.basis
        ),
    )


class _Comparison:
    def __init__(self, before: Model, after: Model) -> None:
        self._before, self._after = before, after
        self._space: Space = before.space
        self._diagrams = before.diagrams
        self._rights = Rights(before), Rights(after)
        self._possible = before.possible

    def changes(self) -> Iterator[Change]:
        old, new = self._rights
        for right in dict.fromkeys([*old.nodes, *new.nodes]):
            yield from self._between(right, old.nodes.get(right, NEVER), new.nodes.get(right, NEVER))
        for label in new.whole:
            yield from self._masks(label)

    def _between(self, right: Right, old: Node, new: Node) -> Iterator[Change]:
        for kind, node in ((GAINS, self._diagrams.without(new, old)), (LOSES, self._diagrams.without(old, new))):
            yield from self._located(kind, right, self._diagrams.both(node, self._possible))

    def _masks(self, label: str) -> Iterator[Change]:
        """A looser mask shows more of the same part; where nothing was shown before, that is said already."""
        old, new = self._rights
        if label not in old.whole:
            return
        both = self._diagrams.both(old.part[label], new.part[label], self._possible)
        looser = tighter = NEVER
        for mask in MASKS:
            least, now = old.at_least(label, mask), new.at_least(label, mask)
            looser = self._diagrams.either(looser, self._diagrams.without(now, least))
            tighter = self._diagrams.either(tighter, self._diagrams.without(least, now))
        yield from self._located(GAINS, (MASK, label), self._diagrams.both(looser, both))
        yield from self._located(LOSES, (MASK, label), self._diagrams.both(tighter, both))

    # ---- who ----------------------------------------------------------------------------------------------------

    def _located(self, kind: str, right: Right, node: Node) -> Iterator[Change]:
        """Of everybody to whom it happens, each role and purpose once."""
        if node == NEVER:
            return
        alone = NEVER
        for role in self._space.roles:
            happens = self._diagrams.given(node, self._space.only(role))
            has_role = self._diagrams.holds(role_variable(role))
            alone = self._diagrams.either(alone, self._diagrams.both(has_role, happens))
            yield from self._purposes(kind, right, (role,), happens)
        # Somebody of several roles to whom it happens although to none of these roles alone, for the same facts.
        together = self._diagrams.without(node, alone)
        for size in range(2, len(self._space.roles) + 1):
            mattering = [
                role for role in self._space.roles if role_variable(role) in self._diagrams.turns_on(together)
            ]
            for roles in combinations(mattering, size):
                happens = self._diagrams.given(together, self._space.only(*roles))
                if happens != NEVER:
                    yield from self._purposes(kind, right, roles, happens)
                    everybody = (self._diagrams.holds(role_variable(role)) for role in roles)
                    together = self._diagrams.without(together, self._diagrams.both(*everybody, happens))

    def _purposes(self, kind: str, right: Right, roles: tuple[str, ...], node: Node) -> Iterator[Change]:
        name = purpose_fact(self._space)
        for value in self._space.values[name]:
            happens = self._diagrams.given(node, {name: value})
            if happens != NEVER:
                plain: dict[str, Value] = {one.name: one.values[0] for one in self._space.variables}
                facts = plain | self._space.only(*roles) | {name: value}
                facts |= self._diagrams.nearest(happens, facts) or {}
                yield self._change(kind, right, roles, str(value), facts)

    def _change(
        self, kind: str, right: Right, roles: tuple[str, ...], purpose: str, facts: Mapping[str, Value]
    ) -> Change:
        action, label = right
        asked = "viewMasked" if action == MASK else action
        return Change(
            kind=kind,
            roles=roles,
            purpose=purpose,
            label=label,
            action=action,
            witness=written(self._space, facts),
            words=in_words(self._space, facts),
            before=_ids(self._before.deciding(asked, label, facts)),
            after=_ids(self._after.deciding(asked, label, facts)),
        )


def purpose_fact(space: Space) -> str:
    """The fact that holds the purpose of use."""
    return next(name for name, one in space.facts.items() if one.type.of == "Purpose")


def _ids(policies: Iterable[Policy]) -> tuple[str, ...]:
    return tuple(sorted(policy.id for policy in policies))
