"""All rooms together: read from the environment, or refused with every problem and its fix."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError, model_validator

from gateway.settings.asking import Asking
from gateway.settings.console import ConsoleSettings
from gateway.settings.forms import PREFIX, Room, variable, variables
from gateway.settings.metrics import MetricsSettings
from gateway.settings.place import Place
from gateway.settings.policies import PolicySettings
from gateway.settings.record import AccessLogSettings, ReportSettings
from gateway.settings.sources import SourceSettings
from gateway.settings.trust import Trust


class SettingsError(Exception):
    """Settings that cannot be used: names each one, what is wrong with it and the fix, never a secret."""

    code = "SETTINGS"


class Settings(
    Place,
    SourceSettings,
    Trust,
    PolicySettings,
    Asking,
    ConsoleSettings,
    AccessLogSettings,
    ReportSettings,
    MetricsSettings,
):
    """One gateway's settings. Lists are separated by commas, named files are written name=path."""

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        """What one room needs of another."""
        if self.mode == "production":
            self._need_keys()
            self._need_closed_lines()
        return self

    def _need_keys(self) -> None:
        missing = [name for name in ("token_key_file", "index_key_file") if not getattr(self, name)]
        if not self.issuers and not self.issuer_files:
            missing.insert(0, "issuer_files")
        if (self.peers or self.audit_url) and self.signing_key_file is None:
            missing.append("signing_key_file")
        if missing:
            raise ValueError(
                f"production needs {variables(*missing)}; set them, or set {PREFIX}MODE=demo for imitation people"
            )

    def _need_closed_lines(self) -> None:
        open_lines = [
            name for name in ("console_issuer", "console_url") if (getattr(self, name) or "").startswith("http://")
        ]
        if open_lines:
            raise ValueError(
                f"production signs auditors in by https alone; begin {variables(*open_lines)} with https://"
            )

    @property
    def editor(self) -> bool:
        """Whether the query editor is shown."""
        return self.demo if self.graphiql is None else self.graphiql

    @property
    def console(self) -> bool:
        """Whether there is a console: where auditors can sign in to it."""
        return self.demo or self.console_issuer is not None


ROOMS: Final[tuple[type[Room], ...]] = tuple(base for base in Settings.__bases__ if issubclass(base, Room))
"""In the order in which they are printed."""


def load(**given: object) -> Settings:
    """This process's settings, what is `given` before the environment; raises SettingsError with every problem."""
    _refuse_typos(os.environ)
    try:
        return Settings.model_validate(given)
    except ValidationError as err:
        raise SettingsError("\n".join(_problems(err))) from None  # the cause holds the rejected values


def _refuse_typos(environment: Mapping[str, str]) -> None:
    known = [variable(name) for name in Settings.model_fields]
    problems = []
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            meant = get_close_matches(name, known, n=1, cutoff=0.85)
            if meant:
                problems.append(f"{name}: is no setting. Did you mean {meant[0]}?")
    if problems:
        raise SettingsError("\n".join(problems))


def _problems(err: ValidationError) -> Iterator[str]:
    """One line per problem; pydantic's texts are taken where they do not repeat the value."""
    for problem in err.errors(include_url=False, include_input=False):
        place = [str(part) for part in problem["loc"]]
        name = variable(place[0]) if place else "settings"
        if problem["type"] == "missing":
            yield f"{name}: is not set. {_meaning(place[0])}"
            continue
        text = problem["msg"].removeprefix("Value error, ")
        yield f"{name}: {text}. {_meaning(place[0]) if place else ''}".rstrip()


def _meaning(name: str) -> str:
    field = Settings.model_fields.get(name)
    return f"Set it: {field.description}" if field is not None and field.description else ""
