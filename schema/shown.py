"""What every type that shows one row has: the row, its masked values, and where it came from."""

from __future__ import annotations

import strawberry

from schema.declare import grouped
from schema.file import Row, Values
from schema.label import Label
from schema.node import row_id
from schema.source import SourceRecord, record


@strawberry.type
class Shown:
    """One row; not a type of the graph itself."""

    row: strawberry.Private[Row]
    values: strawberry.Private[Values]

    record: SourceRecord | None = grouped(Label.EXISTENCE, "来源记录", lambda root: record(root.row))


@strawberry.type
class Identified(Shown):
    """One row with an id of its own."""

    id: strawberry.ID = row_id()
