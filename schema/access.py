"""Access: one answered or refused request, as an auditor needs it and, in plain words, the person concerned."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from schema.agency import Agency, agency
from schema.declare import LabelEnum
from schema.enums import Clearance, Purpose, Role
from schema.node import Edge, Node, PageInfo, connect, edges_of
from schema.plain import AccessSummary, Language, summary
from schema.reader import AccessFacts, AccessPage, CoverageFacts


@strawberry.type(description="One path of the graph and what became of it in one request.")
class AccessedField:
    """`effect` is ALLOW, MASK or DENY; `policies` are the ids that decided."""

    path: str
    label: LabelEnum  # type: ignore[valid-type]  # strawberry.enum returns the class itself at run time
    effect: str
    policies: list[str]


@strawberry.type(
    description="That an entry is in the log (RFC 9162): hashes from its leaf to the root which the checkpoint signs."
)
class InclusionProof:
    """Checked without this gateway: docs/audit.md says how."""

    index: int
    log_size: int = strawberry.field(description="Of the checkpoint.")
    hashes: list[str] = strawberry.field(description="Hexadecimal, from the leaf's sibling upwards.")
    checkpoint: str = strawberry.field(description="C2SP signed note.")


async def _inclusion(root: Any, info: strawberry.Info) -> InclusionProof | None:
    found = await info.context.reader.inclusion(root.index)
    if found is None:
        return None
    return InclusionProof(
        index=found.index, log_size=found.log_size, hashes=list(found.hashes), checkpoint=found.checkpoint
    )


@strawberry.type(description="The entry's place in the log.")
class LogEntry:
    """RFC 9162 leaf."""

    index: int
    leaf_hash: str
    inclusion: InclusionProof | None = strawberry.field(
        resolver=_inclusion, description="For auditors; null to others, and while no checkpoint covers the entry."
    )


def _summary(root: Any, language: Language = Language.ZH) -> AccessSummary:
    return summary(root.facts, language)


@strawberry.type(description="查阅记录: who asked about whom, why, what was shown, by which policies; no value.")
class Access(Node):
    """One entry of the access log."""

    facts: strawberry.Private[AccessFacts]

    at: datetime
    subject: str
    agency: Agency
    roles: list[Role]
    purpose: Purpose | None
    case_number: str | None
    clearance: Clearance = strawberry.field(description="Of who asked, as the token bore it.")
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
    summary: AccessSummary = strawberry.field(
        resolver=_summary, description="In plain words, for the person concerned (个人信息保护法 44, 45)."
    )


@strawberry.type(description="How far the log's index reaches: every entry before `indexed` can be found.")
class LogCoverage:
    """`behind` entries are durable and cannot be found yet."""

    indexed: int
    durable: int
    behind: int
    through: datetime | None = strawberry.field(description="When the last indexed entry was made.")
    contradicted_at: int | None = strawberry.field(
        description="Where the log no longer holds what was indexed: a reason to verify it."
    )


def _coverage(facts: CoverageFacts | None) -> LogCoverage | None:
    if facts is None:
        return None
    return LogCoverage(
        indexed=facts.indexed,
        durable=facts.durable,
        behind=max(0, facts.durable - facts.indexed),
        through=facts.through,
        contradicted_at=facts.contradicted_at,
    )


def _page_info(root: Any) -> PageInfo:
    page = root.found.page
    return PageInfo(page=page, has_next_page=page.has_next, has_previous_page=page.has_previous)


@strawberry.type(description="One page of the access log.")
class AccessConnection:
    """`total_count` is null beyond what is counted exactly; `more_than` says how far that is."""

    found: strawberry.Private[AccessPage]
    edges: list[Edge[Access]]
    page_info: PageInfo = strawberry.field(resolver=_page_info)
    total_count: int | None = strawberry.field(resolver=lambda root: root.found.page.total)
    more_than: int | None = strawberry.field(
        resolver=lambda root: root.found.more_than, description="Where totalCount is null: there are more than this."
    )
    coverage: LogCoverage | None = strawberry.field(
        resolver=lambda root: _coverage(root.found.coverage), description="For auditors."
    )
    not_listed: str | None = strawberry.field(
        resolver=lambda root: root.found.not_listed,
        description="To the person concerned: what the law keeps off this list, in words; null where nothing.",
    )


def access(facts: AccessFacts) -> Access:
    """An access of the graph."""
    return Access(
        id=strawberry.ID(facts.id),
        facts=facts,
        at=facts.at,
        subject=facts.subject,
        agency=agency(facts.agency),
        roles=[Role[name] for name in facts.roles],
        purpose=Purpose.__members__.get(facts.purpose),  # none where gateways exchange lists
        case_number=facts.case_number,
        clearance=Clearance[facts.clearance],
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


def access_page(found: AccessPage | None) -> AccessConnection | None:
    """A page of the log; None where the viewer may not read it."""
    if found is None:
        return None
    return AccessConnection(found=found, edges=edges_of(connect(found.page, access)))
