"""Explains decisions about real people on a running gateway; whoever asks for one accesses the person by that.

Who may ask is decided by the policies themselves: whoever may see the label AUDIT of that very person, so an auditor
of anybody and a person of themselves. Of others only accesses that are on record are explained: facts about a viewer
who never asked would tell an auditor where somebody lives, one invented viewer after the other. The question is on
record before it is answered; unknown and not-yours are one answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import UTC, date, datetime
from typing import Final

from msgspec.structs import replace

from adapters.contract import Call, Deadline, PeerRequest
from gateway.audit.caller import caller_of
from gateway.audit.event import Kind
from gateway.audit.record import AccessedField, AccessRecord, AuditLog, SourceOutcome
from gateway.audit.search import Conditions, Search, SearchQuery
from gateway.authorization.decision import Decision, Effect, Evidence, Facts
from gateway.authorization.facts import derive_facts
from gateway.authorization.in_force import PoliciesInForce
from gateway.errors import BadRequest, GatewayError
from gateway.execution.evidence import evidence
from gateway.execution.people import House, People
from gateway.execution.plan import Plan
from gateway.execution.trace import Trace
from gateway.identity.token import is_token
from gateway.policy.explain import Explanation, NoSuchField, explain, label_of
from gateway.policy.model import Model, models_of
from gateway.policy.question import values_of
from gateway.policy.schema_text import Attribute
from gateway.policy.space import ABSENT
from gateway.policy.viewers import NOTHING_KNOWN, ViewerUnread, viewer_from
from gateway.viewer import Viewer
from schema.label import Label

OPERATION: Final = "policyExplain"
MOST_FIELDS: Final = 50
Assertions = Callable[[Viewer, PeerRequest, str], str]


class NotExplained(GatewayError):
    """No access that the caller may have explained; whether there is such a person is not said."""

    code = "NOT_EXPLAINED"
    status = 404


@dataclass(frozen=True, slots=True)
class Asked:
    """Why does this viewer see these fields of this person, or not?"""

    viewer: Viewer
    person: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    decision: Decision
    outcomes: tuple[SourceOutcome, ...]
    known: Evidence


class Explainer:
    """Answers for one gateway."""

    def __init__(
        self,
        house: House,
        audit: AuditLog,
        search: Search,
        policies: PoliciesInForce,
        *,
        jurisdiction: str,
        today: Callable[[], date],
        deadline_seconds: float,
        assertions: Assertions | None = None,
    ) -> None:
        self._house = house
        self._audit = audit
        self._search = search
        self._policies = policies
        self._jurisdiction = jurisdiction
        self._today = today
        self._deadline_seconds = deadline_seconds
        self._assertions = assertions
        self._model: tuple[str, Model] | None = None

    async def explain(self, asked: Asked, caller: Viewer, request_id: str) -> list[Explanation]:
        """One explanation for each field; raises NotExplained, BadRequest or AuditUnavailable."""
        started = time.perf_counter()
        with self._policies.kept() as authorizer:
            call = self._call(caller, request_id)
            mine = await self._judge(caller, asked.person, call)
            may_ask = _may_ask(mine) and (asked.person == caller.person or await self._is_on_record(asked, caller))
            viewer = self._as_known(asked.viewer)
            theirs = await self._judge(viewer, asked.person, call) if may_ask else None
            await self._put_on_record(asked, caller, request_id, mine, theirs, started)
            if theirs is None:
                raise NotExplained(
                    "There is no access by this viewer to a person of this id that you may have explained. Ask for "
                    "the purpose AUDIT, with subject, agency, roles and purpose as on record; or about yourself."
                )
            model = await self._model_of(authorizer.policies.version)
            origins = self._origins(model, viewer, theirs)
            return [explain(authorizer, model, theirs.decision.facts, one, origins) for one in asked.fields]

    async def _is_on_record(self, asked: Asked, caller: Viewer) -> bool:
        """Whether this viewer, in these roles and for this purpose, has asked for this person."""
        viewer = asked.viewer
        conditions = Conditions(
            persons=(asked.person,),
            subjects=(viewer.subject,),
            agencies=(viewer.agency,),
            roles=tuple(sorted(viewer.roles)),
            purposes=(viewer.purpose,),
            kinds=(Kind.ACCESS,),
        )
        query = SearchQuery(conditions, first=100, wait_for=await self._audit.size() - 1)
        page = await self._search.find(query, viewer=caller.subject)
        return any(frozenset(entry.record.roles) == viewer.roles for entry in page.entries)

    def _as_known(self, viewer: Viewer) -> Viewer:
        """The viewer with the kind and the place of their agency as this gateway knows them, where it does."""
        known = self._house.directory.agency(viewer.agency, viewer.agency_name)
        return changed(
            viewer,
            agency_kind=known.kind or viewer.agency_kind,
            jurisdiction=known.jurisdiction or viewer.jurisdiction,
        )

    async def _judge(self, viewer: Viewer, person: str, call: Call) -> _Found | None:
        trace, today = Trace(), self._today()
        people = People(self._house, viewer, call, trace, today)
        judged, reading = await people.judge([person], Plan())
        one = judged.get(person)
        if one is None:
            return None
        holders = self._house.directory.holders_codes(tuple(self._house.index.holders(one.raw.id)))
        return _Found(one.decision, tuple(reading.outcomes), evidence(one.raw, holders, viewer.agency, today))

    def _call(self, caller: Viewer, request_id: str) -> Call:
        mint = self._assertions
        return Call(
            request_id=request_id,
            actor=caller.subject,
            agency=caller.agency,
            purpose=caller.purpose,
            deadline=Deadline(asyncio.get_running_loop().time() + self._deadline_seconds),
            assertion=None if mint is None else lambda request: mint(caller, request, request_id),
        )

    async def _model_of(self, version: str) -> Model:
        """The model of the policies in force, made once for each version."""
        if self._model is None or self._model[0] != version:
            policies = self._policies.policies
            (model,) = await asyncio.to_thread(models_of, [policies])
            self._model = (version, model)
        return self._model[1]

    # ---- from what each fact was derived --------------------------------------------------------------------------

    def _origins(self, model: Model, viewer: Viewer, found: _Found) -> Mapping[str, tuple[str, ...]]:
        """Of each fact the evidence without which it would be another; names of evidence, never what it says."""
        standing = self._house.standing(viewer)
        values = values_of(model.space, found.decision.facts)
        origins: dict[str, list[str]] = {}
        for name, nothing in NOTHING_KNOWN.items():
            if name == "person" or getattr(found.known, name) == nothing:
                continue
            without = derive_facts(viewer, replace(found.known, **{name: nothing}), standing)
            for fact in _changed(model, values, without):
                origins.setdefault(fact, []).append(name.replace("_", " "))
        for fact in _changed(model, values, derive_facts(viewer, found.known, standing)):
            origins.setdefault(fact, []).append("a source that could say otherwise did not answer")
        for fact, attribute in model.space.facts.items():
            if fact not in origins:
                origins[fact] = [self._other_origin(fact, attribute, values)]
        return {fact: tuple(parts) for fact, parts in origins.items()}

    def _other_origin(self, fact: str, attribute: Attribute, values: Mapping[str, object]) -> str:
        if attribute.type.kind == "entity":
            return "the token"
        if attribute.type.kind == "set":
            return "the gateway's registers"
        return "the token or the registers" if values.get(fact) not in (False, ABSENT) else "nothing on record"

    # ---- the access log -------------------------------------------------------------------------------------------

    async def _put_on_record(
        self,
        asked: Asked,
        caller: Viewer,
        request_id: str,
        mine: _Found | None,
        theirs: _Found | None,
        started: float,
    ) -> None:
        grant = mine.decision[Label.AUDIT] if mine is not None else None
        outcomes = {(one.source, one.outcome): one for found in (mine, theirs) if found for one in found.outcomes}
        effect = Effect.ALLOW if theirs is not None else Effect.DENY
        policies = grant.policies if grant is not None else ()
        await self._audit.append(
            AccessRecord(
                at=datetime.now(UTC),
                request_id=request_id,
                **caller_of(caller),
                clearance=caller.cleared,
                operation=OPERATION,
                operation_hash=hashlib.sha256(OPERATION.encode()).hexdigest(),
                persons=(asked.person,),
                fields=tuple(
                    AccessedField(f"{OPERATION}.{one}", Label.AUDIT.value, effect.name, policies)
                    for one in asked.fields
                ),
                sources=tuple(outcomes.values()),
                outcome="OK" if theirs is not None else "DENIED",
                policy_version=self._policies.policy_version,
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
                jurisdiction=self._jurisdiction,
            )
        )


def asked_from(body: object) -> Asked:
    """What a request body asks: {"viewer": {...}, "person": id, "fields": [...]}; raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest("The request body must be an object with 'viewer', 'person' and 'fields'. Correct it.")
    viewer, person, fields = body.get("viewer"), body.get("person"), body.get("fields")
    if not isinstance(person, str) or not is_token(person):
        raise BadRequest("'person' is not the id of a person. Use an id that this graph gave for a Person.")
    if not isinstance(fields, list) or not _are_words(fields):
        raise BadRequest(f"'fields' must list one to {MOST_FIELDS} fields, as Type.field or a label. Correct it.")
    try:
        for field in fields:
            label_of(field)
        described = viewer_from(viewer if isinstance(viewer, dict) else {}, "'viewer'")
    except (NoSuchField, ViewerUnread) as error:
        raise BadRequest(str(error)) from error
    return Asked(described, person, tuple(fields))


def _are_words(fields: Sequence[object]) -> bool:
    return 0 < len(fields) <= MOST_FIELDS and all(
        isinstance(one, str) and len(one) <= 100 and one.replace(".", "").replace("_", "").isalnum() for one in fields
    )


def _may_ask(mine: _Found | None) -> bool:
    return mine is not None and mine.decision[Label.AUDIT].effect is Effect.ALLOW


def _changed(model: Model, values: Mapping[str, object], other: Facts) -> list[str]:
    """The facts, by their names in the schema, that differ."""
    differing = {name for name, value in values_of(model.space, other).items() if value != values[name]}
    return [
        fact
        for fact in model.space.facts
        if fact in differing or any(one.startswith(f"{fact}:") for one in differing)
    ]
