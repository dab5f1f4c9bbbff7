"""What the manifests make of the agencies behind HTTP: the same lives, seen through each system's own columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import pytest

from adapters.contract import Adapter, Call, Compare, Invalid, Op, Record, Refused, Search
from adapters.kit.conformance import CHECKS, Settings, check
from adapters.kit.pytest import report
from adapters.loading import load
from mocks import agencies
from mocks.life import Happening, Life, Term
from schema.enums import Quality
from tests.mocks.over_http.conftest import MANIFESTS, RARE, Opened, Running

SYSTEMS = (
    "jiangsu-request-service",
    "jiangsu-centre",
    "jiangsu-community-events",
    "jiangsu-aftercare",
    "jiangsu-civil-affairs",
    "jiangsu-employment",
    "jiangsu-hospital",
    "zhejiang-police",
    "zhejiang-aftercare",
)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("name", CHECKS)
async def test_every_manifest_conforms(adapter: Opened, system: str, name: str) -> None:
    report(await check(name, adapter(system), Settings(sample=5)))


async def people(source: Adapter, call: Call) -> Mapping[str, str]:
    """First id number -> the source's key, for numbers that one key alone bears."""
    found: dict[str, list[str]] = {}
    after = None
    while True:
        page = await source.keys(call, after)
        for entry in page.entries:
            for number in entry.id_numbers[:1]:
                found.setdefault(number, []).append(entry.key)
        after = page.after
        if after is None:
            return {number: keys[0] for number, keys in found.items() if len(keys) == 1}


async def records(
    source: Adapter, world_lives: Sequence[Life], entity: str, fields: Collection[str], call: Call
) -> list[tuple[Life, Sequence[Record]]]:
    """Everybody whose number the source holds unspoilt, with the source's records of them."""
    keys = await people(source, call)
    bearers = Counter(life.id_number for life in world_lives)
    lives = {life.id_number: life for life in world_lives if bearers[life.id_number] == 1}
    known = {number: key for number, key in keys.items() if number in lives}
    if entity == "PersonRecord":
        fetched = await source.fetch(entity, list(known.values()), fields, call)
        groups = {key: (record,) for key, record in fetched.items() if isinstance(record, Record)}
    else:
        related = await source.related(entity, list(known.values()), fields, call)
        groups = {key: tuple(found) for key, found in related.items() if not isinstance(found, Exception)}
    return [(lives[number], groups.get(key, ())) for number, key in known.items()]


def told(record: Record, *fields: str) -> tuple[object, ...] | None:
    """The values of a record, or None where one of them was spoilt in the source."""
    spoilt = {flag.field for flag in record.flags if flag.quality in (Quality.MALFORMED, Quality.UNMAPPED_CODE)}
    return None if spoilt & set(fields) else tuple(record.values[field] for field in fields)


def agrees(seen: Sequence[Record], fields: Sequence[str], truth: Collection[tuple[object, ...]]) -> bool:
    """Whether a source says as many things as are true, and nothing that is not."""
    said = [told(record, *fields) for record in seen]
    return len(said) == len(truth) and all(one is None or one in truth for one in said)


def terms(life: Life, kind: str, province: str = "3") -> list[Term]:
    return [term for term in life.terms if term.kind == kind and term.agency_code.startswith(province)]


def happened(life: Life, kind: str, agency: str) -> list[Happening]:
    return [one for one in life.happenings if one.kind == kind and one.agency_code == agency]


async def test_the_register_knows_who_people_are(adapter: Opened, running: Running, call: Call) -> None:
    fields = ("name", "sex", "birthDate", "ethnicity", "education", "maritalStatus", "diedOn")
    found = await records(adapter("jiangsu-request-service"), running.world.lives, "PersonRecord", fields, call)
    assert len(found) > 80
    for life, [record] in found:
        truth = (life.sex, life.birth_date, life.ethnicity, life.education, life.marital_status, life.died_on)
        assert told(record, *fields[1:]) in (truth, None)
        assert record.values["name"] == life.name


async def test_only_the_register_entry_in_force_is_read(adapter: Opened, running: Running, call: Call) -> None:
    source = adapter("jiangsu-request-service")
    renamed, twice = running.world.story("conflict"), running.world.story("two_numbers")
    keys = [str(renamed.id_number), str(twice.second_id_number)]
    found = await source.fetch("PersonRecord", keys, ("name", "formerNames"), call)
    assert list(found) == keys[:1]
    record = found[keys[0]]
    assert isinstance(record, Record)
    assert record.values == {"name": renamed.name, "formerNames": (renamed.former_name,)}


async def test_the_callers_reason_reaches_the_police(adapter: Opened, running: Running, call: Call) -> None:
    nameless = Call(call.request_id, call.actor, call.agency, " ", call.deadline)
    with pytest.raises(Refused):
        await adapter("jiangsu-request-service").keys(nameless)
    key = str(running.world.story("conflict").id_number)
    with pytest.raises(Refused):
        await adapter("jiangsu-request-service").fetch("PersonRecord", [key], ("name",), nameless)


@pytest.mark.parametrize("injected", ["1' OR '1'='1", "1') UNION SELECT 1 --", "329901199001010010'"])
async def test_nothing_but_a_number_gets_into_a_condition(adapter: Opened, call: Call, injected: str) -> None:
    source = adapter("jiangsu-request-service")
    with suppress(Invalid):
        found = await source.fetch("PersonRecord", [injected], ("name",), call)
        assert not any(isinstance(record, Record) for record in found.values())
    query = Search((Compare("idNumber", Op.EQ, injected),), ("name",), 5)
    with pytest.raises(Invalid):
        await source.search("PersonRecord", query, call)


@pytest.mark.parametrize(
    ("system", "kind", "province"),
    [
        ("jiangsu-centre", "REHABILITATION_STAY", "32"),
        ("jiangsu-aftercare", "AFTERCARE", "32"),
        ("zhejiang-aftercare", "AFTERCARE", "33"),
    ],
)
async def test_measures_have_their_dates(
    adapter: Opened, running: Running, call: Call, system: str, kind: str, province: str
) -> None:
    fields = ("kind", "agencyCode", "startsOn", "dueEndOn", "endedOn", "endReason")
    found = await records(adapter(system), running.world.lives, "Measure", fields, call)
    assert found
    for life, measures in found:
        truth = {
            (kind, term.agency_code, term.starts_on, term.due_end_on, term.ended_on, term.end_reason)
            for term in terms(life, kind, province)
        }
        assert agrees(measures, fields, truth)


@pytest.mark.parametrize(
    ("system", "agency"),
    [
        ("jiangsu-centre", agencies.REHABILITATION),
        ("jiangsu-aftercare", agencies.AFTERCARE["320000"]),
        ("zhejiang-aftercare", agencies.AFTERCARE["330000"]),
    ],
)
async def test_visits_and_agreements_are_theirs(
    adapter: Opened, running: Running, call: Call, system: str, agency: agencies.Agency
) -> None:
    source = adapter(system)
    visits = await records(source, running.world.lives, "Visit", ("visitedOn", "kind", "outcome"), call)
    assert sum(len(seen) for _, seen in visits) > 5
    for life, seen in visits:
        truth = {(one.on, one.what, one.text) for one in happened(life, "visit", agency.code)}
        assert agrees(seen, ("visitedOn", "kind", "outcome"), truth)
    for life, seen in await records(source, running.world.lives, "Agreement", ("kind", "signedOn", "endsOn"), call):
        truth_ = {(one.what, one.on, one.until) for one in happened(life, "agreement", agency.code)}
        assert agrees(seen, ("kind", "signedOn", "endsOn"), truth_)


async def test_custodians_and_inverted_flags_are_understood(adapter: Opened, running: Running, call: Call) -> None:
    kept = await records(adapter("zhejiang-aftercare"), running.world.lives, "Measure", ("custodian",), call)
    story = running.world.story("cross_province")
    assert [seen[0].values["custodian"] for life, seen in kept if life == story] == [
        "浙江省戒毒后续照管指导中心（模拟）"
    ]
    stays = await records(adapter("jiangsu-centre"), running.world.lives, "Measure", ("collected", "endedOn"), call)
    for _, seen in stays:
        assert all((stay.values["collected"] is None) == (stay.values["endedOn"] is None) for stay in seen)


async def test_the_event_feed_tells_of_reports_and_their_absence(
    adapter: Opened, running: Running, call: Call
) -> None:
    found = await records(adapter("jiangsu-community-events"), running.world.lives, "Event", ("kind", "at"), call)
    assert len(found) > 30
    for life, events in found:
        stations = {station.code for station in agencies.COMMUNITY.values() if station.code.startswith("32")}
        happenings = [one for one in life.happenings if one.agency_code in stations and one.kind == "event"]
        for kind in ("REPORTED", "NOT_REPORTED", "VIOLATED"):
            said = sorted(_day(event.values["at"]) for event in events if event.values["kind"] == kind)
            assert said == sorted(one.on for one in happenings if one.what == kind)


async def test_an_unexplained_notification_is_flagged_not_lost(adapter: Opened, running: Running, call: Call) -> None:
    found = await records(adapter("jiangsu-community-events"), running.world.lives, "Event", ("kind", "at"), call)
    unexplained = [event for _, events in found for event in events if event.values["kind"] is None]
    assert unexplained
    assert all(Quality.UNMAPPED_CODE in {flag.quality for flag in event.flags} for event in unexplained)


async def test_relief_is_by_household_and_month(adapter: Opened, running: Running, call: Call) -> None:
    source = adapter("jiangsu-civil-affairs")
    found = await records(source, running.world.lives, "SupportGrant", ("kind", "startedOn"), call)
    assert len(found) > 5
    for life, grants in found:
        given = happened(life, "grant", agencies.CIVIL_AFFAIRS.code)
        assert agrees(grants, ("kind", "startedOn"), {(one.what, one.on.replace(day=1)) for one in given})
    for life, kin in await records(source, running.world.lives, "FamilyMember", ("name", "relation"), call):
        assert agrees(kin, ("name", "relation"), {(one.name, one.relation) for one in life.family})


async def test_rare_characters_survive_the_wrong_label(adapter: Opened, running: Running, call: Call) -> None:
    found = await records(adapter("jiangsu-civil-affairs"), running.world.lives, "PersonRecord", ("name",), call)
    story = running.world.story("relief_applicant")
    assert [record.values["name"] for life, [record] in found if life == story] == [RARE]


async def test_work_and_courses_are_registered(adapter: Opened, running: Running, call: Call) -> None:
    source = adapter("jiangsu-employment")
    found = await records(source, running.world.lives, "Employment", ("status", "startedOn", "endedOn"), call)
    assert len(found) > 20
    for life, jobs in found:
        own = happened(life, "job", agencies.EMPLOYMENT.code)
        assert agrees(jobs, ("status", "startedOn", "endedOn"), {(one.what, one.on, one.until) for one in own})
    for life, seen in await records(source, running.world.lives, "Training", ("course", "completedOn"), call):
        courses = happened(life, "course", agencies.EMPLOYMENT.code)
        assert agrees(seen, ("course", "completedOn"), {(one.text, one.until) for one in courses})


async def test_the_hospital_tells_treatments_but_hiv_only_when_asked_for_it(
    adapter: Opened, running: Running, call: Call
) -> None:
    source = adapter("jiangsu-hospital")
    fields = ("kind", "startedOn", "facilityName", "diagnosisCode")
    found = await records(source, running.world.lives, "Treatment", fields, call)
    assert len(found) > 2
    for life, treatments in found:
        own = [one for one in life.happenings if one.kind == "treatment"]
        truth = {(one.what, one.on, one.agency_name, _code_of(one)) for one in own}
        assert agrees(treatments, fields, truth)
    for life, [record] in await records(source, running.world.lives, "PersonRecord", ("name", "hivPositive"), call):
        assert record.values["hivPositive"] is life.hiv_positive
        assert record.provenance.dataset == "Patient+Observation.hiv"
    for _, [record] in await records(source, running.world.lives, "PersonRecord", ("name",), call):
        assert record.provenance.dataset == "Patient"


async def test_zhejiang_decides_in_its_own_codes(adapter: Opened, running: Running, call: Call) -> None:
    source = adapter("zhejiang-police")
    orders = {
        "COMMUNITY_TREATMENT": ("COMMUNITY_TREATMENT_ORDER", 36),
        "COMPULSORY_ISOLATION": ("COMPULSORY_ISOLATION_ORDER", 24),
        "COMMUNITY_RECOVERY": ("COMMUNITY_RECOVERY_ORDER", 36),
    }
    fields = ("kind", "termMonths", "decidedOn", "number", "agencyCode")
    found = await records(source, running.world.lives, "Decision", fields, call)
    assert sum(len(decisions) for _, decisions in found) > 10
    for life, decisions in found:
        truth = {
            (*orders[term.kind], term.decided_on, term.decision_number, term.decision_agency_code)
            for term in life.terms
            if (term.decision_agency_code or "").startswith("33")
        }
        assert agrees([one for one in decisions if one.values["kind"] != "EARLY_RELEASE"], fields, truth)
    fields = ("substances", "controlStatus", "firstUsedOn", "sealed", "sex")
    for life, [record] in await records(source, running.world.lives, "PersonRecord", fields, call):
        truth_ = (life.substances, life.control_status, life.first_used_on, life.sealed, life.sex)
        assert told(record, *fields) in (truth_, None)


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_number_finds_the_person_however_it_is_written(
    adapter: Opened, running: Running, call: Call, system: str
) -> None:
    source = adapter(system)
    for number, key in list((await people(source, call)).items())[:12]:
        found = await source.search("PersonRecord", Search((Compare("idNumber", Op.EQ, number),), ("name",), 5), call)
        assert key in {record.key for record in found.records}


async def test_zhejiang_finds_the_residents_of_a_region(adapter: Opened, running: Running, call: Call) -> None:
    where = (Compare("residenceCode", Op.UNDER, "330400"),)
    query = Search(where, ("residenceCode", "idNumber"), 100)
    found = await adapter("zhejiang-police").search("PersonRecord", query, call)
    numbers = {record.values["idNumber"] for record in found.records}
    assert running.world.story("cross_province").id_number in numbers
    assert all(str(record.values["residenceCode"]).startswith("3304") for record in found.records)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_agencies_it_speaks_for_are_the_worlds(running: Running, system: str) -> None:
    manifest = running.manifest(system)
    for entry in (manifest.agency, *manifest.agencies):
        known = agencies.ALL.get(entry.code)
        if known is not None:
            assert (entry.name, entry.kind, entry.jurisdiction) == (known.name, known.kind, known.jurisdiction)
        else:  # a provincial bureau that itself does nothing in the world
            assert entry.code[:6] == manifest.jurisdiction


def test_a_manifest_names_the_variable_that_it_misses() -> None:
    file: Path = MANIFESTS / "jiangsu" / "centre.yaml"
    with pytest.raises(Exception, match=r"centre\.yaml.*JIANGSU_CENTRE_URL"):
        load(file, {})


def _day(at: object) -> date:
    assert isinstance(at, datetime)
    return at.date()


def _code_of(treatment: Happening) -> str | None:
    code = (treatment.text or "").partition(" ")[0]
    return None if code[:3] in ("B20", "B21", "B22", "B23", "B24", "Z21") else code
