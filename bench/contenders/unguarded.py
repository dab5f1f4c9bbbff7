"""The same gateway without authorization and audit, for comparison only: no setting of the product leads here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final
from unittest.mock import patch

from gateway.audit.record import AccessPage, AccessQuery, AccessRecord, LogEntry
from gateway.authorization.decision import Decision, Effect, Facts, Grant
from schema.label import Label

_EVERYTHING: Final = MappingProxyType(
    {label: Grant(label, Effect.ALLOW, None, (), "granted", may_filter=True) for label in Label}
)


class Unguarded:
    """An authorizer that allows everything, by one decision made once."""

    policy_version = "none"

    def __init__(self) -> None:
        self._decision: Decision | None = None

    @classmethod
    def load(cls) -> Unguarded:
        """As CedarAuthorizer.load."""
        return cls()

    def decide(self, facts: Facts) -> Decision:
        """The one decision."""
        if self._decision is None:
            self._decision = Decision(facts, self.policy_version, _EVERYTHING)
        return self._decision

    def basis(self, policy: str) -> str:
        """There is none."""
        return policy


class Unrecorded:
    """A log that drops what it is given."""

    def __init__(self, _path: Path) -> None:
        self._at = datetime.now(UTC)

    async def append(self, record: AccessRecord, _response: bytes | None = None) -> LogEntry:
        """Drops the record."""
        return LogEntry("none", 0, "", record)

    async def search(self, _query: AccessQuery) -> AccessPage:
        """Nothing is there."""
        return AccessPage((), has_next=False, total=0)

    async def entry(self, _entry_id: str) -> LogEntry | None:
        """Nothing is there."""
        return None

    async def aclose(self) -> None:
        """Nothing to close."""


@contextmanager
def unguarded() -> Iterator[None]:
    """Gateways opened inside have neither authorization nor audit."""
    with patch("gateway.app.CedarAuthorizer", Unguarded), patch("gateway.app.SqliteAuditLog", Unrecorded):
        yield
