"""docs/operate.md names every metric."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics.counts import Counts
from gateway.metrics.exposition import Exposition, Now

PAGE = Path(__file__).parents[3] / "docs" / "operate.md"


def test_every_metric_is_documented() -> None:
    now = Now(
        breakers=dict,
        connections=dict,
        cached=lambda: (0, 0),
        policy_version=lambda: "",
        policies_refused=lambda: False,
    )
    text, _ = Exposition(Counts(), now, name="yiti", province="320000").written("")
    names = {family.name for family in text_string_to_metric_families(text.decode())}
    ours = {name for name in names if name.startswith("yiti_")}
    assert len(ours) >= 12
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in sorted(ours) if f"`{name}`" not in page and f"`{name}_total`" not in page] == []
