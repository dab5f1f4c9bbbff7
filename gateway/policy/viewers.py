"""Reads whom an explanation is about: a viewer in a file, or an imitation viewer by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec.structs import fields
from pydantic import ValidationError

from gateway.authorization.decision import Evidence, Facts
from gateway.authorization.facts import derive_facts
from gateway.claims import ViewerClaims, viewer_of
from gateway.demo_viewers import ImitationViewer, development_issuer, read_viewers
from gateway.policy.errors import PolicyToolError
from gateway.settings import SettingsError, load
from gateway.viewer import Viewer


def _nothing(kind: object) -> object:
    return False if kind is bool else None if "None" in str(kind) else ()


NOTHING_KNOWN: Final[Mapping[str, object]] = {field.name: _nothing(field.type) for field in fields(Evidence)}
"""Each piece of evidence as it is where nothing is known."""


class ViewerUnread(PolicyToolError):
    """A viewer that cannot be understood: says where and the fix, never what stood there."""


def read_viewer(name: str) -> Viewer:
    """The viewer in a file, in the form of a token's claims or of a list of imitation viewers; or one by name."""
    path = Path(name)
    if not path.is_file():
        return _imitation(name)
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))  # which reads JSON as well
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise ViewerUnread(f"{path.name}: cannot be read as YAML or JSON. Correct its syntax.") from err
    return viewer_from(written if isinstance(written, Mapping) else {}, path.name)


def viewer_from(claims: Mapping[str, Any], where: str) -> Viewer:
    """The viewer whom claims describe, as a token would bear them; raises ViewerUnread."""
    given = {name: value for name, value in claims.items() if name not in {"profile", "title"}}
    given.setdefault("sub", given.pop("subject", "viewer"))
    try:
        found = ViewerClaims.model_validate(given)
    except ValidationError as err:
        wrong = sorted({".".join(map(str, one["loc"])) or "roles" for one in err.errors()})
        raise ViewerUnread(
            f"{where}: missing or unknown: {', '.join(wrong)}. Give agency, roles and purpose as a token bears them."
        ) from err
    return viewer_of(found, issuer=where, key_id="", expires_at=0.0)


def facts_of_nobody(viewer: Viewer) -> Facts:
    """The facts of a viewer who has nothing to do with the person, and of a person of whom nothing is known."""
    return derive_facts(viewer, Evidence(**{**NOTHING_KNOWN, "person": ""}))  # type: ignore[arg-type]  # by their types


def imitation_token(name: str) -> str:
    """An access token of an imitation viewer; raises ViewerUnread, and SettingsError outside demo mode."""
    viewer = _listed(name)
    settings = load()
    if not settings.demo:
        raise ViewerUnread(
            f"{name}: imitation viewers exist in demo mode only. Name a token's file with --token-file."
        )
    return viewer.token(development_issuer(settings))


def _imitation(name: str) -> Viewer:
    viewer = _listed(name)
    return viewer_from(viewer.model_dump(mode="python") | {"roles": sorted(viewer.roles)}, name)


def _listed(name: str) -> ImitationViewer:
    try:
        settings = load()
        listed: tuple[ImitationViewer, ...] = read_viewers(settings.demo_viewers) if settings.demo_viewers else ()
    except SettingsError:
        listed = ()
    for viewer in listed:
        if viewer.profile == name:
            return viewer
    raise ViewerUnread(
        f"{name}: no file, and no imitation viewer of this name. Name a file with agency, roles and purpose, or set "
        "YITI_MODE=demo and YITI_DEMO_VIEWERS."
    )
