"""Who stands here: every agency's own system, where it is and how it speaks."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from mocks.systems import SYSTEMS as RUNNING
from mocks.systems import System
from mocks.tour.ask import PROVINCE_NAMES
from mocks.tour.page import Cell, Tone
from mocks.tour.tour import Tour
from mocks.tour.words import SYSTEMS, counted

QUERY = """query Sources {
  sources { id name kind isPeer health { ok } }
}"""


def show_systems(tour: Tour) -> None:
    """Both gateways' own lists of sources, beside where these really are."""
    page = tour.page
    page.say(
        "Each agency keeps the system that it has. Nothing was migrated, copied or merged: a gateway (网关) in each "
        "province reads them where they stand, when somebody asks, and each gateway is a source of the other one."
    )
    page.ask("An auditor 审计人员 in each province", QUERY)
    owned: dict[str, bool] = {}
    for province in tour.stage.urls:
        listed = tour.asker.ask("auditor", QUERY, province=province).root("sources")
        owned |= {one["id"]: one["health"]["ok"] for one in listed if not one["isPeer"]}
        page.say(f"{PROVINCE_NAMES[province]}: gateway at {tour.stage.urls[province]}/graphql", Tone.STRONG)
        names = {one["id"]: one["name"] for one in listed if one["id"] in RUNNING}
        rows = [_row(tour, system, names[system.id]) for system in RUNNING.values() if system.id in names]
        page.table(("whose", "its own name", "how it speaks", "where"), rows)
        page.gap()
    page.check(
        set(owned) == set(RUNNING) and all(owned.values()),
        f"all {len(owned)} services answer; together they are {len({counted(one) for one in owned})} systems, since "
        "the police and the community station of Jiangsu run two services each",
    )
    page.notice("Databases, JSON, SOAP and FHIR, in two encodings, one of them misnamed: to whoever asks, one graph.")


def _row(tour: Tour, system: System, name: str) -> tuple[str | Cell, ...]:
    described = SYSTEMS[system.id]
    address = tour.stage.address(system)
    parts = urlsplit(address)
    where = parts.netloc if system.kind == "http" else Path(parts.path).name or parts.netloc
    return _english(described.owner), name, described.form, Cell(where, Tone.DIM)


def _english(owner: str) -> str:
    """Without the Chinese term, which the system's own name says anyhow."""
    return "".join(character for character in owner if character.isascii()).strip()
