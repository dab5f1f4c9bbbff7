"""What the console's pages work with; made once, when the gateway starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.audit.keeping import KeptLog
from gateway.audit.report import Limits
from gateway.audit.search import Search
from gateway.authorization.decision import Authorizer
from gateway.console.asking import Graph
from gateway.console.attempts import Attempts
from gateway.console.cookies import Cookies
from gateway.console.doors import Door
from gateway.console.rate import SignInRate
from gateway.console.record import Recorder
from gateway.console.rendering import Renderer
from gateway.console.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a page may use."""

    log: KeptLog
    search: Search
    authorizer: Authorizer
    basis: Callable[[str], str | None]  # a rule's id -> its article; None for one that the policy no longer has
    sessions: Sessions
    attempts: Attempts
    cookies: Cookies
    recorder: Recorder
    renderer: Renderer
    door: Door
    rate: SignInRate
    graph: Graph
    limits: Limits  # of the report
    jurisdiction: str  # province whose gateway this is
    mint: Callable[[str], str | None]  # a citizen's number -> Person id
