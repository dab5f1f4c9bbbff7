"""Who asked, in the words of every record: whatever puts an access or an event on record says it alike."""

from __future__ import annotations

from typing import Final, TypedDict

from gateway.viewer import Viewer


class Caller(TypedDict):
    """What an AccessRecord and an EventRecord both say of a viewer."""

    subject: str
    agency: str
    agency_name: str
    roles: tuple[str, ...]
    purpose: str
    case_number: str | None
    via: tuple[str, ...]
    key_id: str


NOBODY: Final = Caller(
    subject="", agency="", agency_name="", roles=(), purpose="", case_number=None, via=(), key_id=""
)
"""The gateway itself, or somebody who is not known yet."""


def caller_of(viewer: Viewer) -> Caller:
    """The viewer, as a record names one."""
    return Caller(
        subject=viewer.subject,
        agency=viewer.agency,
        agency_name=viewer.agency_name,
        roles=tuple(sorted(viewer.roles)),
        purpose=viewer.purpose,
        case_number=viewer.case_number,
        via=viewer.via,
        key_id=viewer.key_id,
    )
