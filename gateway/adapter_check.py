"""`yiti adapter check`: a manifest read, its adapter opened and put through the conformance kit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapters.contract import Adapter, AdapterError
from adapters.drivers import open_adapter
from adapters.kit.conformance import CHECKS, Settings, Verdict, check
from adapters.loading import load
from gateway.sources.registry import close_sources, open_sources


async def check_manifest(path: Path, known_keys: Sequence[str] = ()) -> int:
    """Print each check's outcome; 0 when none failed, 1 otherwise. Raises ManifestError for a bad manifest."""
    manifest = load(path)
    opened = await open_sources([manifest], open_adapter)
    try:
        adapter = opened[manifest.id].adapter
        print(f"{manifest.id} {manifest.version}: {manifest.name} ({manifest.owner}, {manifest.jurisdiction})")
        _declared(adapter)
        failed = await _checked(adapter, Settings(known_keys=tuple(known_keys)))
    finally:
        await close_sources(opened)
    print(f"{failed} of {len(CHECKS)} checks failed." if failed else f"None of {len(CHECKS)} checks failed.")
    return 1 if failed else 0


def _declared(adapter: Adapter) -> None:
    for entity, capability in sorted(adapter.capabilities.items()):
        filters = ", ".join(sorted(capability.filters)) or "none"
        size = f"{len(capability.fields)} fields, batches of {capability.max_batch}"
        print(f"  {entity}: {size}, filters: {filters}")


async def _checked(adapter: Adapter, settings: Settings) -> int:
    failed = 0
    for name in CHECKS:
        try:
            finding = await check(name, adapter, settings)
        except AdapterError as err:  # the source itself failed; its message holds no personal value
            verdict, detail = Verdict.FAILED, f"the source failed: {err.code}: {err}"
        else:
            verdict, detail = finding.verdict, finding.detail
        failed += verdict is Verdict.FAILED
        print(f"  {verdict:<8} {name}{': ' if detail else ''}{detail}", flush=True)
    return failed
