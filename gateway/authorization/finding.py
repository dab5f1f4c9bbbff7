"""What is wrong with a policy: a stable code, the place, and the fix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing wrong. `line` counts from 1; 0 where the file as a whole is meant."""

    file: str
    line: int
    code: str  # stable, see docs/policy-tools.md
    message: str  # what, with the policy's @id where it has one
    fix: str

    @property
    def place(self) -> str:
        """`file:line`, or the file alone."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        return f"{self.place}: {self.message}; {self.fix}"


class PolicyError(Exception):
    """The rules cannot be used; the message names the places and what to do. Stops the start."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, self.findings)))
