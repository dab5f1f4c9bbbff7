"""The stations of the tour, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mocks.tour.stations.access_log import show_access_log
from mocks.tour.stations.conflicts import show_conflicts
from mocks.tour.stations.journey import show_journey
from mocks.tour.stations.outage import show_outage
from mocks.tour.stations.rosters import show_rosters
from mocks.tour.stations.summary import show_summary
from mocks.tour.stations.systems import show_systems
from mocks.tour.stations.viewers import show_viewers
from mocks.tour.tour import Tour

STATIONS: Final[tuple[tuple[str, Callable[[Tour], None]], ...]] = (
    ("Who stands here: thirteen services of eleven systems", show_systems),
    ("One person, four viewers 同一个人，四种查询者", show_viewers),
    ("Who is about to fall between two agencies 脱节人员", show_rosters),
    ("A journey over two provinces 跨省衔接", show_journey),
    ("When agencies disagree 来源不一致", show_conflicts),
    ("A system dies 系统故障", show_outage),
    ("Who looked 查阅记录", show_access_log),
    ("What answered 总览", show_summary),
)

__all__ = ["STATIONS"]
