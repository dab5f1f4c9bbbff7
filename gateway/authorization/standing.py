"""Standing: what the gateway's own registers say of one viewer at one moment, prepared once per request.

Consents and emergency accesses end by themselves; whoever makes a Standing leaves out what has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schema.label import Label

NONE: Final[frozenset[Label]] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """By Person.id. To see anything of somebody is to know of them, so each set but an empty one holds EXISTENCE."""

    consented: Mapping[str, frozenset[Label]] = field(default_factory=dict)  # for this recipient and purpose
    family: frozenset[str] = frozenset()  # people who have let this relative in
    break_glass: Mapping[str, frozenset[Label]] = field(default_factory=dict)  # this viewer's own grants in force

    def at_best(self) -> tuple[frozenset[Label], frozenset[Label]]:
        """What consents open to this viewer of anybody, and what emergency accesses do."""
        return NONE.union(*self.consented.values()), NONE.union(*self.break_glass.values())


NO_STANDING: Final = Standing()
"""Of a viewer of whom the registers say nothing: almost everybody, almost always."""
