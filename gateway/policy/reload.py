"""Reads the policies again while the gateway runs: on SIGHUP, and when their folder changed.

A set with anything wrong is refused and the old one goes on deciding; each attempt is on record before it takes
effect, and a set that cannot be put on record does not take effect.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from gateway.audit.event import Detail, EventRecord, Kind
from gateway.authorization.finding import Finding
from gateway.authorization.in_force import PoliciesInForce
from gateway.authorization.policy_set import DIRECTORY, GROUPS_FILE, SCHEMA_FILE, inspect
from gateway.errors import AuditUnavailable

log = logging.getLogger("yiti.policy")

SHOWN: Final = 20  # findings in the log; `yiti policy check` prints them all
Clock = Callable[[], datetime]


class Recording(Protocol):
    """Where attempts are put on record; see gateway/audit/record.py."""

    async def append_event(self, record: EventRecord) -> object:
        """Put one event on record; raises AuditUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of the last attempt."""

    accepted: bool
    version: str  # in force after it
    findings: tuple[Finding, ...] = ()


class PolicyKeeper:
    """Keeps the policies in force current with a folder. One attempt at a time."""

    def __init__(
        self,
        policies: PoliciesInForce,
        directory: Path,
        recording: Recording,
        *,
        jurisdiction: str,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        self.policies = policies
        self.accepted = 0
        self.refused = 0
        self.last = Attempt(accepted=True, version=policies.current.policy_version)
        self._directory = directory
        self._recording = recording
        self._jurisdiction = jurisdiction
        self._clock = clock
        self._asked = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._tried = fingerprint(directory)  # what the set in force was read from

    def notice(self) -> dict[str, object] | None:
        """What `/readyz` says: nothing, unless newer policies were refused and others than expected decide."""
        if self.last.accepted:
            return None
        return {"refused": len(self.last.findings), "version": self.policies.current.policy_version}

    def ask(self) -> None:
        """Read again as soon as can be: what SIGHUP does."""
        self._asked.set()

    async def started(self) -> None:
        """Put on record by what this gateway decides from its start on; raises AuditUnavailable."""
        version = self.policies.current.policy_version
        count = len(self.policies.current.policies.policies)
        await self._record("accepted", "OK", {"trigger": "start", "version": version, "policies": count})

    async def run(self, seconds: float, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Read again whenever asked to, and when the folder changed; with `seconds` 0 only when asked."""
        while True:
            await self._wait(seconds, sleep)
            if self._asked.is_set():
                self._asked.clear()
                await self.reload("signal")
            elif await self._has_settled(sleep):
                await self.reload("change")

    async def _wait(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        if seconds == 0:
            await self._asked.wait()
            return
        waiting = {asyncio.ensure_future(self._asked.wait()), asyncio.ensure_future(sleep(seconds))}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    async def _has_settled(self, sleep: Callable[[float], Awaitable[None]]) -> bool:
        """Whether the folder is another one, and stays so for a moment: files are written one after the other."""
        seen = await asyncio.to_thread(fingerprint, self._directory)
        if seen == self._tried:
            return False
        await sleep(0.5)
        return await asyncio.to_thread(fingerprint, self._directory) == seen

    async def reload(self, trigger: str) -> Attempt:
        """Read the folder and take what it says into force, or refuse it."""
        async with self._one_at_a_time:
            self._tried = await asyncio.to_thread(fingerprint, self._directory)
            inspection = await asyncio.to_thread(inspect, self._directory)
            before = self.policies.current.policy_version
            new = inspection.policies
            if new is None:
                return await self._refuse(trigger, inspection.findings)
            if new.version == before:
                log.info("policies: read again, unchanged: version %s", before)
                self.last = Attempt(accepted=True, version=before)
                return self.last
            details: dict[str, Detail] = {
                "trigger": trigger,
                "version": new.version,
                "previous": before,
                "policies": len(new.policies),
            }
            if not await self._is_recorded("accepted", "OK", details):
                log.error("policies: version %s is not taken into force; %s goes on deciding", new.version, before)
                self.refused += 1
                self.last = Attempt(accepted=False, version=before)
                return self.last
            self.policies.replace(new)
            self.accepted += 1
            self.last = Attempt(accepted=True, version=new.version)
            log.info("policies: version %s decides from now on, after %s", new.version, before)
            return self.last

    async def _refuse(self, trigger: str, findings: tuple[Finding, ...]) -> Attempt:
        version = self.policies.current.policy_version
        self.refused += 1
        self.last = Attempt(accepted=False, version=version, findings=findings)
        for finding in findings[:SHOWN]:
            log.error("policies: %s: %s", finding.code, finding)
        log.error("policies: refused for %d findings; version %s goes on deciding", len(findings), version)
        details: dict[str, Detail] = {
            "trigger": trigger,
            "version": version,
            "code": findings[0].code,
            "findings": len(findings),
        }
        await self._is_recorded("refused", "REFUSED", details)
        return self.last

    async def _is_recorded(self, action: str, outcome: str, details: Mapping[str, Detail]) -> bool:
        try:
            await self._record(action, outcome, details)
        except AuditUnavailable as error:
            log.warning("policies: an attempt could not be put on record: %s", error.message)
            return False
        return True

    async def _record(self, action: str, outcome: str, details: Mapping[str, Detail]) -> None:
        await self._recording.append_event(
            EventRecord(
                at=self._clock(),
                kind=Kind.POLICY,
                action=action,
                outcome=outcome,
                jurisdiction=self._jurisdiction,
                details=details,
            )
        )


def fingerprint(directory: Path = DIRECTORY) -> str:
    """What the files of a folder of policies hold; a file that cannot be read counts as such."""
    digest = hashlib.sha256()
    for path in sorted([*directory.glob("*.cedar"), directory / SCHEMA_FILE, directory / GROUPS_FILE]):
        digest.update(path.name.encode() + b"\0")
        try:
            content = path.read_bytes()
        except OSError:
            content = b"unreadable"
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()
