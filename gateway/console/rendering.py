"""Jinja2 with both languages, and the few words that all templates share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from gateway.audit.record import EventEntry
from gateway.console.citing import cited
from gateway.console.files import STAMP
from gateway.console.headers import page_headers
from gateway.console.language import Language, languages
from gateway.console.visit import Shown, Visit
from gateway.console.words import Words

_IN_BOTH: Final = re.compile(r"(?P<zh>[^A-Za-z]+?) (?P<en>[A-Z][A-Za-z -]+)")
TEMPLATES: Final = Path(__file__).with_name("templates")


class Renderer:
    """Makes pages; one Jinja2 environment per language, since texts are bound when a template is compiled."""

    def __init__(self, *, name: str, place: str, demo: bool, secure: bool, token: Callable[[str], str]) -> None:
        """`token` makes the audit token of a Person id: persons bear no other name here."""
        self.headers = page_headers(secure=secure)
        self._shared = {"gateway": name, "place": place, "demo": demo, "stamp": STAMP, "token": token}
        self._environments = {language.code: _environment(language) for language in languages().values()}

    def page(self, visit: Visit, shown: Shown, entry: EventEntry | None) -> HTMLResponse:
        """A whole page; `entry` is what the log says of this very view."""
        template = self._environments[visit.language.code].get_template(shown.template)
        text = template.render(
            **self._shared,
            **shown.context,
            language=visit.language,
            others=[one for one in languages().values() if one is not visit.language],
            # An address that was refused may hold what must not be repeated.
            address=_address(visit) if shown.status < 400 else "/console",
            session=visit.session,
            request_id=visit.request_id,
            view_entry=entry,
        )
        headers = {**self.headers, "Content-Language": visit.language.tag, "Vary": "Accept-Language, Cookie"}
        return HTMLResponse(text, status_code=shown.status, headers=headers)


def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(language.messages, newstyle=True)  # type: ignore[attr-defined]
    words = Words(language)
    environment.globals["words"] = words
    environment.filters.update(
        time=language.time,
        day=language.day,
        number=language.number,
        share=language.share,
        machine=_machine_time,
        instant=datetime.fromisoformat,
        cited=partial(cited, language=language),
        own=partial(own, language=language),
        said=lambda text: text.zh if language.code == "zh" else text.en,
        parted=parted,
        shorten=shorten,
        with_query=with_query,
    )
    return environment


def own(title: str, language: Language) -> str:
    """Of the title of an imitation viewer, which is said in Chinese and then in English, what is in this language."""
    said = _IN_BOTH.fullmatch(title)
    return title if said is None else said["zh" if language.code == "zh" else "en"]


def shorten(identifier: str) -> str:
    """Enough of a long id to tell two apart at a glance."""
    return identifier if len(identifier) <= 16 else f"{identifier[:8]}…{identifier[-4:]}"


def parted(path: str) -> Markup:
    """A path of the graph that may be broken behind its dots."""
    return Markup(".<wbr>").join(path.split("."))  # join escapes the parts


def with_query(path: str, conditions: Mapping[str, object]) -> str:
    """An address with conditions; those without a value are left out."""
    held = [(name, str(value)) for name, value in conditions.items() if value not in (None, "")]
    return f"{path}?{urlencode(held)}" if held else path


def _machine_time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _address(visit: Visit) -> str:
    query = visit.request.url.query
    return f"{visit.request.url.path}?{query}" if query else visit.request.url.path
