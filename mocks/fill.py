"""Writes one agency's tables: made anew, all rows in one transaction, on SQLite, PostgreSQL or MariaDB alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Column, Date, Integer, MetaData, String, Table, insert
from sqlalchemy.ext.asyncio import create_async_engine

Row = dict[str, object]


def table(metadata: MetaData, name: str, key: str, columns: str, width: int = 120, prefixed: bool = False) -> Table:
    """A table of text columns named in one string; `prefixed`: D_ and N_ columns are dates and numbers."""
    return Table(
        name,
        metadata,
        *(
            Column(
                column,
                _type(column if prefixed else "", width),
                primary_key=column == key,
                nullable=column != key,
                autoincrement=False,
            )
            for column in (key, *columns.split())
        ),
        mysql_charset="utf8mb4",
    )


def _type(column: str, width: int) -> Date | Integer | String:
    kinds: dict[str, Date | Integer] = {"D_": Date(), "N_": Integer()}
    return kinds.get(column[:2], String(width))


async def fill(url: str, metadata: MetaData, rows: Mapping[Table, Sequence[Row]]) -> None:
    """Make the tables anew and write every row; a column that a row leaves out is NULL."""
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.drop_all)
            await connection.run_sync(metadata.create_all)
            for target, lines in rows.items():
                if lines:
                    empty = dict.fromkeys(column.name for column in target.columns)
                    await connection.execute(insert(target), [{**empty, **line} for line in lines])
    finally:
        await engine.dispose()
