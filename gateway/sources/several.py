"""Several entities of one source read at once: what has come in, what failed, and what is worth asking again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.contract import AdapterError, Call, Key, Malformed, ReadsTogether, Unavailable
from gateway.sources.intake import Answer, admit

Wanted = tuple[tuple[str, frozenset[str]], ...]  # entity, fields
Answers = Mapping[str, Answer]  # by entity


class Several:
    """One read. `ask` may be called again after it raised: what has come in is not asked for twice."""

    def __init__(
        self, adapter: ReadsTogether, wanted: Wanted, keys: Sequence[Key], call: Call, *, keeps_kinds: bool
    ) -> None:
        self.answers: dict[str, Answer] = {}
        self.failed: dict[str, AdapterError] = {}
        self._adapter = adapter
        self._wanted = wanted
        self._keys = keys
        self._call = call
        self._keeps_kinds = keeps_kinds

    async def ask(self) -> None:
        """Ask for what is left; raises one of the failures, one after which asking again may help if there is any."""
        left = {entity: fields for entity, fields in self._wanted if self._is_open(entity)}
        found: object = await self._adapter.read_together(left, self._keys, self._call)
        if not isinstance(found, Mapping):
            raise Malformed("a read of several entities brought something else than a mapping; correct the adapter")
        self.failed = {entity: err for entity, err in self.failed.items() if entity not in left}
        for entity, fields in left.items():
            raw = found.get(entity)
            if isinstance(raw, AdapterError):
                self.failed[entity] = raw
            else:
                self.answers[entity] = admit(entity, self._keys, fields, raw, keeps_kinds=self._keeps_kinds)
        if self.failed:
            failures = self.failed.values()
            raise next((err for err in failures if err.retryable), next(iter(failures)))

    def give_up(self, err: AdapterError) -> None:
        """Nothing more will be asked: what has neither come in nor failed by itself failed by this."""
        for entity, _ in self._wanted:
            if entity not in self.answers:
                self.failed.setdefault(entity, err)

    def lacks_time(self) -> bool:
        """Whether something failed that more time might have brought."""
        if not self.failed or self._call.deadline.remaining() > 0:
            return False
        return any(isinstance(err, Unavailable) for err in self.failed.values())

    def _is_open(self, entity: str) -> bool:
        err = self.failed.get(entity)
        return entity not in self.answers and (err is None or err.retryable)
