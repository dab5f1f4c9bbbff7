"""The registers: entries kept in memory as the file has them, looked up once per request."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import apsw

from gateway.authorization.standing import NO_STANDING, Standing
from gateway.registers.entries import Author, Consent, Grant, Recipient, Review
from gateway.registers.file import RegisterFile, Value
from gateway.viewer import Viewer
from schema.enums import Role
from schema.label import Label

log = logging.getLogger("yiti.registers")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RELATIVE: Final = frozenset({Role.RELATIVE.name})
_KNOWING: Final = frozenset({Label.EXISTENCE})  # to see anything of somebody is to know of them

Now = Callable[[], datetime]
Primary = Callable[[str], str | None]


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


class Registers:
    """Consents and emergency accesses. What is written counts from the next request on, in every process.

    `primary` gives the pseudonym under which a person stands now, where two records have become one.
    """

    def __init__(self, path: Path, key: bytes, *, now: Now = utc_now, primary: Primary = lambda token: token) -> None:
        """Opens or makes the file; RegistersDamaged where that cannot be done."""
        self._file = RegisterFile(path, key)
        self._now = now
        self._primary = primary
        self._lock = threading.Lock()  # one writer at a time in this process; SQLite sees to the others
        self._version = -1
        self._seen = {"consent": 0, "break_glass": 0}
        self._consents: dict[str, Consent] = {}
        self._grants: dict[str, Grant] = {}
        self._to: dict[tuple[Recipient, str, str], dict[str, None]] = {}  # recipient and purpose -> consents
        self._of: dict[tuple[str, str, str], dict[str, None]] = {}  # issuer, subject, agency -> grants
        self._refresh()

    @property
    def now(self) -> datetime:
        """The moment by which entries are in force."""
        return self._now()

    # ---- what is asked on every request --------------------------------------------------------------------------

    def standing(self, viewer: Viewer) -> Standing:
        """What is open to this viewer by consents and emergencies; nothing where the file cannot be read."""
        try:
            self._refresh()
        except apsw.Error as err:
            log.warning("the registers cannot be read (%s): consents open nothing until they can", type(err).__name__)
            return NO_STANDING
        consents = self._consents_to(viewer)
        grants = self._of.get((viewer.issuer, viewer.subject, viewer.agency)) if not viewer.forwarded else None
        if not consents and not grants:
            return NO_STANDING
        now = self._now()
        consented = _opened((self._consents[one] for one in consents or ()), now, self._primary)
        opened = _opened((self._grants[one] for one in grants or ()), now, self._primary)
        family = frozenset(consented) if viewer.roles == _RELATIVE else frozenset()
        return Standing(consented, family, opened) if consented or opened else NO_STANDING

    # ---- what registers are for ----------------------------------------------------------------------------------

    def consent(self, entry: str) -> Consent | None:
        """One consent."""
        self._refresh()
        return self._consents.get(entry)

    def consents_of(self, person: str) -> list[Consent]:
        """A person's consents, newest first, those that have ended as well."""
        self._refresh()
        found = [one for one in self._consents.values() if (self._primary(one.person) or one.person) == person]
        return sorted(found, key=lambda one: (one.recorded_at, one.id), reverse=True)

    def grant(self, entry: str) -> Grant | None:
        """One emergency access."""
        self._refresh()
        return self._grants.get(entry)

    def grants(self) -> list[Grant]:
        """All emergency accesses, newest first."""
        self._refresh()
        return sorted(self._grants.values(), key=lambda one: (one.granted_at, one.id), reverse=True)

    def grants_in_force(self, viewer: Viewer) -> list[Grant]:
        """This viewer's own emergency accesses that open something now."""
        now, held = self._now(), self._of.get((viewer.issuer, viewer.subject, viewer.agency), {})
        return [one for entry in held if (one := self._grants[entry]).is_in_force(now)]

    async def record(self, consent: Consent) -> None:
        """Keep a consent; on disk when this returns."""
        await asyncio.to_thread(self._insert, "consent", _consent_row(consent, self._file))

    async def revoke(self, entry: str, by: Author) -> bool:
        """End a consent now; False where it was ended before."""
        at = {"revoked_at": _micro(self._now())}
        return await asyncio.to_thread(self._settle, "consent", entry, {**at, **_author("revoked", by)}, "revoked_at")

    async def open(self, grant: Grant) -> None:
        """Keep an emergency access; on disk when this returns."""
        await asyncio.to_thread(self._insert, "break_glass", _grant_row(grant, self._file))

    async def review(self, entry: str, review: Review) -> bool:
        """Keep what a reviewer found; False where somebody had reviewed it before."""
        values: dict[str, Value] = {
            "reviewed_at": _micro(review.at),
            **_author("reviewed", review.by),
            "verdict": review.verdict,
            "remark": self._file.seal(review.remark),
        }
        return await asyncio.to_thread(self._settle, "break_glass", entry, values, "reviewed_at")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    # ---- inside --------------------------------------------------------------------------------------------------

    def _insert(self, table: str, values: dict[str, Value]) -> None:
        with self._lock:
            self._file.insert(table, values)

    def _settle(self, table: str, entry: str, values: dict[str, Value], unless: str) -> bool:
        with self._lock:
            return self._file.settle(table, entry, values, unless=unless)

    def _consents_to(self, viewer: Viewer) -> Collection[str]:
        if viewer.roles != _RELATIVE:
            return self._to.get((Recipient.AGENCY, viewer.agency, viewer.purpose), ())
        person = self._primary(viewer.person or "") or viewer.person
        return [
            entry
            for (kind, recipient, purpose), entries in self._to.items()
            if kind is Recipient.RELATIVE
            and purpose == viewer.purpose
            and (self._primary(recipient) or recipient) == person
            for entry in entries
        ]

    def _refresh(self) -> None:
        version = self._file.version()
        if version == self._version:
            return
        for row in self._changed("consent"):
            consent = _consent(row, self._file)
            self._consents[consent.id] = consent
            self._to.setdefault((consent.recipient_kind, consent.recipient, consent.purpose), {})[consent.id] = None
        for row in self._changed("break_glass"):
            grant = _grant(row, self._file)
            self._grants[grant.id] = grant
            self._of.setdefault((grant.issuer, grant.by.subject, grant.by.agency), {})[grant.id] = None
        self._version = version

    def _changed(self, table: str) -> Iterator[Mapping[str, Value]]:
        for row in self._file.changed(table, self._seen[table]):
            yield row
            self._seen[table] = int(str(row["change"]))


def _opened(entries: Iterator[Consent | Grant], now: datetime, primary: Primary) -> dict[str, frozenset[Label]]:
    opened: dict[str, frozenset[Label]] = {}
    for one in entries:
        if one.is_in_force(now):
            person = primary(one.person) or one.person
            opened[person] = opened.get(person, _KNOWING) | one.labels
    return opened


def _micro(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(stored: Value) -> datetime:
    return _EPOCH + timedelta(microseconds=int(str(stored)))


def _labels(labels: frozenset[Label]) -> str:
    return " ".join(sorted(labels))


def _author(prefix: str, by: Author) -> dict[str, Value]:
    return {f"{prefix}_by": by.subject, f"{prefix}_agency": by.agency, f"{prefix}_agency_name": by.agency_name}


def _by(row: Mapping[str, Value], prefix: str) -> Author:
    return Author(*(str(row[f"{prefix}_{name}"]) for name in ("by", "agency", "agency_name")))


def _consent_row(one: Consent, file: RegisterFile) -> dict[str, Value]:
    return {
        "id": one.id,
        "person": one.person,
        "recipient_kind": one.recipient_kind.value,
        "recipient": one.recipient,
        "recipient_name": one.recipient_name,
        "purpose": one.purpose,
        "labels": _labels(one.labels),
        "signed_by": one.signed_by,
        "document_number": None if one.document_number is None else file.seal(one.document_number),
        "recorded_at": _micro(one.recorded_at),
        "expires_at": _micro(one.expires_at),
        **_author("recorded", one.recorded_by),
    }


def _consent(row: Mapping[str, Value], file: RegisterFile) -> Consent:
    number = row["document_number"]
    return Consent(
        id=str(row["id"]),
        person=str(row["person"]),
        recipient_kind=Recipient(str(row["recipient_kind"])),
        recipient=str(row["recipient"]),
        recipient_name=str(row["recipient_name"]),
        purpose=str(row["purpose"]),
        labels=frozenset(map(Label, str(row["labels"]).split())),
        signed_by=str(row["signed_by"]),
        document_number=None if number is None else file.unseal(number),
        recorded_at=_moment(row["recorded_at"]),
        expires_at=_moment(row["expires_at"]),
        recorded_by=_by(row, "recorded"),
        revoked_at=None if row["revoked_at"] is None else _moment(row["revoked_at"]),
        revoked_by=None if row["revoked_at"] is None else _by(row, "revoked"),
    )


def _grant_row(one: Grant, file: RegisterFile) -> dict[str, Value]:
    return {
        "id": one.id,
        "person": one.person,
        "issuer": one.issuer,
        "subject": one.by.subject,
        "agency": one.by.agency,
        "agency_name": one.by.agency_name,
        "roles": " ".join(one.roles),
        "purpose": one.purpose,
        "jurisdiction": one.jurisdiction,
        "labels": _labels(one.labels),
        "reason": one.reason,
        "explanation": file.seal(one.explanation),
        "granted_at": _micro(one.granted_at),
        "expires_at": _micro(one.expires_at),
        "review_due_at": _micro(one.review_due_at),
    }


def _grant(row: Mapping[str, Value], file: RegisterFile) -> Grant:
    review = None
    if row["reviewed_at"] is not None:
        verdict, remark = str(row["verdict"]), file.unseal(row["remark"])
        review = Review(_moment(row["reviewed_at"]), _by(row, "reviewed"), verdict, remark)
    return Grant(
        id=str(row["id"]),
        person=str(row["person"]),
        issuer=str(row["issuer"]),
        by=Author(str(row["subject"]), str(row["agency"]), str(row["agency_name"])),
        roles=tuple(str(row["roles"]).split()),
        purpose=str(row["purpose"]),
        jurisdiction=str(row["jurisdiction"]),
        labels=frozenset(map(Label, str(row["labels"]).split())),
        reason=str(row["reason"]),
        explanation=file.unseal(row["explanation"]),
        granted_at=_moment(row["granted_at"]),
        expires_at=_moment(row["expires_at"]),
        review_due_at=_moment(row["review_due_at"]),
        review=review,
    )
