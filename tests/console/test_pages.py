"""The pages behind the door, over a real log: what they show, what they refuse, and that each view is on record."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.event import EventRecord, Kind
from gateway.audit.export import check_file
from gateway.audit.note import SignedNote
from gateway.audit.record import AccessedField
from gateway.audit.signer import Cosigner, Ed25519Signer, LogSigner
from gateway.errors import AuditUnavailable
from tests.console.house import NUMBER, PERSON, House
from tests.gateway.audit.accesses import START, access

NAME = AccessedField("person.name", "IDENTITY", "ALLOW", ("C01-township-roster",))
HEALTH = AccessedField("person.treatments", "HEALTH", "DENY", ())


async def test_a_number_in_the_form_becomes_a_token_in_the_address(house: House) -> None:
    await house.put(access(1, persons=(PERSON,)), access(2, persons=("p-2",)))
    await house.sign_in()
    answer = await house.post("/console", person=NUMBER, purpose="AFTERCARE")
    token = house.search.token(PERSON)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/console?person={token}&purpose=AFTERCARE"
    page = await house.client.get(answer.headers["location"])
    assert "Entries found: 1" in re.sub(r"\s+", " ", page.text)
    for text in (NUMBER, PERSON):
        assert text not in page.text
        assert text not in answer.headers["location"]


@pytest.mark.parametrize(
    "path",
    [
        "/console",
        "/console/trends",
        "/console/verification",
        "/console/report",
        f"/console/people/{PERSON}",
        "/console/officials/staff-7",
    ],
)
async def test_every_view_is_on_record_before_it_leaves(house: House, path: str) -> None:
    await house.put(access(1, persons=(PERSON,)))
    await house.sign_in()
    page = await house.client.get(path)
    assert page.status_code == 200
    last = (await house.events())[-1]
    assert last.record.kind is Kind.CONSOLE
    assert last.record.subject == "staff-auditor"
    assert last.record.purpose == "AUDIT"
    assert f"/console/entries/{last.id}" in page.text
    assert page.headers["x-request-id"] == last.record.request_id


async def test_a_search_is_on_record_with_its_conditions_and_person(house: House) -> None:
    await house.sign_in()
    token = house.search.token(PERSON)
    await house.client.get("/console", params={"person": token, "label": "HEALTH", "since": "2026-11-01"})
    last = (await house.events())[-1].record
    assert (last.action, last.persons) == ("search", (token,))
    assert last.references == ("label:HEALTH", "since:2026-11-01")
    assert dict(last.details) == {"page": "search", "results": 0, "shown": 0}


async def test_who_looked_at_a_trail_is_part_of_the_trail(house: House) -> None:
    await house.sign_in()
    path = f"/console/people/{house.search.token(PERSON)}"
    await house.client.get(path)
    await house.search.catch_up()
    assert "staff-auditor" in (await house.client.get(path)).text


async def test_what_cannot_be_put_on_record_is_not_shown(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.put(access(1, persons=(PERSON,), agency_name="绝不出现"))
    await house.sign_in()

    async def broken(*_: object) -> None:
        raise AuditUnavailable("The disk is full.")

    monkeypatch.setattr(house.log, "append_event", broken)
    page = await house.client.get("/console")
    assert page.status_code == 503
    assert "AUDIT_UNAVAILABLE" in page.text
    assert "绝不出现" not in page.text


async def test_one_entry_in_full(house: House) -> None:
    (entry,) = await house.put(access(1, persons=(PERSON,), fields=(NAME, HEALTH), via=("yiti-zhejiang",)))
    await house.sign_in()
    page = (await house.client.get(f"/console/entries/{entry}")).text
    for text in (
        "person.<wbr>name",
        "C01-township-roster",
        "article of C01-township-roster",
        "No rule opens it",
        "js-facility",
        "3,000",
        "yiti-zhejiang",
        "0123456789abcdef",
        house.search.token(PERSON),
    ):
        assert text in page, text
    assert PERSON not in page


async def test_an_events_entry_is_shown_too(house: House) -> None:
    await house.sign_in()
    signed_in = (await house.events())[-1]
    page = (await house.client.get(f"/console/entries/{signed_in.id}")).text
    assert "Sign-in, signed in" in page


@pytest.mark.parametrize("entry", ["AAAAAAAAAAAAAAAAAAAAAA", "x", "1"])
async def test_an_entry_that_is_not_there(house: House, entry: str) -> None:
    await house.sign_in()
    page = await house.client.get(f"/console/entries/{entry}")
    assert page.status_code == 404
    assert "NOT_FOUND" in page.text


async def test_pages_of_a_list_follow_each_other_without_gap(house: House) -> None:
    await house.put(*(access(number) for number in range(60)))
    await house.sign_in()
    path, found = "/console?kind=access", []
    while path:
        page = (await house.client.get(path)).text
        found += [int(number) for number in re.findall(r'aria-label="Entry (\d+)"', page)]
        after = re.search(r'rel="next" href="([^"]+)"', page)
        path = after[1].replace("&amp;", "&") if after else ""
    assert found == list(range(59, -1, -1))


async def test_a_cited_page_can_be_opened_by_another_auditor(house: House) -> None:
    await house.put(*(access(number) for number in range(60)))
    await house.sign_in()
    page = (await house.client.get("/console?kind=access")).text
    path = re.search(r'rel="next" href="([^"]+)"', page)
    assert path
    await house.post("/console/sign-out")
    await house.sign_in("second")
    assert (await house.client.get(path[1].replace("&amp;", "&"))).status_code == 200


@pytest.mark.parametrize(
    ("query", "code", "status"),
    [
        ({"person": NUMBER}, "BAD_CONDITION", 400),
        ({"request": NUMBER}, "BAD_CONDITION", 400),
        ({"after": "forged"}, "BAD_CURSOR", 400),
    ],
)
async def test_an_address_that_cannot_be_used(house: House, query: dict[str, str], code: str, status: int) -> None:
    await house.sign_in()
    page = await house.client.get("/console", params=query)
    assert page.status_code == status
    assert code in page.text
    for value in query.values():
        assert value not in page.text.replace("?after=forged", "")


async def test_texts_are_escaped(house: House) -> None:
    await house.put(access(1, agency_name="<script>x</script>", operation="<b>"))
    await house.sign_in()
    page = (await house.client.get("/console")).text
    assert "<script" not in page
    assert "<b>" not in page.replace("<b>Person", "")


async def test_both_languages(house: House) -> None:
    await house.sign_in()
    assert '<html lang="en-GB">' in (await house.client.get("/console")).text
    chosen = await house.client.get("/console?purpose=AUDIT&lang=zh")
    assert chosen.headers["location"] == "/console?purpose=AUDIT"
    page = await house.client.get("/console?purpose=AUDIT")
    assert '<html lang="zh-CN">' in page.text
    assert page.headers["content-language"] == "zh-CN"


async def test_a_fault_of_ours_is_a_page_without_a_word_of_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.sign_in()

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"{NUMBER} must never be seen")

    monkeypatch.setattr(house.search, "find", broken)
    page = await house.client.get("/console")
    assert page.status_code == 500
    assert "INTERNAL" in page.text
    assert NUMBER not in page.text


async def test_the_index_that_lags_says_so(house: House) -> None:
    await house.log.append(access(1))
    await house.sign_in()
    page = (await house.client.get("/console")).text
    assert "cannot be found yet" in page


async def test_an_entry_is_proved_to_be_in_the_log(house: House) -> None:
    (entry,) = await house.put(access(1))
    await house.sign_in()
    page = (await house.client.get(f"/console/entries/{entry}")).text
    assert "Proved just now" in page
    assert (await house.log.head()).checkpoint().root.hex() not in page  # the view itself made the log grow
    assert "Does not hold" not in page


async def test_the_state_of_the_log_is_shown(house: House) -> None:
    await house.sign_in()
    page = (await house.client.get("/console/verification")).text
    for text in ("The signature holds", "Not yet, as far as is on record", "Nobody else has signed", "tree"):
        assert text in page
    assert str(house.log.signer.key).split("+")[1] in page


async def test_a_verification_on_record_is_shown(house: House) -> None:
    record = EventRecord(
        at=START,
        kind=Kind.VERIFICATION,
        action="verified",
        outcome="FAILED",
        jurisdiction="320000",
        subject="staff-3",
    )
    await house.log.append_event(record)
    await house.search.catch_up()
    await house.sign_in()
    assert "Something was wrong" in (await house.client.get("/console/verification")).text


@pytest.mark.parametrize(
    ("standing", "said"),
    [("same", "only grown since"), ("other", "another tree"), ("ahead", "cut off or rolled back")],
)
async def test_what_witnesses_signed_is_compared(house: House, standing: str, said: str) -> None:
    await house.put(access(1), access(2))
    head = (await house.log.head()).checkpoint()
    signer = LogSigner(head.origin, Ed25519Signer(Ed25519PrivateKey.generate()))
    size, root = {"same": (head.size, head.root), "other": (head.size, b"x" * 32), "ahead": (99, b"x" * 32)}[standing]
    note = signer.checkpoint(size, root)
    witness = Cosigner("zhejiang/witness", Ed25519Signer(Ed25519PrivateKey.generate()), clock=lambda: 1_700_000_000)
    await house.log.keep_cosignature("zhejiang/witness", SignedNote(note.text, (witness.cosign(note),)))
    await house.sign_in()
    page = (await house.client.get("/console/verification")).text
    assert "zhejiang/witness" in page
    assert "2023-11-15 06:13:20" in page
    assert said in page


@pytest.mark.parametrize(
    ("kind", "suffix"), [("csv", "csv"), ("jsonl", "jsonl"), ("fhir", "fhir.ndjson"), ("sqlite", "sqlite")]
)
async def test_an_export_comes_with_its_seal_and_is_on_record(
    house: House, kind: str, suffix: str, tmp_path: Path
) -> None:
    await house.put(access(1, persons=(PERSON,)), access(2, purpose="HANDOFF"))
    await house.sign_in()
    answer = await house.post("/console/export", format=kind, purpose="AFTERCARE")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert ".zip" in answer.headers["content-disposition"]
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    archive.extractall(tmp_path / "out")
    (name,) = [name for name in archive.namelist() if name.endswith(f".{suffix}")]
    manifest = check_file(tmp_path / "out" / name, house.log.signer.key)
    assert manifest.entries == 1
    assert PERSON.encode() not in (tmp_path / "out" / name).read_bytes()
    last = (await house.events())[-1].record
    assert (last.kind, last.subject, last.details["entries"]) == (Kind.EXPORT, "staff-auditor", 1)


async def test_an_export_of_no_known_kind_is_refused(house: House) -> None:
    await house.sign_in()
    assert (await house.post("/console/export", format="xlsx")).status_code == 400
    assert (await house.post("/console/export", format="csv", person=NUMBER)).status_code == 400


async def test_the_report_names_who_looked_at_most_with_the_entries_behind_it(house: House) -> None:
    at = datetime.now(UTC) - timedelta(days=1)
    people = [f"p-{number}" for number in range(60)]
    await house.put(*(access(number, at=at, persons=(person,)) for number, person in enumerate(people)))
    await house.sign_in()
    page = (await house.client.get("/console/report")).text
    assert "What deserves a second look" in page
    assert '<a class="id" href="/console/officials/staff-7">staff-7</a>' in page
    assert 'aria-label="Entry 0"' in page
    last = (await house.events())[-1].record
    assert (last.kind, last.action, last.details["entries"]) == (Kind.CONSOLE, "report", 60)


async def test_a_report_is_of_the_days_in_its_address(house: House) -> None:
    await house.put(access(1))
    await house.sign_in()
    answer = await house.post("/console/report", since="2026-03-01", until="2026-03-02")
    assert answer.headers["location"] == "/console/report?since=2026-03-01&until=2026-03-02"
    await house.client.get(answer.headers["location"])
    assert (await house.events())[-1].record.details["entries"] == 1


@pytest.mark.parametrize("query", ["since=2026-03-02&until=2026-03-01", "since=yesterday"])
async def test_a_period_that_is_none_is_refused(house: House, query: str) -> None:
    await house.sign_in()
    assert (await house.client.get(f"/console/report?{query}")).status_code == 400


async def test_too_long_a_period_is_left_to_the_command(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.put(*(access(number) for number in range(3)))
    await house.sign_in()
    monkeypatch.setattr("gateway.console.pages.report.MOST", 2)
    page = (await house.client.get("/console/report?since=2026-03-01&until=2026-03-02")).text
    assert "yiti audit report --since 2026-03-01 --until 2026-03-02" in page
