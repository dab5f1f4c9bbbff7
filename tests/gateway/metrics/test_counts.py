"""Counting: bounds hold what took just as long, and what fails is counted too."""

from __future__ import annotations

import pytest

from gateway.metrics.counts import BOUNDS, Counts, Durations


def test_a_bound_holds_what_took_just_as_long_and_all_that_was_shorter() -> None:
    durations = Durations()
    for seconds in (0.0, 0.001, 0.0011, 1.0, 10.0, 10.1):
        durations.add(seconds)
    found = dict(durations.cumulated())
    assert [found[bound] for bound in ("0.001", "0.0025", "1.0", "5.0", "10.0", "+Inf")] == [2, 3, 4, 4, 5, 6]
    assert len(found) == len(BOUNDS) + 1
    assert durations.seconds == pytest.approx(21.1021)


def test_an_entry_waits_until_it_is_kept_or_fails() -> None:
    counts = Counts()
    with counts.entry():
        assert counts.entries_waiting == 1
    with pytest.raises(OSError, match="disk"), counts.entry():
        raise OSError("disk")
    assert (counts.entries_waiting, dict(counts.entries)) == (0, {"ok": 1, "failed": 1})
    assert sum(counts.entry_seconds.counts) == 2
