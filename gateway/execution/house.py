"""House: what every request shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.authorization.decision import Authorizer
from gateway.authorization.standing import NO_STANDING, Standing
from gateway.execution.directory import Directory
from gateway.execution.handles import Handles
from gateway.execution.merge import Merger
from gateway.identity.index import IdentityIndex
from gateway.sources.reading import Sources
from gateway.viewer import Viewer


@dataclass(frozen=True, slots=True)
class House:
    """What every request shares."""

    sources: Sources
    index: IdentityIndex
    authorizer: Authorizer
    directory: Directory
    merger: Merger
    handles: Handles
    standing: Callable[[Viewer], Standing] = lambda _viewer: NO_STANDING  # what our own registers say of a viewer
