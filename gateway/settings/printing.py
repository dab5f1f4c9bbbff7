"""Settings in print: what they are now, and the page that says what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import SecretStr

from gateway.settings.forms import Room, variable
from gateway.settings.loading import ROOMS, Settings
from gateway.tokens import Peer


def table(settings: Settings) -> str:
    """Every setting with its present value; a secret is only said to be set."""
    rows = [(variable(name), _shown(getattr(settings, name))) for room in ROOMS for name in room.model_fields]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def reference() -> str:
    """docs/settings.md: every setting with its default and meaning, room by room."""
    lines = [
        "# Settings",
        "",
        "Environment variables, read once at the start. Lists are separated by commas; named files are written",
        "`name=path`. A setting that cannot be used stops the start and says which, why and the fix.",
        "`yiti settings` prints the present values; `yiti settings --reference` prints this page.",
    ]
    for room in ROOMS:
        lines += ["", f"## {room.heading}", "", "| variable | default | meaning |", "|---|---|---|", *_rows(room)]
    return "\n".join(lines) + "\n"


def _rows(room: type[Room]) -> Iterator[str]:
    for name, field in room.model_fields.items():
        shown = _shown(field.default)
        default = "required" if field.is_required() else f"`{shown}`" if shown else ""
        yield f"| `{variable(name)}` | {default} | {field.description} |"


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "(set)"
    if isinstance(value, Mapping):
        return ",".join(f"{name}{_file(target)}" for name, target in value.items())
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _file(target: object) -> str:
    return f"@{target.province}={target.keys}" if isinstance(target, Peer) else f"={target}"
