"""Where the policies are read from, and when again."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from gateway.authorization.policy_set import DIRECTORY
from gateway.settings.forms import Folder, Room


class PolicySettings(Room):
    """Where the policies are read from."""

    heading = "The policies"

    policies: Folder | None = Field(
        None,
        description="Folder of the policies: `schema.cedarschema`, `groups.yaml`, `*.cedar`. Unset: those that come "
        "with the program.",
    )
    policy_watch_seconds: float = Field(
        0.0,
        ge=0,
        le=3_600,
        description="How often that folder is looked at for a change, to read it again without a restart; 0: on the "
        "signal SIGHUP only. What has anything wrong is refused, and the old policies stay.",
    )

    @property
    def policy_folder(self) -> Path:
        """Where the policies are read from."""
        return self.policies or DIRECTORY
