"""The reference reader: answers the schema's resolvers for one request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial, reduce
from itertools import islice
from typing import Any, TypeVar

from strawberry.dataloader import DataLoader

from adapters.contract import Call, Health
from gateway.authorization.facts import viewer_grants
from gateway.errors import BadId, FilterTooBroad
from gateway.execution.accesses import Accesses, Oversight
from gateway.execution.counting import counting_plan
from gateway.execution.cursor import Cursors
from gateway.execution.handles import token_of
from gateway.execution.listing import (
    MOST_CANDIDATES,
    READ_AT_ONCE,
    Matching,
    cut,
    deciding,
    name_of,
    needed,
    ordered,
    page_size,
    searches,
)
from gateway.execution.people import House, Judged, People
from gateway.execution.plan import Plan, plan
from gateway.execution.trace import Trace
from gateway.identity.token import is_token
from gateway.sources.reading import Known, Matches
from gateway.viewer import Viewer
from schema.codes import Regions
from schema.enums import CaseStage
from schema.file import CaseFile, PersonFile
from schema.reader import (
    AccessConditions,
    AccessFacts,
    AccessPage,
    AgencyFacts,
    Condition,
    HealthFacts,
    InclusionFacts,
    LabelFacts,
    Page,
    SourceFacts,
    ViewerFacts,
)

Item = TypeVar("Item")


class RequestReader:
    """Implements schema.reader.Reader. One per request; holds nothing afterwards."""

    def __init__(
        self,
        house: House,
        viewer: Viewer,
        call: Call,
        trace: Trace,
        *,
        oversight: Oversight,
        cursors: Cursors,
        find: Any,
        today: date,
    ) -> None:
        self.today = today
        self._house = house
        self._viewer = viewer
        self._call = call
        self._trace = trace
        self._accesses = Accesses(oversight, house, viewer, trace)
        self._cursors = cursors
        self._find = find
        self._people = People(house, viewer, call, trace, today)
        self._loaders: dict[int, DataLoader[str, PersonFile | None]] = {}
        self._health: Mapping[str, Health] | None = None

    # ---- persons ------------------------------------------------------------------------------------------------

    async def person(self, person_id: str, info: Any) -> PersonFile | None:
        """One person by id; several asked for in one tick under one plan are one batch."""
        if not is_token(person_id):
            raise BadId("id: not the id of a person. Use an id that this graph gave you for a Person.")
        return await self._loader(info).load(person_id)

    async def lookup(self, kind: str, number: str, info: Any) -> PersonFile | None:
        """One person by a document number."""
        token = self._find(kind, number)
        if not token:
            self._trace.unshown = True
            return None
        return await self._loader(info).load(token)

    async def persons(
        self, where: Sequence[Condition], order: tuple[str, bool] | None, first: int, after: str | None, info: Any
    ) -> Page[PersonFile]:
        """People who meet all conditions."""
        page_size(first)
        of = name_of("persons", where, order)
        shown, by = self._plan(info), deciding(where, order)
        read = shown.joined(needed(by), by)
        tokens, known = await self._candidates(where, read)
        whole = len(tokens) <= READ_AT_ONCE
        found = await self._judged(tokens, read if whole else needed(by), where, known)
        page = self._cut(ordered(found, order), lambda one: one.raw.id, first, after, of)
        if whole:
            files = self._people.show(page.items, shown, "persons")
        else:
            files = await self._people.files([one.raw.id for one in page.items], shown, "persons")
        kept = [(place, file) for place, one in enumerate(page.items) if (file := files.get(one.raw.id)) is not None]
        return Page(
            [file for _, file in kept],
            lambda position: page.cursor(kept[position][0]),
            page.has_next,
            page.has_previous,
            page.total,
        )

    async def _judged(self, tokens: set[str], needs: Plan, where: Sequence[Condition], known: Known) -> list[Judged]:
        """Those among some people whom the viewer may come upon and who meet the conditions."""
        judged, reading = await self._people.judge(sorted(tokens), needs, known)
        self._trace.heard(reading.outcomes, reading.problems, shown=True)
        matching = Matching(where, self._house.directory.regions)
        return matching.admitted({one.raw.id: one for one in judged.values()}.values())

    async def _candidates(self, where: Sequence[Condition], needs: Plan) -> tuple[set[str], Known]:
        """Pseudonyms that some source brings up for every condition, and what it said of them by the way."""
        index, groups = self._house.index, searches(where, self._house.directory.regions)
        # of people who meet one condition of several nothing more is to be known yet
        fields = self._people.needs(needs).get("PersonRecord", ()) if len(groups) == 1 else ()
        search = partial(self._house.sources.search, call=self._call, peers=False, fields=fields)
        answers = iter(await asyncio.gather(*(search([compare]) for group in groups for compare in group)))
        found: list[set[str]] = []
        every = Matches({})
        for group in groups:
            matches = reduce(Matches.joined, islice(answers, len(group)), Matches({}))
            owned = (index.owner(source, key) for source, keys in matches.keys.items() for key in keys)
            found.append({token for token in owned if token})
            every = every.joined(matches)
        self._trace.heard(every.outcomes, every.problems, shown=True)
        candidates = set.intersection(*found)
        if len(candidates) > MOST_CANDIDATES:
            raise FilterTooBroad(
                f"filter: more than {MOST_CANDIDATES} people could match. Narrow it down to a county or township."
            )
        return candidates, every.known

    async def counted(self, region: str) -> tuple[Sequence[Judged], bool]:
        """For whom a region may be responsible, to be counted and not shown; and whether all sources answered."""
        plan = counting_plan()
        tokens, known = await self._candidates([Condition("responsibleJurisdiction", "under", region)], plan)
        judged, reading = await self._people.judge(sorted(tokens), plan, known)
        self._trace.heard(reading.outcomes, reading.problems, shown=True)
        complete = all(code == "ok" for _, code in self._trace.outcomes)
        return list({one.raw.id: one for one in judged.values()}.values()), complete

    # ---- cases --------------------------------------------------------------------------------------------------

    async def case(self, case_id: str, info: Any) -> tuple[PersonFile, CaseFile] | None:
        """One case by id."""
        token = token_of(case_id)
        if token is None or not is_token(token):
            raise BadId("id: not the id of a case. Use an id that this graph gave you for a Case.")
        file = await self._loader(info).load(token)
        return next(((file, one) for one in file.cases or () if one.id == case_id), None) if file else None

    async def cases(
        self, where: Sequence[Condition], order: tuple[str, bool] | None, first: int, after: str | None, info: Any
    ) -> Page[tuple[PersonFile, CaseFile]]:
        """Cases of the people who meet the conditions, newest opened first unless sorted otherwise."""
        page_size(first)
        wanted = next((one.value for one in where if one.field == "stage"), None)
        needs = needed(deciding(where, None))
        tokens, known = await self._candidates(where, needs)
        people = ordered(await self._judged(tokens, needs, where, known), None)
        chosen = self._plan(info)
        if not {"stage", "openedOn"} <= chosen.derived:
            chosen.derive("stage")
            chosen.derive("openedOn")
        files = await self._people.files([one.raw.id for one in people], chosen, "cases")
        pairs = [
            (file, one)
            for file in files.values()
            for one in file.cases or ()
            if not isinstance(wanted, tuple) or _stage(one) in wanted
        ]
        descending = order[1] if order else True
        pairs.sort(key=lambda pair: (str(pair[1].derived.get("openedOn") or ""), pair[1].id), reverse=descending)
        return self._cut(pairs, lambda pair: pair[1].id, first, after, name_of("cases", where, order))

    # ---- what is public, and who asks ---------------------------------------------------------------------------

    @property
    def regions(self) -> Regions:
        """Names of places, townships included."""
        return self._house.directory.regions

    def slice(
        self, items: Sequence[Item], key: Callable[[Item], str], first: int, after: str | None, of: str
    ) -> Page[Item]:
        """One page of rows already at hand."""
        return self._cut(items, key, first, after, of)

    def viewer(self) -> ViewerFacts:
        """Who asks, and what that lets them see at best."""
        viewer = self._viewer
        return ViewerFacts(
            subject=viewer.subject,
            agency=AgencyFacts(viewer.agency, viewer.agency_name, viewer.agency_kind, viewer.jurisdiction),
            roles=sorted(viewer.roles),
            purpose=viewer.purpose,
            case_number=viewer.case_number,
            clearance=viewer.cleared,
            via=viewer.via,
            labels=[
                LabelFacts(grant.label, grant.effect.name, grant.because)
                for grant in viewer_grants(self._house.authorizer, viewer, self._house.standing(viewer))
            ],
        )

    def agency(self, code: str, name: str | None = None) -> AgencyFacts:
        """The directory's entry."""
        return self._house.directory.agency(code, name)

    def agencies(self, jurisdiction: str | None, kind: str | None) -> Sequence[AgencyFacts]:
        """The directory."""
        return self._house.directory.agencies(jurisdiction, kind)

    def sources(self) -> Sequence[SourceFacts]:
        """Every registered source."""
        directory = self._house.directory
        return [directory.source(one) for one in sorted(directory.manifests)]

    def source(self, source_id: str, jurisdiction: str | None = None) -> SourceFacts:
        """One source."""
        return self._house.directory.source(source_id, jurisdiction)

    async def health(self, source_id: str) -> HealthFacts | None:
        """How a source is doing; all are asked once per request."""
        if self._health is None:
            self._health = await self._house.sources.health()
        found = self._health.get(source_id)
        if found is None:
            return None
        return HealthFacts(found.ok, found.detail, int(found.lag.total_seconds()) if found.lag else None)

    # ---- the access log -----------------------------------------------------------------------------------------

    async def accesses(self, where: AccessConditions, first: int, after: str | None) -> AccessPage | None:
        """The log, newest first: to an auditor all of it, to a person their own, to others nothing."""
        return await self._accesses.page(where, first, after)

    async def accesses_of(self, person_id: str, first: int, after: str | None) -> AccessPage | None:
        """The trail of a person who is shown in this answer."""
        return await self._accesses.of_person(person_id, first, after)

    async def inclusion(self, index: int) -> InclusionFacts | None:
        """The proof that an entry is in the log."""
        return await self._accesses.inclusion(index)

    async def access(self, access_id: str) -> AccessFacts | None:
        """One entry."""
        return await self._accesses.one(access_id)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _plan(self, info: Any) -> Plan:
        raw = info._raw_info
        plans: dict[int, Plan] = info.context.plans
        key = id(raw.field_nodes[0])
        if key not in plans:
            plans[key] = plan(raw)
        return plans[key]

    def _loader(self, info: Any) -> DataLoader[str, PersonFile | None]:
        raw = info._raw_info
        key = id(raw.field_nodes[0])
        if key not in self._loaders:
            # Of itself the reader leaves nothing in what it keeps, so that no request ends as a circle.
            chosen, root, people, trace = self._plan(info), raw.field_name, self._people, self._trace

            async def load(tokens: list[str]) -> list[PersonFile | None]:
                found = await people.files(tokens, chosen, root)
                trace.unshown |= len(found) < len(set(tokens))
                return [found.get(token) for token in tokens]

            self._loaders[key] = DataLoader(load_fn=load, max_batch_size=500)
        return self._loaders[key]

    def _cut(
        self, items: Sequence[Item], key: Callable[[Item], str], first: int, after: str | None, of: str
    ) -> Page[Item]:
        return cut(items, key, first, after, of=of, viewer=self._viewer.subject, cursors=self._cursors)


def _stage(case: CaseFile) -> str | None:
    stage = case.derived.get("stage")
    return stage.name if isinstance(stage, CaseStage) else None
