"""The door: who comes in, who does not, and what the browser is given to hold."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.audit.event import Kind
from tests.console.house import NUMBER, House, form_token, opened

PAGES = ["/console", "/console/trends", "/console/people/x", "/console/officials/x", "/console/entries/x"]


@pytest.mark.parametrize("path", PAGES)
async def test_nothing_is_shown_before_the_door(house: House, path: str) -> None:
    answer = await house.client.get(f"{path}?purpose=AUDIT")
    assert answer.status_code == 303
    assert answer.content == b""
    to = urlsplit(answer.headers["location"])
    assert (to.path, parse_qs(to.query)) == ("/console/sign-in", {"to": [f"{path}?purpose=AUDIT"]})


async def test_an_auditor_comes_in_and_goes_where_they_wanted(house: House) -> None:
    answer = await house.sign_in(to="/console?purpose=AUDIT")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console?purpose=AUDIT"
    assert (await house.client.get("/console")).status_code == 200
    assert (await house.events())[0].record.action == "signed-in"


@pytest.mark.parametrize("persona", ["officer", "aimless"])
async def test_others_are_turned_away_and_that_is_on_record(house: House, persona: str) -> None:
    answer = await house.sign_in(persona)
    assert answer.status_code == 403
    assert "AUDITORS_ONLY" in answer.text
    assert (await house.client.get("/console")).status_code == 303
    (refused,) = await house.events()
    assert (refused.record.kind, refused.record.action, refused.record.outcome) == (Kind.LOGIN, "refused", "REFUSED")
    assert refused.record.subject == f"staff-{persona}"


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/graphql", "/console\\@evil", "/consoles"]
)
async def test_the_door_leads_into_the_console_only(house: House, to: str) -> None:
    assert (await house.sign_in(to=to)).headers["location"] == "/console"


async def test_cookies_are_kept_from_scripts_and_other_sites(house: House) -> None:
    answer = await house.sign_in()
    cookies = [one for one in answer.headers.get_list("set-cookie") if "session" in one]
    assert len(cookies) == 1
    for part in ("__Host-yiti-session=", "HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in cookies[0]
    assert "Domain" not in cookies[0]
    assert "Max-Age" not in cookies[0]


async def test_on_plain_http_the_demo_says_so_in_the_cookies_name(tmp_path: Path) -> None:
    async with opened(tmp_path, secure=False) as house:
        answer = await house.sign_in()
        (cookie,) = [one for one in answer.headers.get_list("set-cookie") if "session" in one]
        assert cookie.startswith("yiti-session=")
        assert "Secure" not in cookie
        assert "HttpOnly" in cookie


async def test_signing_in_gives_a_new_key_each_time(house: House) -> None:
    await house.sign_in()
    first = house.client.cookies["__Host-yiti-session"]
    await house.post("/console/sign-out")
    await house.sign_in()
    assert house.client.cookies["__Host-yiti-session"] != first


async def test_a_key_set_beforehand_opens_nothing(house: House) -> None:
    house.client.cookies.set("__Host-yiti-session", "known-to-somebody-else")
    await house.sign_in()
    keys = [one.value for one in house.client.cookies.jar if one.name == "__Host-yiti-session" and one.domain]
    assert "known-to-somebody-else" not in [key for key in keys if await house.services.sessions.find(key)]


async def test_signing_out_ends_the_session_and_is_on_record(house: House) -> None:
    await house.sign_in()
    key = house.client.cookies["__Host-yiti-session"]
    answer = await house.post("/console/sign-out")
    assert answer.headers["location"] == "/console/signed-out"
    assert await house.services.sessions.find(key) is None
    assert (await house.client.get("/console/signed-out")).status_code == 200
    assert (await house.events())[-1].record.action == "signed-out"


async def test_a_session_ends_by_itself(house: House) -> None:
    await house.sign_in()
    house.now[0] += 1_201
    assert (await house.client.get("/console")).status_code == 303


@pytest.mark.parametrize("path", ["/console", "/console/trends", "/console/sign-out"])
@pytest.mark.parametrize("token", ["", "forged"])
async def test_a_form_without_the_sessions_token_is_refused(house: House, path: str, token: str) -> None:
    await house.sign_in()
    answer = await house.client.post(path, data={"form_token": token})
    assert answer.status_code == 403
    assert "FORM_EXPIRED" in answer.text
    assert (await house.client.get("/console")).status_code == 200


async def test_another_sessions_form_is_refused(house: House) -> None:
    await house.sign_in()
    token = form_token((await house.client.get("/console")).text)
    await house.post("/console/sign-out")
    await house.sign_in("second")
    assert (await house.client.post("/console", data={"form_token": token})).status_code == 403


async def test_a_form_from_another_site_is_refused_even_with_the_token(house: House) -> None:
    await house.sign_in()
    token = form_token((await house.client.get("/console")).text)
    for site in ("cross-site", "same-site"):
        answer = await house.client.post("/console", data={"form_token": token}, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403


async def test_signing_in_itself_needs_the_doors_own_form(house: House) -> None:
    await house.client.get("/console/sign-in")
    answer = await house.client.post("/console/sign-in", data={"persona": "auditor", "form_token": "x"})
    assert answer.status_code == 403


async def test_trying_too_often_has_to_wait(house: House) -> None:
    for _ in range(10):
        await house.sign_in("officer")
    answer = await house.sign_in("officer")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "6"
    assert "THROTTLED" in answer.text


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"a=b", "text/plain", 400),
        (b"{}", "application/json", 400),
        (b"a=" + b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"a=b&" * 400, "application/x-www-form-urlencoded", 400),
        (b"\xff=%ff", "application/x-www-form-urlencoded", 403),
    ],
)
async def test_what_is_no_form_is_refused(house: House, content: bytes, media_type: str, status: int) -> None:
    await house.sign_in()
    answer = await house.client.post("/console", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/console/sign-in", "/console", "/console/nothing", "/console/signed-out"])
async def test_every_page_bears_the_headers(house: House, path: str) -> None:
    await house.sign_in()
    if path == "/console/sign-in":
        house.client.cookies.clear()
    headers = (await house.client.get(path)).headers
    policy = headers["content-security-policy"]
    for part in (
        "default-src 'self'",
        "script-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/console/nothing", 404),
        ("GET", "/console/", 404),
        ("GET", "/console/static/x/console.css", 404),
        ("PUT", "/console", 405),
        ("DELETE", "/console/entries/x", 405),
        ("GET", "/console/sign-in/provider", 404),
        ("GET", "/console/sign-in/callback?code=x&state=y", 404),
    ],
)
async def test_paths_and_methods_that_there_are_not(house: House, method: str, path: str, status: int) -> None:
    answer = await house.client.request(method, path)
    assert answer.status_code == status


@pytest.mark.parametrize(
    "path", [f"/console?person={NUMBER}", f"/console/officials/{NUMBER}", "/console?x=13800138000"]
)
async def test_the_way_to_the_door_carries_no_number_of_a_person(house: House, path: str) -> None:
    assert (await house.client.get(path)).headers["location"] == "/console/sign-in"
