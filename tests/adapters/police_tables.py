"""A small police database in Oracle's manner, dirty on purpose, and the manifest that reads it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.manifest import Manifest

METADATA = sa.MetaData()
PEOPLE = sa.Table(
    "T_RY",
    METADATA,
    sa.Column("C_BH", sa.String(23)),
    sa.Column("C_XM", sa.String(60)),
    sa.Column("C_SFZHM", sa.String(20)),
    sa.Column("C_XB", sa.String(4)),
    sa.Column("D_CS", sa.Date),
    sa.Column("C_HJSZD", sa.String(12)),
    sa.Column("C_XSDPZL", sa.String(100)),
    sa.Column("D_DJ", sa.CHAR(14)),
    sa.Column("N_YXX", sa.Integer),
    sa.Column("C_SC", sa.CHAR(1)),
    sa.Column("D_GXSJ", sa.DateTime),
)
CONTACTS = sa.Table(
    "T_LXFS",
    METADATA,
    sa.Column("RYBH", sa.CHAR(23)),
    sa.Column("DH", sa.String(40)),
    sa.Column("XZZ", sa.String(80)),
)
ORDERS = sa.Table(
    "T_JDS",
    METADATA,
    sa.Column("n_xh", sa.Numeric(23, 0)),
    sa.Column("renyuanbianhao", sa.String(23)),
    sa.Column("wenhao", sa.String(40)),
    sa.Column("qixian", sa.String(10)),
    sa.Column("qishi", sa.String(14)),
    sa.Column("zhongzhi", sa.String(14)),
    sa.Column("qianfa", sa.DateTime),
)
RECOVERY = sa.Table(
    "Bane_RecoveryInfo",
    METADATA,
    sa.Column("ri_id", sa.Integer, primary_key=True),
    sa.Column("user_identify", sa.String(20)),
    sa.Column("start_date", sa.Date),
    sa.Column("order", sa.String(40)),
)
ID_A, ID_B, ID_C = "329901198001011012", "329901750101123", "32990119900202102x"
NOW = datetime(2024, 3, 5, 10, 0)


def person(key: str | None, name: str, number: str | None, **more: Any) -> dict[str, Any]:
    return {
        "C_BH": key,
        "C_XM": name,
        "C_SFZHM": number,
        "C_XB": "1",
        "D_CS": date(1980, 1, 1),
        "C_HJSZD": "320106",
        "C_XSDPZL": "海洛因;冰毒",
        "D_DJ": "20200102030405",
        "N_YXX": 1,
        "C_SC": "0",
        "D_GXSJ": NOW,
        **more,
    }


ROWS: dict[sa.Table, list[dict[str, Any]]] = {
    PEOPLE: [
        person("A1", "张三", ID_A),
        person("A2", "阿依古丽•买买提", ID_B, C_XB="9", C_HJSZD="320107", D_DJ="99991231"),
        person("A3", "李四", ID_C, D_CS=date(2093, 1, 1), C_XSDPZL="无", D_DJ="20240231"),
        person("A4", "已删除", ID_A, C_SC="1"),
        person("A5", "无效", ID_A, N_YXX=0),
        person("A6", "不详", None, D_CS=None, C_SC=None),
        person(None, "无编号", ID_A),
        person("A1", "张三旧", ID_A, D_GXSJ=datetime(2019, 1, 1)),
        person("O'Brien; --", "引号", None),
    ],
    CONTACTS: [
        {"RYBH": "A1", "DH": "13900000001/13900000002", "XZZ": "某路1号"},
        {"RYBH": "A3", "DH": "不详", "XZZ": "100%_真!路"},
        {"RYBH": "B9", "DH": "13900000003", "XZZ": "只在此表"},
    ],
    ORDERS: [
        {
            "n_xh": Decimal(2),
            "renyuanbianhao": "A1",
            "wenhao": "苏公强戒字1号",
            "qixian": "二年",
            "qishi": "20240101000000",
        }
        | {"zhongzhi": "99991231", "qianfa": datetime(2023, 12, 31, 23, 59)},
        {
            "n_xh": Decimal(10),
            "renyuanbianhao": "A1",
            "wenhao": "苏公社康字2号",
            "qixian": "36",
            "qishi": "20260101093000",
        }
        | {"zhongzhi": None, "qianfa": datetime(2025, 12, 31, 0, 0)},
        {
            "n_xh": Decimal(11),
            "renyuanbianhao": "A2",
            "wenhao": None,
            "qixian": "若干",
            "qishi": "x",
            "zhongzhi": None,
        }
        | {"qianfa": None},
        {"n_xh": None, "renyuanbianhao": "A2", "wenhao": "无主键", "qixian": None, "qishi": None, "zhongzhi": None}
        | {"qianfa": None},
    ],
    RECOVERY: [
        {"ri_id": 1, "user_identify": ID_A, "start_date": date(2026, 1, 10), "order": "苏公社康字2号"},
        {"ri_id": 2, "user_identify": "329901199902029999", "start_date": None, "order": None},
    ],
}

ENTITIES: dict[str, Any] = {
    "PersonRecord": [
        {
            "dataset": "T_RY",
            "key": "C_BH",
            "as_of": {"path": "D_GXSJ"},
            "deleted": {"path": "C_SC", "values": ["1"]},
            "where": {"N_YXX": "1"},
            "max_batch": 2,
            "max_page": 2,
            "fields": {
                "name": {"path": "C_XM", "max_bytes": 60, "filter": ["eq", "prefix"]},
                "idNumber": {"path": "C_SFZHM", "filter": ["eq", "in"]},
                "sex": {"path": "C_XB", "values": {"1": "MALE", "2": "FEMALE"}, "filter": ["eq"]},
                "birthDate": {"path": "D_CS", "filter": ["eq", "lt", "gt"]},
                "domicileCode": {"path": "C_HJSZD", "filter": ["under"]},
                "substances": {"path": "C_XSDPZL"},
                "registeredOn": {"path": "D_DJ", "formats": ["%Y%m%d%H%M%S"], "filter": ["eq"]},
            },
        },
        {
            "dataset": "T_LXFS",
            "key": "RYBH",
            "fields": {"phones": {"path": "DH"}, "residenceAddress": {"path": "XZZ", "filter": ["prefix"]}},
        },
    ],
    "Decision": {
        "dataset": "T_JDS",
        "key": "n_xh",
        "person": "renyuanbianhao",
        "max_page": 1,
        "fields": {
            "kind": {"constant": "COMPULSORY_ISOLATION_ORDER"},
            "number": {"path": "wenhao", "filter": ["eq", "prefix"]},
            "termMonths": {"path": "qixian"},
            "startsOn": {"path": "qishi", "formats": ["%Y%m%d%H%M%S"], "filter": ["gt", "lt", "eq"]},
            "endsOn": {"path": "zhongzhi"},
            "decidedOn": {"path": "qianfa", "filter": ["eq"]},
        },
    },
    "Measure": {
        "dataset": "Bane_RecoveryInfo",
        "key": "ri_id",
        "join": {"column": "user_identify", "table": "T_RY", "on": "C_SFZHM", "key": "C_BH"},
        "fields": {
            "kind": {"constant": "COMMUNITY_RECOVERY"},
            "reportedOn": {"path": "start_date"},
            "decisionNumber": {"path": "order"},
        },
    },
}


def manifest(url: str, entities: dict[str, Any] = ENTITIES, **source: Any) -> Manifest:
    agency = {"code": "320000000000", "name": "禁毒总队", "kind": "POLICE", "jurisdiction": "320000"}
    return Manifest.model_validate(
        {
            "contract": "1.0",
            "id": "js-police-test",
            "version": "1.0.0",
            "name": "吸毒人员库",
            "owner": "测试",
            "jurisdiction": "320000",
            "agency": agency,
            "source": {"kind": "sql", "url": url, "timeout": "PT20S", **source},
            "entities": entities,
        }
    )


async def fill(url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        for table, rows in ROWS.items():
            await connection.execute(table.insert(), rows)
    await engine.dispose()


async def execute(url: str, *statements: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
    await engine.dispose()
