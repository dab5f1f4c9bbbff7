"""Every imitation system of both provinces: what it is called, where it runs and which module writes it.

A system's module offers, over a SQLAlchemy URL with an async driver:

    async def build(world: World, url: str) -> None     creates its tables and writes its own partial, dirty view
    def app(url: str) -> ASGIApp                        HTTP systems only: the service over that database
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class System:
    """One agency's system. `variable` is the environment name that its manifest uses in `source`."""

    id: str
    province: str  # "jiangsu" or "zhejiang"
    name: str
    kind: Literal["sql", "http"]
    variable: str
    module: str

    @property
    def secret_variable(self) -> str | None:
        """The environment name of the secret that an HTTP system expects in a header."""
        return self.variable.removesuffix("_URL") + "_SECRET" if self.kind == "http" else None


def _system(province: str, part: str, name: str, kind: Literal["sql", "http"], module: str | None = None) -> System:
    variable = f"{province}_{part}_{'database' if kind == 'sql' else 'url'}".upper().replace("-", "_")
    module = module or part.replace("-", "_")
    return System(f"{province}-{part}", province, name, kind, variable, f"mocks.{province}.{module}")


SYSTEMS: Mapping[str, System] = {
    system.id: system
    for system in (
        _system("jiangsu", "police", "江苏公安吸毒人员库与执法办案系统", "sql"),
        _system("jiangsu", "facility", "江苏司法行政强制隔离戒毒业务系统", "sql"),
        _system("jiangsu", "community", "江苏社区戒毒社区康复系统", "sql"),
        _system("jiangsu", "request-service", "江苏公安请求服务", "http"),
        _system("jiangsu", "centre", "江苏戒毒康复所业务系统", "http"),
        _system("jiangsu", "community-events", "江苏社区戒毒社区康复事件推送", "http", "events"),
        _system("jiangsu", "aftercare", "江苏后续照管平台", "http"),
        _system("jiangsu", "civil-affairs", "江苏民政社会救助接口", "http"),
        _system("jiangsu", "employment", "江苏人社就业接口", "http"),
        _system("jiangsu", "hospital", "江苏戒毒医疗FHIR接口", "http"),
        _system("zhejiang", "police", "浙江公安重点人员平台", "http"),
        _system("zhejiang", "community", "浙江社区戒毒社区康复系统", "sql"),
        _system("zhejiang", "aftercare", "浙江后续照管平台", "http"),
    )
}


def of(provinces: tuple[str, ...]) -> tuple[System, ...]:
    """The systems of these provinces, in a stable order."""
    return tuple(system for system in SYSTEMS.values() if system.province in provinces)
