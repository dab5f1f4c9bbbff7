"""Access: one answered or refused request, as an auditor needs it."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.agency import Agency, agency
from schema.declare import LabelEnum
from schema.enums import Purpose, Role
from schema.node import Connection, Node, connect
from schema.reader import AccessFacts, Page


@strawberry.type(description="One path of the graph and what became of it in one request.")
class AccessedField:
    """`effect` is ALLOW, MASK or DENY; `policies` are the ids that decided."""

    path: str
    label: LabelEnum  # type: ignore[valid-type]  # strawberry.enum returns the class itself at run time
    effect: str
    policies: list[str]


@strawberry.type(description="The entry's place in the log.")
class LogEntry:
    """RFC 9162 leaf."""

    index: int
    leaf_hash: str


@strawberry.type(description="查阅记录: who asked about whom, why, what was shown, by which policies; no value.")
class Access(Node):
    """One entry of the access log."""

    at: datetime
    subject: str
    agency: Agency
    roles: list[Role]
    purpose: Purpose | None
    case_number: str | None
    operation: str
    operation_hash: str
    persons: list[strawberry.ID]
    fields: list[AccessedField]
    sources: list[str]
    peers: list[str]
    outcome: str
    policies: list[str]
    policy_version: str
    request_id: str
    via: list[str] = strawberry.field(description="Gateways that forwarded the request.")
    entry: LogEntry


def access(facts: AccessFacts) -> Access:
    """An access of the graph."""
    return Access(
        id=strawberry.ID(facts.id),
        at=facts.at,
        subject=facts.subject,
        agency=agency(facts.agency),
        roles=[Role[name] for name in facts.roles],
        purpose=Purpose.__members__.get(facts.purpose),  # none where gateways exchange lists
        case_number=facts.case_number,
        operation=facts.operation,
        operation_hash=facts.operation_hash,
        persons=[strawberry.ID(person) for person in facts.persons],
        fields=[
            AccessedField(path=one.path, label=one.label, effect=one.effect, policies=list(one.policies))
            for one in facts.fields
        ],
        sources=list(facts.sources),
        peers=list(facts.peers),
        outcome=facts.outcome,
        policies=list(facts.policies),
        policy_version=facts.policy_version,
        request_id=facts.request_id,
        via=list(facts.via),
        entry=LogEntry(index=facts.index, leaf_hash=facts.leaf_hash),
    )


def access_page(page: Page[AccessFacts] | None) -> Connection[Access] | None:
    """A page of the log; None where the viewer may not read it."""
    return connect(page, access) if page else None
