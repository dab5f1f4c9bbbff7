"""The imitation viewers of demo mode: a YAML list of who they are, for whom they work and why they ask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway.claims import Clearance
from gateway.settings import Settings, SettingsError
from gateway.tokens import DevIssuer, Profile
from schema.enums import AgencyKind, Purpose, Role


def development_issuer(settings: Settings) -> DevIssuer:
    """Who issues imitation viewers' tokens; raises RuntimeError outside demo mode."""
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return DevIssuer(settings.state, mode=settings.mode, audience=settings.name)


class ImitationAgency(BaseModel):
    """For whom the viewer works."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    name: str
    kind: str
    jurisdiction: str


class ImitationViewer(BaseModel):
    """One entry of the list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
    title: str
    subject: str
    agency: ImitationAgency
    roles: Annotated[frozenset[str], Field(min_length=1)]
    purpose: str
    case_number: str | None = None
    person: str | None = None
    clearance: Clearance = 0

    def token(self, issuer: DevIssuer, purpose: str | None = None) -> str:
        """An access token, for the usual purpose or another one."""
        return issuer.issue(
            Profile(
                subject=self.subject,
                agency=self.agency.code,
                agency_name=self.agency.name,
                agency_kind=self.agency.kind,
                jurisdiction=self.agency.jurisdiction,
                roles=self.roles,
                person=self.person,
                clearance=self.clearance,
            ),
            purpose or self.purpose,
            case_number=self.case_number,
        )


_LIST = TypeAdapter(tuple[ImitationViewer, ...])


def read_viewers(path: Path) -> tuple[ImitationViewer, ...]:
    """The list in a file; raises SettingsError that names the file, the place in it and the fix."""
    try:
        viewers = _LIST.validate_python(tuple(yaml.safe_load(path.read_text(encoding="utf-8")) or ()))
    except (OSError, yaml.YAMLError, TypeError) as err:
        raise SettingsError(f"YITI_DEMO_VIEWERS: {path}: cannot be read as a YAML list. Correct its syntax.") from err
    except ValidationError as err:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in err.errors())
        raise SettingsError(f"YITI_DEMO_VIEWERS: {path}: {problems}. Correct these places.") from None
    for viewer in viewers:
        _check(viewer, path)
    names = [viewer.profile for viewer in viewers]
    if len(set(names)) != len(names):
        raise SettingsError(f"YITI_DEMO_VIEWERS: {path}: a profile stands twice. Give each its own name.")
    return viewers


def _check(viewer: ImitationViewer, path: Path) -> None:
    words = [
        ("agency.kind", viewer.agency.kind, AgencyKind.__members__),
        ("purpose", viewer.purpose, Purpose.__members__),
        *(("roles", role, Role.__members__) for role in sorted(viewer.roles)),
    ]
    for where, word, known in words:
        if word not in known:
            raise SettingsError(
                f"YITI_DEMO_VIEWERS: {path}: {viewer.profile}.{where}: unknown word. Use one of {', '.join(known)}."
            )
