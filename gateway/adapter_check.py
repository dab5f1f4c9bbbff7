"""`yiti adapter check`: a manifest read, its adapter opened and held to its claims, its source asked for health."""

from __future__ import annotations

from pathlib import Path

from adapters.drivers import open_adapter
from adapters.manifest import load
from gateway.sources.registry import close_sources, open_sources


async def check(path: Path) -> int:
    """Print what was found; 0 when the source can be used, 1 when it does not answer, ManifestError when bad."""
    manifest = load(path)
    opened = await open_sources([manifest], open_adapter)
    try:
        adapter = opened[manifest.id].adapter
        print(f"{manifest.id} {manifest.version}: {manifest.name} ({manifest.owner}, {manifest.jurisdiction})")
        for entity, capability in sorted(adapter.capabilities.items()):
            filters = ", ".join(sorted(capability.filters)) or "none"
            size = f"{len(capability.fields)} fields, batches of {capability.max_batch}"
            print(f"  {entity}: {size}, filters: {filters}")
        health = await adapter.health()
        print(f"  health: {'answers' if health.ok else 'does not answer'} ({health.detail})")
        return 0 if health.ok else 1
    finally:
        await close_sources(opened)
