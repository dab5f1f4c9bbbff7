"""How a gateway that serves treats what is built by then."""

from __future__ import annotations

import gc

from gateway.serving import calm_collector


def test_what_is_built_by_then_stays_and_circles_are_looked_for_seldom() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    calm_collector()
    try:
        assert gc.get_freeze_count() > frozen
        assert gc.get_threshold() > before
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
