"""Sessions end by themselves, by the reader, and open nothing to whoever reads memory."""

from __future__ import annotations

from gateway.console.sessions import ATTEMPT_SECONDS, Sessions
from gateway.viewer import Viewer

AUDITOR = Viewer(
    subject="staff-1",
    agency="320000900000",
    agency_name="某某审计组",
    agency_kind="OVERSIGHT",
    jurisdiction="320000",
    roles=frozenset({"AUDITOR"}),
    purpose="AUDIT",
    issuer="test",
    key_id="k",
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def sessions() -> tuple[Sessions, Clock]:
    clock = Clock()
    return Sessions(idle=60, longest=600, clock=clock), clock


def test_a_session_is_found_by_its_key_alone() -> None:
    kept, _ = sessions()
    key, session = kept.begin(AUDITOR)
    assert kept.find(key) is session
    assert kept.find(key + "x") is None
    assert kept.find(None) is None
    assert kept.find("") is None


def test_a_session_ends_after_the_idle_time_and_each_request_begins_it_anew() -> None:
    kept, clock = sessions()
    key, _ = kept.begin(AUDITOR)
    for _ in range(3):
        clock.now += 59
        assert kept.find(key) is not None
    clock.now += 61
    assert kept.find(key) is None
    clock.now -= 61
    assert kept.find(key) is None


def test_a_session_ends_after_the_longest_time_however_busy() -> None:
    kept, clock = sessions()
    key, _ = kept.begin(AUDITOR)
    for _ in range(12):
        clock.now += 50
        assert kept.find(key) is not None
    clock.now += 1
    assert kept.find(key) is None


def test_signing_out_ends_it() -> None:
    kept, _ = sessions()
    key, _ = kept.begin(AUDITOR)
    kept.end(key)
    kept.end(key)
    assert kept.find(key) is None


def test_an_attempt_ends_too() -> None:
    kept, clock = sessions()
    key, attempt = kept.begin_attempt()
    assert kept.attempt(key) is attempt
    clock.now += ATTEMPT_SECONDS + 1
    assert kept.attempt(key) is None


def test_memory_holds_no_key() -> None:
    kept, _ = sessions()
    key, _ = kept.begin(AUDITOR)
    assert key.encode() not in b"".join(kept._sessions)


def test_every_session_has_a_form_token_of_its_own() -> None:
    kept, _ = sessions()
    assert kept.begin(AUDITOR)[1].form_token != kept.begin(AUDITOR)[1].form_token
