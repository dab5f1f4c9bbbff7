"""Which sources there are: manifests read, their adapters opened and held to what the manifests say."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.contract import Adapter
from adapters.loading import load_directory
from adapters.manifest import Manifest, ManifestError

logger = logging.getLogger(__name__)

Opener = Callable[[Manifest], Adapter | Awaitable[Adapter]]

_REQUEST = re.compile(r"\{request\.([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A manifest and the adapter that was opened from it."""

    manifest: Manifest
    adapter: Adapter

    @property
    def is_peer(self) -> bool:
        """Whether this is another gateway, which decides by viewer."""
        return self.manifest.source.kind == "subgraph"

    def told(self) -> frozenset[str]:
        """What of the caller is sent upstream: names after `request.` in the manifest's placeholders."""
        return frozenset(_REQUEST.findall(self.manifest.model_dump_json()))


def read_manifests(directories: Iterable[Path], environment: Mapping[str, str] | None = None) -> tuple[Manifest, ...]:
    """The manifests of all directories; raises ManifestError where one is wrong or two share an id."""
    found: dict[str, tuple[Path, Manifest]] = {}
    for directory in dict.fromkeys(path.resolve() for path in directories):
        for manifest in load_directory(directory, environment):
            if manifest.id in found:
                raise ManifestError(
                    f"{directory}: id: {manifest.id} is the id of a manifest in {found[manifest.id][0]} too. "
                    "Give each source its own id."
                )
            found[manifest.id] = (directory, manifest)
    return tuple(manifest for _, manifest in found.values())


def check_adapter(manifest: Manifest, adapter: Adapter) -> None:
    """Whether an opened adapter claims no more than its manifest says; raises ManifestError."""
    where = f"source {manifest.id}"
    if adapter.id != manifest.id or adapter.contract != manifest.contract:
        raise ManifestError(
            f"{where}: its adapter calls itself {adapter.id!r}, contract {adapter.contract!r}. "
            "Let the driver take both from the manifest."
        )
    for entity, capability in adapter.capabilities.items():
        mapped = {name for dataset in manifest.datasets(entity) for name in dataset.fields}
        extra = sorted((capability.fields | set(capability.filters)) - mapped)
        if extra:
            raise ManifestError(
                f"{where}: capabilities.{entity}: {', '.join(extra)} not in the manifest. "
                "Declare only fields that the manifest maps."
            )
        if capability.max_batch < 1 or capability.max_page < 1:
            raise ManifestError(f"{where}: capabilities.{entity}: a batch or page below 1. Declare at least 1.")


async def open_sources(manifests: Iterable[Manifest], opener: Opener) -> Mapping[str, OpenSource]:
    """Open every adapter, by source id; if one cannot be opened, those opened before are closed again.

    `opener` is adapters.drivers.open_adapter, or a province's own for a system that no driver fits.
    """
    opened: dict[str, OpenSource] = {}
    try:
        for manifest in manifests:
            made = opener(manifest)
            adapter = await made if inspect.isawaitable(made) else made
            opened[manifest.id] = OpenSource(manifest, adapter)
            check_adapter(manifest, adapter)
    except BaseException:
        await close_sources(opened)
        raise
    return opened


async def close_sources(opened: Mapping[str, OpenSource]) -> None:
    """Close every adapter; one that fails to close does not keep the others open."""
    for source in opened.values():
        try:
            await source.adapter.aclose()
        except Exception as err:  # noqa: BLE001 - foreign code at shutdown
            logger.warning("source %s: closing failed with %s", source.manifest.id, type(err).__name__)
