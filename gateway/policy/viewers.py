"""Reads whom an explanation is about: a viewer in a file, or an imitation viewer by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from gateway.authorization.decision import Evidence, Facts
from gateway.authorization.facts import derive_facts
from gateway.claims import ViewerClaims, viewer_of
from gateway.demo_viewers import ImitationViewer, read_viewers
from gateway.policy.errors import PolicyToolError
from gateway.settings import SettingsError, load
from gateway.viewer import Viewer


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
    empty: dict[str, object] = {}
    for field in fields(Evidence):
        kind = str(field.type)
        empty[field.name] = frozenset() if "frozenset" in kind else False if kind == "bool" else None
    return derive_facts(viewer, Evidence(**{**empty, "person": ""}))  # type: ignore[arg-type]  # as the types above say


def _imitation(name: str) -> Viewer:
    try:
        settings = load()
        listed: tuple[ImitationViewer, ...] = read_viewers(settings.demo_viewers) if settings.demo_viewers else ()
    except SettingsError:
        listed = ()
    for viewer in listed:
        if viewer.profile == name:
            return viewer_from(viewer.model_dump(mode="python") | {"roles": sorted(viewer.roles)}, name)
    raise ViewerUnread(
        f"{name}: no file, and no imitation viewer of this name. Name a file with agency, roles and purpose, or set "
        "YITI_MODE=demo and YITI_DEMO_VIEWERS."
    )
