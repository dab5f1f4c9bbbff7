"""How many connections an adapter holds to its source, for operators; an adapter that knows says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Connections:
    """Now, by what they do."""

    in_use: int
    idle: int


@runtime_checkable
class Connected(Protocol):
    """An adapter that can tell."""

    def connections(self) -> Connections | None:
        """None where its transport does not say."""
        ...
