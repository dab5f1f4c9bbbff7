"""Registers against a model that looks at each entry every time, whoever writes, revokes, reviews, waits, begins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from gateway.authorization.standing import Standing
from gateway.registers.entries import Author, Consent, Grant, Recipient, Review
from gateway.registers.register import Registers
from gateway.viewer import Viewer
from schema.label import Label
from tests.gateway.authorization.people import VIEWER

PEOPLE, AGENCIES, PURPOSES = ("p-1", "p-2"), ("ORG-1", "ORG-2"), ("AFTERCARE", "TREATMENT")
LABELS = st.frozensets(st.sampled_from([Label.HEALTH, Label.CONTACT, Label.FAMILY]), min_size=1)
BY = Author("staff-7", "ORG-1", "某某街道")
MERGED = {"p-2": "p-1"}


def viewers() -> Iterator[Viewer]:
    for agency in AGENCIES:
        for purpose in PURPOSES:
            yield replace(VIEWER, agency=agency, purpose=purpose)
    for purpose in PURPOSES:
        yield replace(VIEWER, roles=frozenset({"RELATIVE"}), person="p-2", purpose=purpose)
    yield replace(VIEWER, via=("gateway.330000",))


def run(done: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await done

    return asyncio.run(wait())


class Keeping(RuleBasedStateMachine):
    """Two processes write one file; a third is started anew from time to time."""

    consents = Bundle("consents")
    grants = Bundle("grants")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = datetime(2026, 11, 1, tzinfo=UTC)
        self.merged: dict[str, str] = {}
        self.registers = [self.start(), self.start()]
        self.kept: dict[str, Consent | Grant] = {}

    def start(self) -> Registers:
        path = Path(self.folder.name) / "registers.sqlite"
        return Registers(path, b"k" * 32, now=lambda: self.clock, primary=lambda one: self.merged.get(one, one))

    @rule(
        target=consents,
        which=st.integers(0, 1),
        person=st.sampled_from(PEOPLE),
        agency=st.sampled_from(AGENCIES),
        relative=st.booleans(),
        purpose=st.sampled_from(PURPOSES),
        labels=LABELS,
        hours=st.integers(0, 48),
    )
    def record(
        self, which: int, person: str, agency: str, relative: bool, purpose: str, labels: frozenset[Label], hours: int
    ) -> str:
        entry = f"k1_{len(self.kept)}"
        kind, recipient = (Recipient.RELATIVE, "p-2") if relative else (Recipient.AGENCY, agency)
        until = self.clock + timedelta(hours=hours)
        consent = Consent(entry, person, kind, recipient, "", purpose, labels, "PERSON", None, self.clock, until, BY)
        run(self.registers[which].record(consent))
        self.kept[entry] = consent
        return entry

    @rule(entry=consumes(consents), which=st.integers(0, 1))
    def revoke(self, entry: str, which: int) -> None:
        assert run(self.registers[which].revoke(entry, BY)) is True
        assert run(self.registers[1 - which].revoke(entry, BY)) is False
        consent = self.kept[entry]
        assert isinstance(consent, Consent)
        self.kept[entry] = replace(consent, revoked_at=self.clock, revoked_by=BY)

    @rule(target=grants, which=st.integers(0, 1), person=st.sampled_from(PEOPLE), labels=LABELS)
    def open(self, which: int, person: str, labels: frozenset[Label]) -> str:
        entry = f"b1_{len(self.kept)}"
        end, due = self.clock + timedelta(minutes=30), self.clock + timedelta(hours=72)
        grant = Grant(
            entry, person, VIEWER.issuer, BY, ("X",), "AFTERCARE", "320102", labels, "R", "急", self.clock, end, due
        )
        run(self.registers[which].open(grant))
        self.kept[entry] = grant
        return entry

    @rule(entry=consumes(grants), which=st.integers(0, 1))
    def review(self, entry: str, which: int) -> None:
        review = Review(self.clock, BY, "JUSTIFIED", "好")
        assert run(self.registers[which].review(entry, review)) is True
        assert run(self.registers[1 - which].review(entry, review)) is False
        grant = self.kept[entry]
        assert isinstance(grant, Grant)
        self.kept[entry] = replace(grant, review=review)

    @rule(minutes=st.sampled_from([1, 29, 30, 600, 2_000]))
    def wait(self, minutes: int) -> None:
        self.clock += timedelta(minutes=minutes)

    @rule()
    def merge(self) -> None:
        """Two records turn out to be one person."""
        self.merged = MERGED

    @rule(which=st.integers(0, 1))
    def restart(self, which: int) -> None:
        self.registers[which].close()
        self.registers[which] = self.start()

    @invariant()
    def every_process_says_what_the_model_says(self) -> None:
        for viewer in viewers():
            expected = self.model(viewer)
            assert all(one.standing(viewer) == expected for one in self.registers)

    @invariant()
    def nothing_is_forgotten(self) -> None:
        for one in self.registers:
            held = {entry.id: entry for entry in [*one.consents_of("p-1"), *one.consents_of("p-2"), *one.grants()]}
            assert held == self.kept

    def model(self, viewer: Viewer) -> Standing:
        relative = viewer.roles == {"RELATIVE"}
        consented: dict[str, frozenset[Label]] = {}
        opened: dict[str, frozenset[Label]] = {}
        for one in self.kept.values():
            person = self.merged.get(one.person, one.person)
            if isinstance(one, Consent):
                to_me = (
                    one.recipient_kind is Recipient.RELATIVE and relative
                    if relative or one.recipient_kind is Recipient.RELATIVE
                    else one.recipient == viewer.agency
                )
                if to_me and one.purpose == viewer.purpose and one.is_in_force(self.clock):
                    consented[person] = consented.get(person, frozenset({Label.EXISTENCE})) | one.labels
            elif viewer.agency == BY.agency and not viewer.forwarded and one.is_in_force(self.clock):
                opened[person] = opened.get(person, frozenset({Label.EXISTENCE})) | one.labels
        return Standing(consented, frozenset(consented) if relative else frozenset(), opened)

    def teardown(self) -> None:
        for one in self.registers:
            one.close()
        self.folder.cleanup()


TestKeeping = Keeping.TestCase
TestKeeping.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
