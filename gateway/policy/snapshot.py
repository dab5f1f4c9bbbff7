"""The decision table as text, exact and canonical: two policy sets decide alike where their tables are equal.

One line for each role, purpose and right with all minimal conditions (`|` between them, `!` before what must be
false); labels of the same conditions share a line. The last lines stand for viewers of several roles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from gateway.policy.conditions import conditions, plain_words
from gateway.policy.diagram import NEVER, Node, Value
from gateway.policy.diff import purpose_fact
from gateway.policy.model import Model
from gateway.policy.rights import MASK, Right, Rights

Row = tuple[str, str, str]  # purposes, actions, labels

OWN: Final = "*"  # the line's own label, where a set must hold it


def snapshot(model: Model) -> str:
    """The table."""
    rights = Rights(model)
    nodes: dict[Right, Node] = dict(rights.nodes)
    for label, masks in rights.masks.items():
        nodes.update({(f"{MASK}:{mask}", label): node for mask, node in masks.items()})
    lines = [
        "# Who may do what to which label, under which facts. Made by: yiti policy matrix --snapshot",
        *_lines(model, nodes),
        *_several(model, nodes),
    ]
    return "\n".join(lines) + "\n"


def _lines(model: Model, nodes: dict[Right, Node]) -> Iterator[str]:
    purposes = purpose_fact(model.space)
    for role in model.space.roles:
        rows: dict[Row, str] = {}
        for purpose in model.space.values[purposes]:
            facts = {**model.space.only(role), purposes: purpose}
            for (action, label), node in nodes.items():
                left = model.diagrams.given(node, facts)
                if left != NEVER:
                    terms = " | ".join(conditions(model, left, label, _own)) or "always"
                    rows[str(purpose), action, label] = terms
        for (purpose_words, actions, labels), terms in sorted(_joined(rows).items()):
            yield f"{role} {purpose_words} {actions} {labels}: {terms}"


def _joined(rows: dict[Row, str]) -> dict[Row, str]:
    """The same rows with what is alike on one: first labels, then actions, then purposes."""
    for part in (2, 1, 0):
        found: dict[tuple[Row, str], list[str]] = {}
        for row, terms in rows.items():
            rest = (*row[:part], "", *row[part + 1 :])
            found.setdefault(((rest[0], rest[1], rest[2]), terms), []).append(row[part])
        rows = {
            (rest[0] or ",".join(words), rest[1] or ",".join(words), rest[2] or ",".join(words)): terms
            for (rest, terms), words in found.items()
        }
    return rows


def _own(variable: str, value: Value, label: str) -> str:
    name, _, member = variable.partition(":")
    return plain_words(f"{name}:{OWN}" if member == label else variable, value, label)


def _several(model: Model, nodes: dict[Right, Node]) -> Iterator[str]:
    """A digest of each action's diagrams over every set of roles that a token can bear."""
    digests: dict[str, list[str]] = {}
    for (action, label), node in sorted(nodes.items()):
        walked = list(model.diagrams.walk(model.diagrams.both(node, model.possible)))
        text = repr((label, node if node <= 1 else 2, walked))
        digests.setdefault(action, []).append(hashlib.sha256(text.encode()).hexdigest())
    for action, found in digests.items():
        yield f"several roles, {action}: {hashlib.sha256(''.join(found).encode()).hexdigest()[:16]}"
