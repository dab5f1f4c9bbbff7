"""Whether and where operators read figures."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.settings.forms import File, Room


class MetricsSettings(Room):
    """Where they stand, and for whom."""

    heading = "Metrics"

    metrics_token_file: File | None = Field(
        None,
        description="File with the bearer token that opens the metrics (Prometheus, OpenMetrics text); unset: there "
        "are none.",
    )
    metrics_path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$")] = Field(
        "/metrics", description="Path of the metrics."
    )
