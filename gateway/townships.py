"""Names of townships, which no published table holds: YAML files of nine-digit code and name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from gateway.settings import SettingsError
from schema.codes import REGIONS, Regions

_NAMES = TypeAdapter(Mapping[str, str])


def read_townships(paths: Iterable[Path]) -> Regions:
    """The published regions and these townships; raises SettingsError that names the file and the fix."""
    names: dict[str, str] = {}
    for path in paths:
        try:
            names |= _NAMES.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as err:
            raise SettingsError(
                f'YITI_TOWNSHIPS: {path}: must be YAML in UTF-8, one line each: "320104901": name. Write it so.'
            ) from err
    if not names:
        return REGIONS
    try:
        return Regions(names)
    except ValueError as err:
        raise SettingsError(f"YITI_TOWNSHIPS: {err}.") from err
