"""Decision diagrams: exact answers about all sets of facts at once, without a solver and without samples.

A diagram is a function from facts to yes or no, kept as an ordered, reduced graph in which equal functions are the
same node. Two rules are equal where their nodes are; a rule can hold where its node is not NEVER.
(Bryant 1986; nodes have as many children as their fact has values, as in Srinivasan et al. 1990.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.policy.errors import PolicyToolError

Node = int
Value = object  # a hashable word, truth value or number
Facts = Mapping[str, Value]  # variable -> value
Literals = frozenset[tuple[str, Value]]  # all of them hold

NEVER: Final[Node] = 0
ALWAYS: Final[Node] = 1
LARGEST: Final = 2_000_000  # nodes; thousands are met in practice


class TooLarge(PolicyToolError):
    """A function of more nodes than can be held; the rules ask of too many facts at once."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One fact and all values it may have; the first one is what it has unless something is said."""

    name: str
    values: tuple[Value, ...]


class Diagrams:
    """Functions over one order of variables."""

    def __init__(self, variables: Iterable[Variable]) -> None:
        self.variables = tuple(variables)
        self._level = {variable.name: level for level, variable in enumerate(self.variables)}
        if len(self._level) != len(self.variables):
            raise ValueError("two variables of one name")
        self._nodes: list[tuple[int, tuple[Node, ...]]] = [(len(self.variables), ())] * 2
        self._known: dict[tuple[int, tuple[Node, ...]], Node] = {}
        self._chosen: dict[tuple[Node, Node, Node], Node] = {}
        self._primes: dict[Node, frozenset[Literals]] = {}

    # ---- making -------------------------------------------------------------------------------------------------

    def holds(self, name: str, value: Value = True) -> Node:
        """Where the fact has this value."""
        level = self._level[name]
        values = self.variables[level].values
        return self._make(level, tuple(ALWAYS if one == value else NEVER for one in values))

    def _make(self, level: int, children: tuple[Node, ...]) -> Node:
        first = children[0]
        if all(child == first for child in children):
            return first
        key = (level, children)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self._nodes)
            self._nodes.append(key)
            if found > LARGEST:
                raise TooLarge(f"more than {LARGEST} nodes")
        return found

    def choose(self, condition: Node, yes: Node, no: Node) -> Node:
        """`yes` where the condition holds, else `no`."""
        if condition == ALWAYS or yes == no:
            return yes
        if condition == NEVER:
            return no
        if yes == ALWAYS and no == NEVER:
            return condition
        key = (condition, yes, no)
        found = self._chosen.get(key)
        if found is None:
            (of, its), (of_yes, its_yes), (of_no, its_no) = (self._nodes[one] for one in key)
            level = min(of, of_yes, of_no)
            found = self._chosen[key] = self._make(
                level,
                tuple(
                    [
                        self.choose(
                            its[i] if of == level else condition,
                            its_yes[i] if of_yes == level else yes,
                            its_no[i] if of_no == level else no,
                        )
                        for i in range(len(self.variables[level].values))
                    ]
                ),
            )
        return found

    def negate(self, node: Node) -> Node:
        """Where it does not hold."""
        return self.choose(node, NEVER, ALWAYS)

    def both(self, *nodes: Node) -> Node:
        """Where all hold."""
        result = ALWAYS
        for node in nodes:
            result = self.choose(result, node, NEVER)
        return result

    def either(self, *nodes: Node) -> Node:
        """Where any holds."""
        result = NEVER
        for node in nodes:
            result = self.choose(result, ALWAYS, node)
        return result

    def without(self, node: Node, other: Node) -> Node:
        """Where the first holds and the other does not."""
        return self.choose(other, NEVER, node)

    def given(self, node: Node, facts: Facts) -> Node:
        """The function that is left once some facts are settled."""
        fixed = {self._level[name]: self._index(name, value) for name, value in facts.items()}
        done: dict[Node, Node] = {NEVER: NEVER, ALWAYS: ALWAYS}

        def settle(one: Node) -> Node:
            if one not in done:
                level, children = self._nodes[one]
                index = fixed.get(level)
                done[one] = (
                    settle(children[index]) if index is not None else self._make(level, tuple(map(settle, children)))
                )
            return done[one]

        return settle(node)

    # ---- asking -------------------------------------------------------------------------------------------------

    def holds_for(self, node: Node, facts: Facts) -> bool:
        """Whether it holds for these facts; KeyError where one that matters is missing."""
        while node > ALWAYS:
            level, children = self._nodes[node]
            variable = self.variables[level]
            node = children[self._index(variable.name, facts[variable.name])]
        return node == ALWAYS

    def implies(self, node: Node, other: Node) -> bool:
        """Whether the other holds wherever the first does."""
        return self.without(node, other) == NEVER

    def turns_on(self, node: Node) -> tuple[str, ...]:
        """The facts on which it depends, in the order of the variables."""
        seen: set[Node] = set()
        levels: set[int] = set()
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if one > ALWAYS and one not in seen:
                seen.add(one)
                levels.add(self._nodes[one][0])
                waiting.extend(self._nodes[one][1])
        return tuple(self.variables[level].name for level in sorted(levels))

    def nearest(self, node: Node, facts: Facts, fixed: Iterable[str] = ()) -> dict[str, Value] | None:
        """The smallest change of facts after which it holds, by fact; None if none does. `fixed` ones must stay."""
        held = {self._level[name] for name in fixed}
        start = {self._level[name]: self._index(name, value) for name, value in facts.items()}
        best: dict[Node, tuple[int, tuple[tuple[int, int], ...]] | None] = {NEVER: None, ALWAYS: (0, ())}

        def search(one: Node) -> tuple[int, tuple[tuple[int, int], ...]] | None:
            if one in best:
                return best[one]
            level, children = self._nodes[one]
            found: tuple[int, tuple[tuple[int, int], ...]] | None = None
            for index, child in enumerate(children):
                changed = index != start[level]
                if changed and level in held:
                    continue
                below = search(child)
                if below is None:
                    continue
                steps = (below[0] + 1, ((level, index), *below[1])) if changed else below
                if found is None or steps[0] < found[0]:
                    found = steps
            best[one] = found
            return found

        chosen = search(node)
        if chosen is None:
            return None
        return {self.variables[level].name: self.variables[level].values[index] for level, index in chosen[1]}

    def witness(self, node: Node) -> dict[str, Value] | None:
        """A full set of facts for which it holds, as few as possible of them other than their first value."""
        plain = {variable.name: variable.values[0] for variable in self.variables}
        changes = self.nearest(node, plain)
        return None if changes is None else plain | changes

    def primes(self, node: Node) -> frozenset[Literals]:
        """The minimal conditions under which it holds: none can be left out of any of them, and none is missing.

        A fact of more than two values stands in a condition with one value.
        """
        if node <= ALWAYS:
            return frozenset() if node == NEVER else frozenset({frozenset()})
        if node not in self._primes:
            level, children = self._nodes[node]
            variable = self.variables[level]
            anyway = self.primes(self.both(*children))
            found = set(anyway)
            for value, child in zip(variable.values, children, strict=True):
                found |= {one | {(variable.name, value)} for one in self.primes(child) - anyway}
            self._primes[node] = frozenset(found)
        return self._primes[node]

    def walk(self, node: Node) -> Iterator[tuple[str, Sequence[int]]]:
        """The nodes from the top, each once: variable and children; 0 is never, 1 always, else a node."""
        order: dict[Node, int] = {NEVER: 0, ALWAYS: 1}
        waiting = [node] if node > ALWAYS else []
        while waiting:
            one = waiting.pop(0)
            if one in order:
                continue
            order[one] = len(order)
            waiting.extend(child for child in self._nodes[one][1] if child > ALWAYS)
        for one in list(order)[2:]:
            level, children = self._nodes[one]
            yield self.variables[level].name, [order[child] for child in children]

    def __len__(self) -> int:
        return len(self._nodes)

    def _index(self, name: str, value: Value) -> int:
        return self.variables[self._level[name]].values.index(value)
