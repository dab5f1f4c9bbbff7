"""On the way in: what the browser holds of it can be neither read nor changed, and leads in once."""

from __future__ import annotations

import base64

import pytest

from gateway.console.attempts import ATTEMPT_SECONDS, Attempts
from gateway.console.store import MemoryStore

SECRET = b"s" * 32


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def attempts(secret: bytes = SECRET) -> tuple[Attempts, Clock]:
    clock = Clock()
    return Attempts(MemoryStore(clock), secret, clock=clock), clock


def test_any_gateway_goes_on_with_what_another_began() -> None:
    one, other = attempts()[0], attempts()[0]
    attempt = one.begin("/console?purpose=AUDIT")
    attempt.kept["_state_console_x"] = {"data": {"nonce": "n", "code_verifier": "v"}, "exp": 1.5}
    assert other.read(one.written(attempt)) == attempt


def test_an_attempt_ends() -> None:
    kept, clock = attempts()
    cookie = kept.written(kept.begin("/console"))
    assert kept.read(cookie) is not None
    clock.now += ATTEMPT_SECONDS + 1
    assert kept.read(cookie) is None


def test_what_is_not_sealed_by_us_is_no_attempt() -> None:
    kept, _ = attempts()
    cookie = kept.written(kept.begin("/console"))
    sealed = bytearray(base64.urlsafe_b64decode(cookie))
    sealed[-1] ^= 1
    forged = base64.urlsafe_b64encode(bytes(sealed)).decode()
    for other in (None, "", "x", "é", cookie[:-8], forged, attempts(b"t" * 32)[0].written(kept.begin("/console"))):
        assert kept.read(other) is None


def test_the_browser_cannot_read_it() -> None:
    kept, _ = attempts()
    attempt = kept.begin("/console?official=staff-1")
    raw = base64.urlsafe_b64decode(kept.written(attempt))
    for told in (attempt.form_token, attempt.ident, "staff-1"):
        assert told.encode() not in raw


@pytest.mark.parametrize("length", [100, 5_000])
def test_it_fits_into_a_cookie_whatever_was_asked_for(length: int) -> None:
    kept, _ = attempts()
    to = "/console?official=" + "x" * length
    cookie = kept.written(kept.begin(to))
    assert len(cookie) < 3_900
    found = kept.read(cookie)
    assert found is not None
    assert found.to == (to if length == 100 else "")


async def test_it_leads_in_once() -> None:
    kept, _ = attempts()
    attempt = kept.begin("/console")
    assert [await kept.take(attempt), await kept.take(kept.read(kept.written(attempt)))] == [True, False]
    assert await kept.take(None) is False
