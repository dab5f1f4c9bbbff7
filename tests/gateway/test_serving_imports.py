"""What a worker imports: memory that every one of them pays for."""

from __future__ import annotations

import subprocess
import sys

_LOADED = "import sys, gateway.serving; print(*sorted({name.split('.')[0] for name in sys.modules}), sep='\\n')"


def test_only_a_gateway_that_opens_a_console_or_keeps_answers_imports_what_that_takes() -> None:
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    assert "strawberry" in loaded
    assert loaded.isdisjoint({"jinja2", "babel", "authlib", "aiocache"})
