"""The same gateway without authorization and audit, for comparison only: no setting of the product leads here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final
from unittest.mock import patch

from gateway.audit.batch import Waiting
from gateway.audit.event import EventRecord
from gateway.audit.keeping import KeptLog
from gateway.audit.note import SignedNote
from gateway.audit.record import AccessRecord, EventEntry, LogEntry, StoredEntry
from gateway.audit.signer import LogSigner
from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Decision, Effect, Facts, Grant
from gateway.authorization.policy_set import PolicySet
from gateway.errors import AuditUnavailable
from gateway.settings import Settings
from schema.label import Label

_EVERYTHING: Final = MappingProxyType(
    {label: Grant(label, Effect.ALLOW, None, (), "granted", may_filter=True) for label in Label}
)


class Unguarded(CedarAuthorizer):
    """An authorizer that allows everything, by one decision made once."""

    def __init__(self, policies: PolicySet) -> None:
        super().__init__(policies)
        self._decision: Decision | None = None
        self.decide = self._allow  # type: ignore[assignment]  # what is compared is a gateway that never decides

    def _allow(self, facts: Facts) -> Decision:
        if self._decision is None:
            self._decision = Decision(facts, self.policy_version, _EVERYTHING)
        return self._decision


class Unrecorded(KeptLog):
    """A log that drops what it is given."""

    async def append(self, record: AccessRecord, _response: bytes | None = None) -> LogEntry:
        """Drops the record."""
        return LogEntry("none", 0, "", record)

    async def append_event(self, record: EventRecord) -> EventEntry:
        """Drops the event."""
        return EventEntry("none", 0, "", record)

    async def size(self) -> int:
        """Nothing is there."""
        return 0

    async def between(self, _start: int, _end: int) -> Sequence[StoredEntry]:
        """Nothing is there."""
        return ()

    async def pick(self, _indexes: Sequence[int]) -> Sequence[StoredEntry]:
        """Nothing is there."""
        return ()

    async def head(self) -> SignedNote:
        """There is none."""
        raise AuditUnavailable("Nothing is on record.")

    async def inclusion(self, _index: int, _size: int) -> list[bytes]:
        """Nothing is there."""
        return []

    async def consistency(self, _old: int, _new: int) -> list[bytes]:
        """Nothing is there."""
        return []

    async def keep_cosignature(self, _witness: str, _note: SignedNote) -> None:
        """Nothing is kept."""

    async def cosigned(self) -> Sequence[SignedNote]:
        """Nothing is there."""
        return ()

    async def resign(self, _signer: LogSigner) -> None:
        """Nothing is signed."""

    async def response_key(self, _index: int) -> bytes | None:
        """There is none."""
        return None

    async def erase_key(self, _index: int) -> bool:
        """There is none."""
        return False

    async def aclose(self) -> None:
        """Nothing to close."""

    async def _store(self, _waiting: Waiting) -> int:
        return 0


async def _no_log(_settings: Settings) -> KeptLog:
    return Unrecorded()


@contextmanager
def unrecorded() -> Iterator[None]:
    """Gateways opened inside have no audit."""
    with patch("gateway.app.open_log", _no_log):
        yield


@contextmanager
def unauthorized() -> Iterator[None]:
    """Gateways opened inside allow everything, and put it on record."""
    with patch("gateway.app.CedarAuthorizer", Unguarded):
        yield


@contextmanager
def unguarded() -> Iterator[None]:
    """Gateways opened inside have neither authorization nor audit."""
    with unauthorized(), unrecorded():
        yield
