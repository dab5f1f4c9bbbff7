"""Asking an endpoint for its pages, and judging what each answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urljoin

from msgspec import Struct

from adapters.contract import AdapterError, Call, Invalid, Malformed, Refused, Throttled, Unavailable
from adapters.decode import text_of
from adapters.drivers.flights import Flights
from adapters.drivers.http import Answer, HttpClient, Request, raise_for_status
from adapters.drivers.legs import Bundle, Leg
from adapters.drivers.paging import Place, following
from adapters.drivers.template import Scope, Template
from adapters.drivers.wire import Sought, Wire
from adapters.manifest import Endpoint, ErrorRule
from adapters.rows import Raws

_ERRORS: Mapping[str, type[AdapterError]] = {
    "refused": Refused,
    "invalid": Invalid,
    "throttled": Throttled,
    "unavailable": Unavailable,
    "malformed": Malformed,
}


class Page(Struct, frozen=True, gc=False):
    """One page: each row's raw values, how many of the rows were none, and where the next page is."""

    rows: Sequence[Raws]
    strange: int
    next: Place | None


class _Heard:
    """An answer and, once somebody needs it, its document or why there is none; whoever shares it only reads it."""

    __slots__ = ("_document", "_is_parsed", "_wire", "answer", "broken")

    def __init__(self, answer: Answer, wire: Wire) -> None:
        self.answer = answer
        self.broken: Malformed | None = None
        self._wire = wire
        self._document: object = None
        self._is_parsed = False

    @property
    def document(self) -> object:
        if not self._is_parsed:
            self._is_parsed = True
            try:
                self._document = self._wire.parse(self.answer)
            except Malformed as err:  # an error page is judged by its status before its format
                self.broken = err
        return self._document


class Asking:
    """Asks one source over one wire format, by its manifest's error rules.

    Several datasets may stand in one answer: reads of one gateway request that come out identical are sent once.
    """

    def __init__(self, source: str, wire: Wire, client: HttpClient, rules: Sequence[ErrorRule]) -> None:
        self._source = source
        self._wire = wire
        self._client = client
        self._rules = rules
        self._looks_inside = any(rule.path is not None for rule in rules)
        self._meant = frozenset(rule.status for rule in rules)
        self._flights: Flights[_Heard] = Flights(client, lambda answer: _Heard(answer, wire))

    async def ask(
        self, bundle: Bundle, scope: Scope, place: Place | None, call: Call
    ) -> Sequence[Page | AdapterError]:
        """Each leg's page at one place, the first for None; AdapterError where there is no such page.

        Raises the AdapterError of a request that brought nothing for any of them.
        """
        template = bundle.template
        pages = template.endpoint.pages
        here = Place.first(pages) if place is None else place
        request = self._request(template, here.scope(pages, scope), here)
        heard = await self._flights.join(request, call)
        answer = heard.answer
        if bundle.at_once is not None and answer.ok and not self._looks_inside and answer.status not in self._meant:
            found = bundle.at_once(answer)
            if found is not None:
                return [Page(rows, 0, None) for rows in found]
        return [self._page_or_why_not(leg, here, heard) for leg in bundle.legs]

    async def ask_one(self, bundle: Bundle, scope: Scope, place: Place | None, call: Call) -> Page:
        """The page of a bundle's only leg; AdapterError for whatever is no such page."""
        (page,) = await self.ask(bundle, scope, place, call)
        if isinstance(page, AdapterError):
            raise page
        return page

    def _page_or_why_not(self, leg: Leg, here: Place, heard: _Heard) -> Page | AdapterError:
        try:
            return self._page(leg.template.endpoint, leg.sought, here, heard)
        except AdapterError as err:
            return err

    def _request(self, template: Template, scope: Scope, here: Place) -> Request:
        if here.cursor is None or "cursor" in template.names:
            return self._wire.request(template, scope)
        # a cursor that no placeholder takes is a link to the next page, as in a FHIR Bundle
        link = urljoin(self._client.base, here.cursor)
        if not link.startswith(self._client.base) or "/.." in link:
            raise Malformed(f"{self._source}: the link to the next page leaves the base address")
        return Request(link.removeprefix(self._client.base), headers=template.headers(scope))

    def _page(self, endpoint: Endpoint, sought: Sought, here: Place, heard: _Heard) -> Page:
        answer, document = heard.answer, heard.document
        broken = heard.broken
        meaning = self._meaning(answer, document)
        if meaning in ("absent", "end"):
            return Page((), 0, None)
        if meaning is not None:
            message = f"{self._source}: answered with what its manifest calls {meaning}"
            raise _ERRORS[meaning](message, retry_after=answer.retry_after)
        fault = self._wire.fault(document) if broken is None else None
        if fault is not None:
            raise fault
        raise_for_status(self._source, answer)
        if broken is not None:
            raise broken
        payload = self._wire.payload(document, endpoint)
        found = () if payload is None else self._wire.rows(payload, endpoint.rows)
        rows = list(filter(self._wire.is_row, found))
        onward = self._next(endpoint, here, found, (document, payload))
        return Page(sought(rows), len(found) - len(rows), onward)

    def _next(self, endpoint: Endpoint, here: Place, rows: Sequence[object], parts: Sequence[object]) -> Place | None:
        pages = endpoint.pages
        cursor = self._beside(parts, pages.next) if pages else None
        counted = self._beside(parts, pages.total) if pages else None
        total = int(counted) if counted and counted.isdecimal() and len(counted) < 15 else None
        if cursor is not None and cursor == here.cursor:
            raise Malformed(f"{self._source}: the cursor to the next page is that of this page")
        fingerprint = self._wire.fingerprint(rows) if pages and rows else ""
        if fingerprint and fingerprint == here.fingerprint:
            raise Malformed(f"{self._source}: a page is the page before it once more; correct the endpoint's paging")
        return following(pages, here, len(rows), fingerprint=fingerprint, cursor=cursor, total=total)

    def _beside(self, parts: Sequence[object], path: str | None) -> str | None:
        if path is None:
            return None
        found = (text_of(self._wire.find(part, path)) for part in parts if part is not None)
        return next((text for text in found if text), None)

    def _meaning(self, answer: Answer, document: object) -> str | None:
        for rule in self._rules:
            if rule.status is not None and rule.status != answer.status:
                continue
            if rule.path is not None:
                said = None if document is None else text_of(self._wire.find(document, rule.path))
                if said is None or (rule.equals and said not in rule.equals):
                    continue
            return rule.means
        return None
