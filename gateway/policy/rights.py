"""What people gain from a policy set in the end: rights, ordered so that more of one is more seen.

Raw answers are not rights: what may be seen whole needs no mask, what may not be seen whole may not be searched by,
and of several masks the strictest counts, hardened by what else is visible (gateway/authorization/masks.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.authorization.masks import MASKS, harden
from gateway.policy.diagram import NEVER, Node
from gateway.policy.model import PART, WHOLE, Model
from schema.label import Label

SEARCH: Final = "filter"
MASK: Final = "mask"  # a right to a looser mask, where part is seen before and after

Right = tuple[str, str]  # action, label


class Rights:
    """The rights that one model gives."""

    def __init__(self, model: Model) -> None:
        self.model = model
        diagrams = model.diagrams
        self.whole = {label: model.allowed[WHOLE, label] for label in model.vocabulary.labels}
        self.part = {
            label: diagrams.without(model.allowed[PART, label], self.whole[label])
            for label in model.vocabulary.labels
        }
        self.masks = {label: self._masks(label) for label in model.vocabulary.labels}
        self.nodes: Mapping[Right, Node] = dict(self._nodes())

    def _nodes(self) -> Iterator[tuple[Right, Node]]:
        diagrams = self.model.diagrams
        for action, label in self.model.cells:
            allowed = self.model.allowed[action, label]
            if action == PART:
                allowed = diagrams.either(allowed, self.whole[label])
            elif action == SEARCH:
                allowed = diagrams.both(allowed, self.whole[label])
            yield (action, label), allowed

    def at_least(self, label: str, mask: str) -> Node:
        """Where a label is shown whole, or in part by this mask or a looser one."""
        order = list(MASKS)
        looser = order[order.index(mask) :]
        return self.model.diagrams.either(self.whole[label], *(self.masks[label].get(name, NEVER) for name in looser))

    def _masks(self, label: str) -> dict[str, Node]:
        """By which mask a label is shown in part, and where."""
        diagrams = self.model.diagrams
        naming: dict[str, Node] = {}
        for name, policy in self.model.policies.items():
            applies = self.model.applies[name].get((PART, label))
            if applies is not None and not policy.forbids:
                mask = policy.mask or "redact"
                naming[mask] = diagrams.either(naming.get(mask, NEVER), applies.holds)
        left = self.part[label]
        found: dict[str, Node] = {}
        for mask in MASKS:  # from the strictest
            where = diagrams.both(left, naming.get(mask, NEVER))
            left = diagrams.without(left, where)
            for hardened, node in self._hardened(mask, label, where):
                found[hardened] = diagrams.either(found.get(hardened, NEVER), node)
        return {mask: node for mask, node in found.items() if node != NEVER}

    def _hardened(self, mask: str, label: str, where: Node) -> Iterator[tuple[str, Node]]:
        diagrams = self.model.diagrams
        for other in self.model.vocabulary.labels:
            stricter = harden(mask, Label(label), [Label(other)]) if other != label else mask
            if stricter != mask:
                seen = diagrams.either(self.whole[other], self.part[other])
                yield stricter, diagrams.both(where, seen)
                where = diagrams.without(where, seen)
        yield mask, where
