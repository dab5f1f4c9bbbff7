"""How auditors come into the console, and for how long."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from gateway.settings.forms import File, RedisUrl, Room, variable


class ConsoleSettings(Room):
    """How auditors come in, and for how long."""

    heading = "The auditors' console"

    console_issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")] | None = Field(
        None,
        description="OpenID Connect issuer at which auditors sign in to `/console`, such as "
        "`https://id.example/audit`; unset: personas in demo mode, and no console in production.",
    )
    console_client_id: str | None = Field(None, description="Name under which the issuer knows the console.")
    console_client_secret_file: File | None = Field(
        None, description="File with the console's secret at the issuer; unset: a public client, by PKCE alone."
    )
    console_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+$")] | None = Field(
        None,
        description="Address by which browsers reach this gateway, such as `https://yiti.example`: the issuer sends "
        "them back to `/console/sign-in/callback` there.",
    )
    console_idle_minutes: float = Field(
        20.0, gt=0, le=480, description="After how long without a request a session of the console ends."
    )
    console_redis_url: RedisUrl | None = Field(
        None,
        description="Redis in which gateways behind one address, with one `YITI_INDEX_KEY_FILE`, share the console's "
        "sessions, sealed; unset: each keeps its own in memory, and a restart signs everybody out.",
    )
    console_session_hours: float = Field(
        8.0, gt=0, le=24, description="After how long a session of the console ends in any case."
    )

    @model_validator(mode="after")
    def _an_issuer_is_complete(self) -> ConsoleSettings:
        if self.console_issuer is not None and not (self.console_client_id and self.console_url):
            raise ValueError(
                f"{variable('console_issuer')} needs {variable('console_client_id')} and {variable('console_url')}; "
                "set both"
            )
        return self
