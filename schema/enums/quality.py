"""What is to be thought of a value."""

from __future__ import annotations

from enum import Enum


class Quality(Enum):
    """What an adapter noticed about a value: it is kept, flagged and shown, never silently repaired."""

    MALFORMED = "格式错误"
    UNMAPPED_CODE = "代码未收录"
    CHECKSUM_FAILED = "校验位不符"
    UPGRADED_FROM_15 = "由15位升位"
    NORMALISED = "已规范化"
    TRUNCATED = "疑似截断"
    FUTURE_DATE = "未来日期"
    RETIRED_CODE = "已撤销代码"
    OPEN_ENDED = "无终止日期占位"
    MISSING = "来源未提供"
