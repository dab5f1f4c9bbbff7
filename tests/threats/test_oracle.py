"""Random queries by random viewers: nothing turns up that an independent evaluator of the policies would deny."""

from __future__ import annotations

import os

from tests.threats.asking import Asking
from tests.threats.marked import REGISTERED
from tests.threats.oracle_run import QUERIES_OF_A_VISIT, Outcome, look, world_of
from tests.threats.threats import threat

_SEED = int(os.environ.get("YITI_THREATS_SEED", "20260101"))
_COUNT = int(os.environ.get("YITI_THREATS_COUNT", "300"))


@threat(2, 3, 5, 8, 9, 10, 13, 14, 26, 29, 33)
async def test_nothing_turns_up_that_the_policies_deny() -> None:
    found = Outcome()
    for seed in range(_SEED, _SEED + max(1, _COUNT // QUERIES_OF_A_VISIT)):
        found.add(await look(seed))
        assert not found.leaks, f"{len(found.leaks)} leaks, the first: {found.leaks[0]}"
    # It would also find nothing if nothing were asked or nothing were shown.
    assert found.queries >= _COUNT // 2
    assert found.shown > found.queries // 4
    assert found.denied > 100 * found.queries
    assert found.refused < found.queries // 3
    assert found.twins


def test_the_days_of_consents_and_emergencies_are_nobodys_marks() -> None:
    met = set()
    for seed in range(40):
        world = world_of(seed)
        asking = Asking(seed, world)
        viewer = asking.viewer()
        for consent in asking.consents(viewer):
            met |= {consent.recorded_at.date(), consent.expires_at.date()}
            met |= {consent.revoked_at.date()} if consent.revoked_at else set()
        for grant in asking.grants(viewer):
            met |= {grant.granted_at.date(), grant.expires_at.date()}
    assert met
    assert met <= REGISTERED
