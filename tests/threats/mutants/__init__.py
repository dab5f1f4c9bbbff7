"""Seeded faults of the enforcing code and of the policies, by what they would break, and the tests that must notice.

Each names the tests that are about it and no others, so that all of them can be tried in one go (`make mutants`).
"""

from __future__ import annotations

from typing import Final

from tests.threats.mutants import deciding, finding, opening, showing
from tests.threats.mutants.mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]

MUTANTS: Final = (*deciding.MUTANTS, *showing.MUTANTS, *finding.MUTANTS, *opening.MUTANTS)
