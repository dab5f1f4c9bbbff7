"""What every transport does with one operation: who asks, how often, which text is meant, and its results."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from gateway.execution.document import PersistedDocuments
from gateway.execution.engine import Answer, Request
from gateway.federation.binding import Sent
from gateway.http.reading import Asked
from gateway.http.throttle import Throttle
from gateway.viewer import Viewer

Check = Callable[[Request], None]


class Answers(Protocol):
    """What answers; see gateway/execution/engine.py."""

    async def answer(self, request: Request, viewer: Viewer, request_id: str) -> Answer:
        """The answer, once the access is on record; raises only GatewayError."""
        ...


class Viewers(Protocol):
    """Who a token stands for; see gateway/tokens.py."""

    async def identify(self, token: str, sent: Sent | None = None) -> Viewer:
        """The viewer; `sent` is the request that the token came with, for another gateway's statement.

        Raises Unauthenticated, PurposeMissing, PurposeNotGranted, IssuerUnavailable or ReplayUnknown.
        """
        ...


class Operations:
    """Runs operations. Raises only GatewayError, and before the first result only."""

    def __init__(
        self,
        answers: Answers,
        viewers: Viewers,
        *,
        documents: PersistedDocuments | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        self._answers = answers
        self._viewers = viewers
        self._documents = documents or PersistedDocuments()
        self._throttle = throttle or Throttle()

    async def admit(self, token: str, sent: Sent) -> Viewer:
        """The viewer of a token, one request counted; raises what `identify` raises, or Throttled."""
        viewer = await self._viewers.identify(token, sent)
        self._throttle.admit(viewer)
        return viewer

    async def identify(self, token: str) -> Viewer:
        """The viewer of a token that opens a connection; its requests are counted as they come."""
        return await self._viewers.identify(token)

    def count(self, viewer: Viewer) -> None:
        """One more request of a connection; raises Throttled."""
        self._throttle.admit(viewer)

    async def answer(self, asked: Asked, viewer: Viewer, request_id: str, check: Check | None = None) -> Answer:
        """The answer to an operation that has one; `check` may refuse it once its text is known."""
        # A peer's documents are made of its manifests, so no registry could hold them; its viewers see no more by it.
        request = asked.run(self._documents.find(asked.query, asked.digest, exempt=viewer.forwarded))
        if check is not None:
            check(request)
        answer = await self._answers.answer(request, viewer, request_id)
        self._documents.remember(request.query, asked.digest)
        return answer

    async def results(
        self, asked: Asked, viewer: Viewer, request_id: str, check: Check | None = None
    ) -> AsyncIterator[Answer]:
        """The results of an operation as a stream of them; a query has exactly one."""
        yield await self.answer(asked, viewer, request_id, check)
