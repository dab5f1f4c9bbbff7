"""People: reads some persons' files in one batch: holders, fetch, judge, show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import repeat

from adapters.contract import Call
from gateway.authorization.facts import BOUND_ROLES, never_visible
from gateway.execution.house import House
from gateway.execution.judging import Judged, Judging
from gateway.execution.plan import Plan
from gateway.execution.trace import Trace
from gateway.sources.reading import Holders, Known, Reading
from gateway.viewer import Viewer
from schema.file import PersonFile

__all__ = ["House", "Judged", "People"]


class People:
    """Reads and judges persons for one request."""

    def __init__(self, house: House, viewer: Viewer, call: Call, trace: Trace, today: date) -> None:
        self._house = house
        self._viewer = viewer
        self._call = call
        self._trace = trace
        self._today = today
        self._standing = house.standing(viewer)
        self._hidden = never_visible(house.authorizer, viewer, self._standing)

    async def files(self, tokens: Sequence[str], plan: Plan, root: str) -> dict[str, PersonFile]:
        """Masked files of those among `tokens` whom the viewer may know; by the token asked for."""
        judged, reading = await self.judge(tokens, plan)
        seen = self.show(judged.values(), plan, root)
        shown = {token: file for token, one in judged.items() if (file := seen.get(one.raw.id)) is not None}
        self._trace.heard(reading.outcomes, reading.problems, shown=bool(shown))
        return shown

    def show(self, people: Iterable[Judged], plan: Plan, root: str) -> dict[str, PersonFile]:
        """What the viewer may see of some people, by Person.id; nothing of one they may not know. It is on record."""
        alike: dict[int, list[Judged]] = {}
        for one in people:
            alike.setdefault(id(one.mask), []).append(one)
        shown: dict[str, PersonFile] = {}
        for some in alike.values():
            first = some[0]
            if not first.mask.is_known:
                for one in some:
                    self._trace.hid(one.raw.id, one.decision, root)
                continue
            raws = [one.raw for one in some]
            files = plan.mask(first.decision, self._today).files(raws)
            self._trace.saw([file.id for file in files], first.decision, plan)
            shown.update((file.id, file) for file in files)
        return shown

    def needs(self, plan: Plan) -> Mapping[str, frozenset[str]]:
        """The columns that judging and showing by this plan takes."""
        return plan.completed(self._hidden, binding=not BOUND_ROLES.isdisjoint(self._viewer.roles))

    async def judge(
        self, tokens: Iterable[str], plan: Plan, known: Known | None = None
    ) -> tuple[dict[str, Judged], Reading]:
        """Unmasked files with their decisions, of those among `tokens` whom any source holds.

        Another province is asked about a person whom we hold ourselves only once our own records have shown that
        the viewer may know of them: a question, too, tells that somebody is known (个人信息保护法 6).
        """
        primaries = {token: primary for token in tokens if (primary := self._house.index.primary(token))}
        holders = {primary: self._house.index.holders(primary) for primary in primaries.values()}
        abroad = {} if self._viewer.forwarded else self._part(holders, peers=True)
        own = self._part(holders, peers=False)
        first = {**{token: found for token, found in abroad.items() if token not in own}, **own}
        needs = self.needs(plan)
        judged, reading = await self._read(first, holders, needs, plan, Reading({}, (), ()), known)
        further = {token: abroad[token] for token in own if token in abroad and judged[token].mask.is_known}
        if further:
            more, reading = await self._read(further, holders, needs, plan, reading, known)
            judged |= more
        return {token: judged[primary] for token, primary in primaries.items() if primary in judged}, reading

    def _part(self, holders: Holders, *, peers: bool) -> dict[str, Mapping[str, Sequence[str]]]:
        """Of each person the holders that are other gateways, or those that are not; people without any left out."""
        if not self._house.directory.has_peers:
            return {} if peers else dict(holders) if all(holders.values()) else _of_somebody(holders)
        is_peer = self._house.directory.is_peer
        parts = {
            token: {source: keys for source, keys in found.items() if is_peer(source) is peers}
            for token, found in holders.items()
        }
        return _of_somebody(parts)

    async def _read(
        self,
        holders: Holders,
        everywhere: Holders,
        needs: Mapping[str, frozenset[str]],
        plan: Plan,
        before: Reading,
        known: Known | None,
    ) -> tuple[dict[str, Judged], Reading]:
        """Some people read and judged, with what was read of them before; and everything read so far.

        `everywhere` says of each of them who holds something, whether asked this time or not.
        """
        if not holders:
            return {}, before
        peers = not self._viewer.forwarded
        found = await self._house.sources.read(holders, needs, self._call, peers=peers, known=known)
        reading = before.joined(found)
        judging = Judging(self._house, self._viewer, self._standing, self._today, reading, needs, plan)
        tokens = list(holders)
        raws, decisions = judging.people(tokens, [tuple(everywhere[token]) for token in tokens])
        masks = {key: plan.mask(one, self._today) for key, one in {id(one): one for one in decisions}.items()}
        each = [masks[id(decision)] for decision in decisions]
        return dict(zip(tokens, map(Judged, raws, each, repeat(self._today)), strict=True)), reading


def _of_somebody(holders: Holders) -> dict[str, Mapping[str, Sequence[str]]]:
    return {token: found for token, found in holders.items() if found}
