"""Which gateway this is, where it listens and where it keeps what it keeps."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from gateway.settings.forms import File, Name, Province, Room, variables


class Place(Room):
    """Which gateway this is."""

    heading = "This gateway"

    mode: Literal["demo", "production"] = Field(
        "production", description="`demo` has imitation viewers and makes its own keys; never with real people."
    )
    name: Name = Field(
        "yiti", description="This gateway's name: the audience of its viewers' tokens and the issuer of its own."
    )
    province: Province = Field(
        description="GB/T 2260 code of the province that this gateway serves, such as `320000`."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    state: Path = Field(Path("var"), description="Folder of what is kept: `audit.sqlite` and `identity.sqlite`.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="From `info` on, each request is one line of JSON without personal values."
    )
    demo_viewers: File | None = Field(
        None, description="YAML list of the imitation viewers of demo mode; refused in production."
    )
    today: date | None = Field(
        None, description="The day that demo mode takes for today, such as `2026-11-01`; refused in production."
    )

    @model_validator(mode="after")
    def _only_real_people_in_production(self) -> Place:
        imitation = [name for name in ("demo_viewers", "today") if getattr(self, name) is not None]
        if self.mode == "production" and imitation:
            raise ValueError(f"production knows no imitation viewers and days; unset {variables(*imitation)}")
        return self

    @property
    def demo(self) -> bool:
        """Whether everybody in here is imitation."""
        return self.mode == "demo"

    @property
    def audit_file(self) -> Path:
        """The access log."""
        return self.state / "audit.sqlite"

    @property
    def replay_file(self) -> Path:
        """The used statements of other gateways, with `replay_store` sqlite."""
        return self.state / "used-statements.sqlite"

    @property
    def search_file(self) -> Path:
        """The access log's search index."""
        return self.state / "search.sqlite"

    @property
    def registers_file(self) -> Path:
        """Consents and emergency accesses."""
        return self.state / "registers.sqlite"

    @property
    def identity_file(self) -> Path:
        """The identity index."""
        return self.state / "identity.sqlite"
