"""Break-glass: emergency accesses, those first that wait for a review; and the review itself.

The graph is asked as anybody would ask it: who may see and review what is decided in one place, and on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.audit.event import Kind
from gateway.console.asking import Refused, ask
from gateway.console.errors import BadCondition
from gateway.console.gate import PATH, Outcome
from gateway.console.visit import Moved, OnRecord, Shown, Visit
from gateway.http.refusals import NotFound

BREAK_GLASS: Final = f"{PATH}/break-glass"
_WAITING: Final = ("OVERDUE", "UNREVIEWED")
_STATES: Final = ("IN_FORCE", "REVIEWED", "OVERDUE", "UNREVIEWED")
_ONE: Final = """
fragment One on BreakGlass {
  id person subject agency { code name } roles purpose labels reason explanation grantedAt expiresAt reviewDueAt state
  review { at subject agency { name } verdict remark }
}"""
_LIST: Final = (
    """query ConsoleBreakGlasses($state: BreakGlassState, $after: String) {
  breakGlasses(state: $state, first: 50, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { ...One } }
  }
}"""
    + _ONE
)
_SINGLE: Final = "query ConsoleBreakGlass($id: ID!) { node(id: $id) { ...One } }" + _ONE
_REVIEW: Final = """mutation ConsoleReview($input: ReviewBreakGlassInput!) {
  reviewBreakGlass(input: $input) { breakGlass { id } }
}"""


async def listed(visit: Visit) -> Outcome:
    """GET: those of one state; without one, those that wait for a review, the overdue ones first."""
    state = visit.query.get("state", "")
    if state and state not in _STATES:
        raise BadCondition("state")
    groups = []
    for one in (state,) if state else _WAITING:
        data = await ask(visit, _LIST, {"state": one, "after": visit.query.get("after") if state else None})
        groups.append((one, _page(data)))
    ids = [grant["id"] for _, page in groups for grant in page["grants"]]
    what = OnRecord(
        Kind.CONSOLE,
        "view",
        persons=tuple(dict.fromkeys(grant["person"] for _, page in groups for grant in page["grants"])),
        references=tuple(ids),
        details={"page": "break-glass", "state": state or "waiting", "shown": len(ids)},
    )
    context = {"groups": groups, "state": state, "states": _STATES, "section": BREAK_GLASS}
    return Shown("break_glass.html", context, what)


async def single(visit: Visit) -> Outcome:
    """GET: one emergency access in full. POST: its review."""
    identifier = visit.request.path_params["grant"]
    if visit.request.method == "GET":
        return await _shown(visit, identifier)
    wanted = {"breakGlass": identifier, "verdict": visit.field("verdict"), "remark": visit.field("remark")}
    try:
        await ask(visit, _REVIEW, {"input": wanted})
    except Refused as err:
        if err.code not in {"BAD_ARGUMENT", "BAD_VARIABLES", "ALREADY_REVIEWED"}:
            raise
        return await _shown(visit, identifier, err.code)
    return Moved(f"{BREAK_GLASS}/{identifier}")


async def _shown(visit: Visit, identifier: str, problem: str = "") -> Shown:
    try:
        grant = (await ask(visit, _SINGLE, {"id": identifier}))["node"]
    except Refused as err:
        raise NotFound("There is no emergency access of this id.") from err
    if not grant or "explanation" not in grant:
        raise NotFound("There is no emergency access of this id.")
    what = OnRecord(
        Kind.CONSOLE,
        "view",
        persons=(grant["person"],),
        labels=tuple(grant["labels"]),
        references=(grant["id"],),
        details={"page": "break-glass"},
    )
    context = {
        "grant": grant,
        "problem": problem,
        "mine": grant["subject"] == visit.viewer.subject,
        "verdict": visit.field("verdict"),
        "remark": visit.field("remark"),
        "section": BREAK_GLASS,
    }
    return Shown("break_glass_one.html", context, what, status=400 if problem else 200)


def _page(data: Mapping[str, Any]) -> dict[str, Any]:
    """None where the viewer may not review at all, which is an empty page."""
    found = data["breakGlasses"]
    if found is None:
        return {"grants": [], "total": 0, "after": None}
    info = found["pageInfo"]
    return {
        "grants": [edge["node"] for edge in found["edges"]],
        "total": found["totalCount"],
        "after": info["endCursor"] if info["hasNextPage"] else None,
    }
