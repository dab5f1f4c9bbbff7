"""One request to the console, as its pages see it: who asks, in which language; and what a page hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from gateway.audit.event import Detail, Kind
from gateway.console.language import Language
from gateway.console.sessions import Session
from gateway.viewer import Viewer

if TYPE_CHECKING:
    from gateway.console.services import Services


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the log shall say of a view: which page, about whom, by which conditions, with how many results.

    Words of conditions are written `name:word`, so that none is mistaken for a number of a document.
    """

    kind: Kind
    action: str
    persons: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    details: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its template, what stands in it, and what is to be put on record before it leaves."""

    template: str
    context: Mapping[str, Any]  # a template's names are checked when it is rendered: an unknown one is an error
    record: OnRecord | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """Go on at another page of the console; `record` for what was done on the way."""

    to: str
    record: OnRecord | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One request."""

    request: Request
    services: Services
    language: Language
    request_id: str
    session: Session | None
    form: Mapping[str, Sequence[str]]

    @property
    def viewer(self) -> Viewer:
        """Who is signed in; only pages behind the door ask."""
        if self.session is None:
            raise RuntimeError("a page that asks who is there stands before the door")
        return self.session.viewer

    @property
    def query(self) -> Mapping[str, str]:
        """The conditions in the address."""
        return self.request.query_params

    def field(self, name: str) -> str:
        """One field of the form, trimmed; "" where it was left out."""
        given = self.form.get(name, ())
        return given[0].strip() if given else ""
