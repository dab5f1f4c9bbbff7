"""The police request service's wire: one address, an envelope that says who asks and why, a Condition like SQL.

Real services paste the Condition into a statement. This one parses a tiny grammar, evaluates it with bound
values, and answers anything else with a code, so that a caller who concatenates is found out:

    condition := FIELD = 'value' | FIELD IN ('value', 'value', ...)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Table, false, or_, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mocks.store import Row, Statement, Store

DONE = "000000"
BAD_ENVELOPE = "010001"
NOT_AUTHORISED = "020001"
NO_CALL_REASON = "030001"
BAD_CONDITION = "040001"
BAD_ITEMS = "040002"
UNKNOWN_METHOD = "050001"

_QUOTED = r"'[^'\\;]*'"
_CONDITION = re.compile(
    rf"\s*(?P<field>[A-Za-z_]+)\s*(?:=\s*(?P<one>{_QUOTED})|IN\s*\(\s*(?P<many>{_QUOTED}(?:\s*,\s*{_QUOTED})*)\s*\))\s*"
)
_VALUE = re.compile(
    r"[0-9A-Za-z\-\uff10-\uff19\uff38]{1,40}|[\u00b7\u2022\u2027\u30fb\u3400-\u9fff\U00020000-\U0003ffff]{1,40}"
)
_MOST = 200


class Refusal(Exception):
    """The service does not answer; `code` is what the envelope says then."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Condition:
    """FIELD IN values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """One ServiceId: the table behind it, the fields that a Condition may name, and its codes' texts.

    `filters` are the fields that the Search method takes, and whether by equality or by what they start with.
    """

    table: Table
    conditions: frozenset[str]
    texts: Mapping[str, Mapping[str, str]]
    filters: Mapping[str, Literal["equals", "starts"]] = field(default_factory=dict)


def parse(text: str) -> Condition:
    """The only grammar that is understood; raises Refusal for the rest."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise Refusal(BAD_CONDITION, "Condition语法错误")
    quoted = found["one"] or found["many"]
    values = tuple(part[1:-1] for part in re.findall(_QUOTED, quoted))
    if len(values) > _MOST or not all(_VALUE.fullmatch(value) for value in values):
        raise Refusal(BAD_CONDITION, "Condition取值非法")
    return Condition(found["field"], values)


async def answer(request: Request, store: Store, registers: Mapping[str, Register]) -> Response:
    """Serve one envelope. Business refusals are codes in a 200, as the real service has them."""
    try:
        sought = _envelope(await request.body())
        register = registers.get(str(sought.get("ServiceId")))
        if register is None:
            raise Refusal(UNKNOWN_METHOD, "服务不存在")  # noqa: TRY301 - every refusal becomes an envelope below
        rows, total = await _serve(sought, store, register)
    except Refusal as refusal:
        return _payload(refusal.code, str(refusal), [], 0)
    return _payload(DONE, "成功", rows, total)


def _envelope(body: bytes) -> Mapping[str, object]:
    try:
        sought = json.loads(body)
    except ValueError as err:
        raise Refusal(BAD_ENVELOPE, "报文格式错误") from err
    if not isinstance(sought, dict) or not sought.get("SenderId"):
        raise Refusal(BAD_ENVELOPE, "缺少SenderId")
    if not sought.get("AuthorizeInfo"):
        raise Refusal(NOT_AUTHORISED, "请求方未授权")
    user = sought.get("EndUser")
    if not isinstance(user, dict) or not all(user.get(name) for name in ("UserCardId", "UserName", "UserDept")):
        raise Refusal(NOT_AUTHORISED, "缺少最终用户信息")
    if not str(user.get("CallReason") or "").strip():
        raise Refusal(NO_CALL_REASON, "缺少查询事由CallReason")
    return sought


async def _serve(sought: Mapping[str, object], store: Store, register: Register) -> tuple[list[Row], int]:
    params = sought.get("Params")
    if not isinstance(params, dict):
        raise Refusal(BAD_ENVELOPE, "缺少Params")
    items = _items(str(params.get("RequiredItems") or ""), register.table)
    if sought.get("Method") == "Query":
        condition = parse(str(params.get("Condition") or ""))
        if condition.field not in register.conditions:
            raise Refusal(BAD_CONDITION, "Condition字段不可查询")
        statement = select(*items).where(register.table.c[condition.field].in_(condition.values))
        rows = await store.rows(statement)
        total = len(rows)
    elif sought.get("Method") in ("QueryList", "Search"):
        narrowed = _filters(params.get("Filters"), register) if sought["Method"] == "Search" else []
        rows, total = await _list(store, register, select(*items).where(*narrowed), params)
    else:
        raise Refusal(UNKNOWN_METHOD, "方法不存在")
    texts = register.texts if str(params.get("InfoCodeMode", "0")) == "1" else {}
    return [_shown(row, texts) for row in rows], total


async def _list(
    store: Store, register: Register, statement: Statement, params: Mapping[str, object]
) -> tuple[list[Row], int]:
    """Everything that changed, oldest key first, a page at a time."""
    try:
        page, size = int(str(params.get("PageNo", 1))), int(str(params.get("PageSize", 100)))
    except ValueError as err:
        raise Refusal(BAD_ENVELOPE, "分页参数错误") from err
    ordered = statement.order_by(*register.table.primary_key.columns)
    return await store.page(ordered, (max(1, page) - 1) * size, min(size, 500))


def _filters(wanted: object, register: Register) -> list[ColumnElement[bool]]:
    """All of them must hold; a list of values is any of them."""
    if not isinstance(wanted, dict) or not wanted:
        raise Refusal(BAD_CONDITION, "缺少Filters")
    conditions = []
    for name, value in wanted.items():
        values = [str(one) for one in (value if isinstance(value, list) else [value])]
        how = register.filters.get(str(name))
        if how is None or len(values) > _MOST:
            raise Refusal(BAD_CONDITION, "Filters字段不可查询")
        column = register.table.c[str(name)]
        starts = [column.startswith(one, autoescape=True) for one in values]
        conditions.append(or_(false(), *starts) if how == "starts" else column.in_(values))
    return conditions


def _items(text: str, table: Table) -> list[Column[Any]]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or not all(name in table.c for name in names):
        raise Refusal(BAD_ITEMS, "RequiredItems含未授权数据项")
    return [table.c[name] for name in names]


def _shown(row: Row, texts: Mapping[str, Mapping[str, str]]) -> Row:
    return {name: texts[name].get(value or "", value) if name in texts else value for name, value in row.items()}


def _payload(code: str, message: str, rows: list[Row], total: int) -> Response:
    return JSONResponse({"PayLoad": {"Code": code, "Message": message, "Data": {"Total": total, "Result": rows}}})
