"""Signing in at the demo: one chooses whom to be. Only auditors are let in, so that this too can be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.demo_viewers import ImitationViewer
from gateway.tokens import DevIssuer
from gateway.viewer import Viewer
from schema.enums import Purpose, Role


@dataclass(frozen=True, slots=True)
class Personas:
    """The imitation viewers of a gateway in demo mode."""

    viewers: Sequence[ImitationViewer]
    issuer: DevIssuer
    verify: Callable[[str], Viewer]

    @property
    def auditors(self) -> list[ImitationViewer]:
        """Those who may come in."""
        return [one for one in self.viewers if _is_auditor(one)]

    @property
    def others(self) -> list[ImitationViewer]:
        """Those who are turned away."""
        return [one for one in self.viewers if not _is_auditor(one)]

    def become(self, profile: str) -> Viewer | None:
        """The viewer of this profile, by a token that is checked like any other; None for an unknown profile."""
        found = next((one for one in self.viewers if one.profile == profile), None)
        return self.verify(found.token(self.issuer)) if found is not None else None


def _is_auditor(viewer: ImitationViewer) -> bool:
    return Role.AUDITOR.name in viewer.roles and viewer.purpose == Purpose.AUDIT.name
