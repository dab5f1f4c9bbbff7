"""Conditions in words: the minimal sets of facts under which something holds, complete and in one fixed order."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from gateway.policy.diagram import NEVER, Literals, Node, Value
from gateway.policy.model import Model
from gateway.policy.rights import Rights

Write = Callable[[str, Value, str], str]  # variable, value, label of the row -> words


class Polarity:
    """Which facts only ever add, which only ever remove, over all rights and all roles."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        self._diagrams = rights.model.diagrams
        self._space = rights.model.space

    @cached_property
    def switches(self) -> tuple[str, ...]:
        """The facts that are true or false, members of sets and roles left out."""
        return tuple(name for name, one in self._space.facts.items() if one.type.kind == "Bool")

    @cached_property
    def ties(self) -> frozenset[str]:
        """Facts that never remove a right."""
        return frozenset(name for name in self.switches if self._never(name, adds=False))

    @cached_property
    def protections(self) -> frozenset[str]:
        """Facts that remove some right and never add any."""
        removing = (name for name in self.switches if not self._never(name, adds=False))
        return frozenset(name for name in removing if self._never(name, adds=True))

    @cached_property
    def mixed(self) -> tuple[str, ...]:
        """Facts that add here and remove there."""
        return tuple(name for name in self.switches if name not in self.ties | self.protections)

    def _never(self, name: str, *, adds: bool) -> bool:
        for node in self._rights.nodes.values():
            possible = self._diagrams.both(node, self._rights.model.possible)
            with_it = self._diagrams.given(possible, {name: True})
            without = self._diagrams.given(possible, {name: False})
            more, less = (with_it, without) if adds else (without, with_it)
            if self._diagrams.without(more, less) != NEVER:
                return False
        return True


def plain_words(variable: str, value: Value, _label: str) -> str:
    """A literal as `yiti policy explain --facts` takes it, a `!` before what must be false."""
    if isinstance(value, bool):
        return variable if value else f"!{variable}"
    return f"{variable}={value}"


def readable(variable: str, value: Value, label: str) -> str:
    """A literal for people: `inMyTree` is `in my tree`; a set that must hold the row's label is its name alone."""
    name, _, member = variable.partition(":")
    words = re.sub(r"(?<=[a-z])([A-Z])", lambda found: f" {found.group(1).lower()}", name)
    if member and member != label:
        words = f"{words} {member}"
    if isinstance(value, bool):
        return words if value else f"not {words}"
    return f"{words} {value}"


def conditions(model: Model, node: Node, label: str, write: Write) -> tuple[str, ...]:
    """The minimal conditions of a function in words, sorted; one empty condition where it always holds."""
    return tuple(sorted(_words(model, one, label, write) for one in model.diagrams.primes(node)))


def _words(model: Model, literals: Literals, label: str, write: Write) -> str:
    order = {variable.name: place for place, variable in enumerate(model.space.variables)}
    return " & ".join(write(name, value, label) for name, value in sorted(literals, key=lambda one: order[one[0]]))
