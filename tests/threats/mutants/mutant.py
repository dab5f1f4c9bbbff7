"""A seeded fault: a text that stands exactly once in the enforcing code, what replaces it, and who must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: in `file` the text `before` is replaced by `after`; `tests` are run until one fails."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


def one(name: str, file: str, before: str, after: str, *tests: str) -> Mutant:
    """A fault in a module of the gateway."""
    return Mutant(name, f"gateway/{file}.py", before, after, tests)


def rule(name: str, file: str, before: str, after: str, *tests: str) -> Mutant:
    """A fault in the policies."""
    return Mutant(name, f"gateway/authorization/policies/{file}", before, after, tests)
