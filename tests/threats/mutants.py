"""Seeded faults of the enforcing code, each a text that stands exactly once, and the tests that must find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PATHS, SEARCHING, ORACLE = (f"tests/threats/test_{name}.py" for name in ("paths", "searching", "oracle"))
_FACTS = "tests/gateway/authorization/test_facts.py"
_DECIDE = "tests/gateway/authorization/test_decide.py"
_ENGINE = "tests/gateway/execution/test_engine.py"
_GLASS = "tests/gateway/registers/test_break_glass.py"
_CONSENTS = "tests/gateway/registers/test_consents.py"
_COUNTING = "tests/gateway/execution/test_counting.py"
_TOKENS = "tests/gateway/tokens"
_ACCESSES = "tests/gateway/execution/test_accesses.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: in `file` the text `before` is replaced by `after`; `tests` are run until one fails."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


def _one(name: str, file: str, before: str, after: str, *tests: str) -> Mutant:
    return Mutant(name, f"gateway/{file}.py", before, after, tests)


MUTANTS: Final = (
    # how it is decided
    _one(
        "an engine error is no refusal", "authorization/decide", "if result.diagnostics.errors:", "if False:", _DECIDE
    ),
    _one(
        "an unknown role is carried along",
        "authorization/decide",
        "if not facts.roles <= _ROLES:",
        "if False:",
        _DECIDE,
    ),
    _one(
        "a mask is an allow",
        "authorization/decide",
        "return Effect.MASK if verdicts",
        "return Effect.ALLOW if verdicts",
        PATHS,
        _DECIDE,
    ),
    _one(
        "what is masked may be searched by",
        "authorization/decide",
        'may_filter=effect is Effect.ALLOW and verdicts[label, "filter"].allowed',
        "may_filter=effect is not Effect.DENY",
        _DECIDE,
        SEARCHING,
    ),
    _one(
        "whatever is seen may be searched by",
        "authorization/decide",
        'effect is Effect.ALLOW and verdicts[label, "filter"].allowed',
        "effect is Effect.ALLOW",
        _DECIDE,
        SEARCHING,
        "tests/gateway/authorization/test_policies.py",
    ),
    _one(
        "masks are not hardened",
        "authorization/decide",
        "masks.harden(masks.strictest(named), label, others)",
        "masks.strictest(named)",
        "tests/gateway/authorization/test_policies.py",
    ),
    _one(
        "a purpose that does not hold keeps its policy",
        "authorization/slices",
        "    if purpose not in named:\n        return None\n",
        "",
        _DECIDE,
    ),
    _one(
        "slices ignore roles",
        "authorization/slices",
        "return self._kept(roles, purpose, _Viewer(viewer))",
        "return self._kept(frozenset(), purpose, _Viewer(viewer))",
        _DECIDE,
    ),
    _one(
        "all questions are alike",
        "authorization/slices",
        "if speak[label, action] == speak[label, _FIRST]",
        "if True",
        _DECIDE,
    ),
    _one(
        "new policies wait for a restart",
        "authorization/in_force",
        "self.current = CedarAuthorizer(policies)",
        "pass",
        "tests/gateway/policy/test_reload.py",
    ),
    # by what facts, with which masks
    _one(
        "former ties are current ones",
        "authorization/facts",
        "agency in evidence.active_agencies or agency in evidence.police_codes",
        "agency in evidence.measure_agencies or agency in evidence.police_codes",
        _FACTS,
    ),
    _one(
        "a domicile is a residence",
        "authorization/facts",
        "_is_under(evidence.execution_place or evidence.residence, viewer.jurisdiction)",
        "_is_under(evidence.execution_place or evidence.residence or evidence.domicile, viewer.jurisdiction)",
        _FACTS,
        ORACLE,
    ),
    _one(
        "everybody lies in one's region",
        "authorization/facts",
        "return REGIONS.is_under(place, jurisdiction) if place and jurisdiction else False",
        "return True",
        _FACTS,
    ),
    _one(
        "staff gain by being the person",
        "authorization/facts",
        "viewer.person == person and viewer.roles == _SUBJECT,",
        "viewer.person == person,",
        _FACTS,
    ),
    _one(
        "somebody is everybody",
        "authorization/facts",
        "viewer.person == person and viewer.roles == _SUBJECT,",
        "viewer.roles == _SUBJECT,",
        _FACTS,
    ),
    _one(
        "any case number is an order",
        "authorization/facts",
        "bool(case_number) and case_number in evidence.decision_numbers,",
        "bool(case_number),",
        _FACTS,
    ),
    _one("seals are ignored", "authorization/facts", "        evidence.sealed,\n", "        False,\n", _FACTS),
    _one("minors are adults", "authorization/facts", "        evidence.under_18,\n", "        False,\n", _FACTS),
    _one(
        "a forwarded viewer counts as one's own",
        "authorization/facts",
        "        viewer.forwarded,\n        standing.consented.get",
        "        False,\n        standing.consented.get",
        _FACTS,
    ),
    _one(
        "a consent opens everybody",
        "authorization/facts",
        "standing.consented.get(person, NONE)",
        "standing.at_best()[0]",
        _FACTS,
    ),
    _one(
        "an emergency opens everybody",
        "authorization/facts",
        "standing.break_glass.get(person, NONE)",
        "standing.at_best()[1]",
        _FACTS,
    ),
    _one(
        "an unknown mask shows all",
        "authorization/masks",
        '    shorten = MASKS.get(mask or "redact", _redact)\n',
        '    shorten = MASKS.get(mask or "redact", lambda one, _kind: one)\n',
        SEARCHING,
    ),
    _one(
        "a year is the day", "authorization/masks", "return date(value.year, 1, 1) if", "return value if", SEARCHING
    ),
    _one(
        "the ends are three and two",
        "authorization/masks",
        'return "id_ends"\n    return mask',
        "return mask\n    return mask",
        SEARCHING,
    ),
    _one(
        "the weakest mask wins",
        "authorization/masks",
        "return min(names, key",
        "return max(names, key",
        "tests/gateway/authorization/test_masks.py",
    ),
    # what is masked
    _one(
        "cells are not masked",
        "execution/mask",
        "if value is None or grant.effect is Effect.DENY:",
        "if value is None:",
        PATHS,
    ),
    _one(
        "a mask shows the value",
        "execution/mask",
        "return apply(grant.mask, value, column.kind)",
        "return value",
        _ENGINE,
    ),
    _one(
        "hidden rows are shown",
        "execution/mask",
        "if rows is None or entity in self._hidden:",
        "if rows is None:",
        _ENGINE,
        PATHS,
    ),
    _one(
        "cases are shown to whoever asks",
        "execution/mask",
        "if raw.cases is None or self._hides_cases:",
        "if raw.cases is None:",
        PATHS,
    ),
    _one(
        "everybody is known",
        "execution/mask",
        "self.is_known = existence.effect is Effect.ALLOW",
        "self.is_known = True",
        PATHS,
    ),
    _one(
        "whoever is known may be come upon",
        "execution/mask",
        "self.is_listable = self.is_known and existence.may_filter",
        "self.is_listable = self.is_known",
        ORACLE,
    ),
    _one(
        "records are not masked", "execution/mask", 'self._rows("PersonRecord", raw.records),', "raw.records,", PATHS
    ),
    _one(
        "merged values are not masked",
        "execution/mask",
        'self._values("PersonRecord", raw.values),',
        "raw.values,",
        PATHS,
    ),
    _one("rows beside cases are not masked", "execution/mask", "self._entities(raw.rows),", "raw.rows,", PATHS),
    _one(
        "rows of cases are not masked",
        "execution/mask",
        "self._entities(case.rows), derived",
        "case.rows, derived",
        _ENGINE,
    ),
    _one(
        "what derives is shown when denied",
        "execution/mask",
        "            found.append((name, _nothing))",
        "            found.append((name, derivation.compute))",
        PATHS,
    ),
    _one(
        "conflicts are not masked",
        "execution/mask",
        "masked = (_masked(one, self.decision) for one in found)",
        "masked = iter(found)",
        _ENGINE,
    ),
    # execution: people, plans, evidence
    _one(
        "one mask for all",
        "execution/people",
        "key = (id(decision), id(plan))",
        "key = (0, id(plan))",
        PATHS,
        SEARCHING,
    ),
    _one("a mask is shown without being known", "execution/people", "if not one.mask.is_known:", "if False:", PATHS),
    _one("silence about a seal opens", "execution/people", "known = replace(known, sealed=True)", "pass", _ENGINE),
    _one(
        "peers are asked of anybody",
        "execution/people",
        "if token in abroad and judged[token].mask.is_known}",
        "if token in abroad}",
        _ENGINE,
    ),
    _one(
        "a forwarded query is forwarded",
        "execution/people",
        "abroad = {} if self._viewer.forwarded else self._part(holders, peers=True)",
        "abroad = self._part(holders, peers=True)",
        _ENGINE,
    ),
    _one(
        "what is never seen is fetched",
        "execution/plan",
        "{name for name in names if ENTITIES[entity][name].label not in hidden}",
        "set(names)",
        PATHS,
        _ENGINE,
    ),
    _one("a sealed record of one source is open", "execution/evidence", "sealed=any(", "sealed=all(", ORACLE),
    _one("every age is eighteen", "execution/evidence", "_age(born, today) < 18", "_age(born, today) < 0", ORACLE),
    _one("control is never lifted", "execution/evidence", 'values.get("controlStatus") == "LIFTED"', "False", ORACLE),
    _one(
        "files are never closed",
        "execution/evidence",
        "file_closed=is_closed(measures, today)",
        "file_closed=False",
        ORACLE,
        _ENGINE,
    ),
    _one(
        "an ended measure goes on",
        "execution/evidence",
        "active_agencies=mine if own and any(is_running(row, today) for row in own) else _NONE",
        "active_agencies=mine if own else _NONE",
        ORACLE,
    ),
    _one("an agreement binds on its last day", "execution/ties", "<= today < (_day", "<= today <= (_day", SEARCHING),
    _one(
        "a handoff is awaited for ever",
        "execution/ties",
        "ordered is not None and ordered > today - LONGEST",
        "ordered is not None",
        SEARCHING,
    ),
    _one(
        "a measure called off is awaited",
        "execution/ties",
        '    if measure.values.get("endedOn") is not None:\n        return False\n',
        "",
        SEARCHING,
    ),
    # execution: lists, cursors, counts, trails
    _one(
        "filters ask nobody",
        "execution/listing",
        "allowed = mask.is_listable and all(",
        "allowed = mask.is_listable or all(",
        SEARCHING,
    ),
    _one(
        "one condition's label is enough",
        "execution/listing",
        "all(mask.decision[label].may_filter for label in self._labels)",
        "any(mask.decision[label].may_filter for label in self._labels)",
        ORACLE,
        SEARCHING,
    ),
    _one(
        "a sort reads what may not be seen",
        "execution/listing",
        "read(one) if one.decision[label].may_filter else None",
        "read(one)",
        SEARCHING,
    ),
    _one(
        "cursors fit every viewer",
        "execution/cursor",
        "[position, key]), [of.encode(), viewer.encode()]",
        '[position, key]), [of.encode(), b""]',
        SEARCHING,
    ),
    _one(
        "cursors fit every list",
        "execution/listing",
        "return hashlib.sha256(text.encode()).hexdigest()",
        "return kind",
        SEARCHING,
    ),
    _one(
        "small counts are told",
        "execution/counting",
        "return count - count % SMALLEST if count >= SMALLEST else None",
        "return count",
        SEARCHING,
        _COUNTING,
    ),
    _one(
        "anybody reads the log",
        "execution/accesses",
        "return self._sees_all or (person is not None and person == self._viewer.person)",
        "return True",
        _ACCESSES,
    ),
    _one(
        "a trail shows the others",
        "execution/accesses",
        "persons=record.persons if about is None else (about,)",
        "persons=record.persons",
        _ACCESSES,
    ),
    _one(
        "what is hidden is told to all",
        "execution/trace",
        "        if shown:\n            for problem in problems:",
        "        if True:\n            for problem in problems:",
        _ENGINE,
    ),
    # registers and break-glass
    _one(
        "a revoked consent opens",
        "registers/entries",
        "return self.revoked_at is None and self.recorded_at",
        "return self.recorded_at",
        SEARCHING,
    ),
    _one(
        "a consent never ends",
        "registers/entries",
        "self.recorded_at <= now < self.expires_at",
        "self.recorded_at <= now",
        SEARCHING,
    ),
    _one(
        "an emergency never ends",
        "registers/entries",
        "self.granted_at <= now < self.expires_at and self.review is None",
        "self.review is None",
        SEARCHING,
    ),
    _one(
        "a review ends nothing",
        "registers/entries",
        "self.granted_at <= now < self.expires_at and self.review is None",
        "self.granted_at <= now < self.expires_at",
        SEARCHING,
    ),
    _one(
        "a forwarded viewer breaks glass",
        "registers/register",
        "if not viewer.forwarded else None",
        "if True else None",
        SEARCHING,
    ),
    _one(
        "a consent for any purpose",
        "registers/register",
        "return self._to.get((Recipient.AGENCY, viewer.agency, viewer.purpose), ())",
        "return [one for key, found in self._to.items() if key[1] == viewer.agency for one in found]",
        SEARCHING,
    ),
    _one(
        "anybody opens anything",
        "registers/desk",
        "labels=labels_among(wish.labels, permitted),\n            reason",
        "labels=wish.labels,\n            reason",
        SEARCHING,
    ),
    _one("one reviews oneself", "registers/desk", " and grant.by.subject != self._viewer.subject", "", SEARCHING),
    _one(
        "reviews from anywhere",
        "registers/desk",
        "return self._is_reviewer() and self._is_of_my_region(grant) and grant",
        "return self._is_reviewer() and grant",
        SEARCHING,
    ),
    _one("no limit to emergencies", "registers/desk", ">= MOST_IN_FORCE:", ">= 10**9:", _GLASS),
    _one(
        "consents are anybody's to read",
        "registers/desk",
        "if self._viewer.roles == _SUBJECT and person != self._viewer.person:",
        "if False:",
        _CONSENTS,
    ),
    _one(
        "counts for everybody",
        "registers/desk",
        "if not may_count or not regions.is_under(region, self._viewer.jurisdiction):",
        "if False:",
        SEARCHING,
    ),
    # tokens
    _one("a staff token names a person", "claims", "if at_home and len(self.roles) > 1:", "if False:", _TOKENS),
    _one(
        "a token says who forwarded it",
        "tokens",
        'if not trusted.is_peer and not claims.keys().isdisjoint(("act", "via", "origin")):',
        "if False:",
        _TOKENS,
    ),
    _one(
        "an assertion serves twice",
        "tokens",
        'if not await self._replay.first(checked.trusted.name, ident, float(claims["exp"]) + LEEWAY):',
        "if False:",
        "tests/gateway/federation/test_assertion.py",
    ),
    _one(
        "an assertion is bound to nothing",
        "tokens",
        "await check_bound(claims.get(CLAIM), sent)",
        "pass",
        "tests/gateway/federation/test_assertion.py",
    ),
    _one("times are not looked at", "tokens", "trusted.check(token, self._clock())", "pass", _TOKENS),
)
