"""On what the figures were measured."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.load import WRK
from bench.loop import CONTENDERS_ON_UVLOOP
from bench.processes import CORES


@dataclass(frozen=True, slots=True)
class Machine:
    """Cores, processor, versions, and how busy it was when the run began."""

    cores: int
    processor: str
    memory_gb: int
    python: str
    loop: str
    load_tool: str
    load_average: tuple[float, float, float]
    began: str

    @classmethod
    def seen(cls) -> Machine:
        """This one, now."""
        return cls(
            cores=len(CORES),
            processor=_processor(),
            memory_gb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**3,
            python=f"{platform.python_version()} (built {platform.python_build()[1]}, {platform.python_compiler()})",
            loop=f"uvloop {version('uvloop')}" if CONTENDERS_ON_UVLOOP else "asyncio",
            load_tool="wrk" if WRK else "bench.load",
            load_average=os.getloadavg(),
            began=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )

    def lines(self) -> list[str]:
        """As a list in Markdown."""
        load = ", ".join(f"{one:.2f}" for one in self.load_average) + " before"
        return [
            f"- {self.began}; {self.cores} cores of {self.processor}, {self.memory_gb} GB; load average {load}",
            f"- Python {self.python} on {self.loop} for the Python contenders; load by {self.load_tool}",
        ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
