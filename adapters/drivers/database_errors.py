"""What a database's refusal means in the contract's words; its text is never repeated, since it can hold a value."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapters.contract import AdapterError, Malformed, Refused, Unavailable

_REFUSED = frozenset({"28000", "28P01", "42501", "1044", "1045", "1142", "1143", "1227", "1698"})
_UNAVAILABLE = frozenset(
    {"3D000", "1040", "1049", "1158", "1159", "1160", "1161", "1203", "1205", "1213", "1226", "1969", "2002"}
    | {"2003", "2006", "2013", "2055", "3024"}
    | {"SQLITE_CANTOPEN", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_INTERRUPT", "SQLITE_IOERR", "SQLITE_NOTADB"}
)
_UNAVAILABLE_CLASSES = frozenset({"08", "40", "53", "55", "57", "58"})  # SQLSTATE: connection, resources, operator
_NO_SUCH = frozenset({"42P01", "42703", "1146", "1054", "SQLITE_ERROR"})


def translated(err: SQLAlchemyError | OSError, where: str) -> AdapterError:
    """The contract's error for one of the database's; `where` names source and dataset."""
    if isinstance(err, OSError):
        return Unavailable(f"{where}: the database cannot be reached ({type(err).__name__}).")
    if isinstance(err, PoolTimeout):
        return Unavailable(f"{where}: all connections are busy. Raise `pool` in the manifest if this recurs.")
    code = code_of(err)
    if code in _REFUSED:
        return Refused(f"{where}: the database refused this login (code {code}). Check its grants.")
    if code in _UNAVAILABLE or (len(code) == 5 and code[:2] in _UNAVAILABLE_CLASSES):
        return Unavailable(f"{where}: the database cannot answer now (code {code}).")
    if isinstance(err, DBAPIError) and err.connection_invalidated:
        return Unavailable(f"{where}: the database closed the connection.")
    if code in _NO_SUCH:
        return Malformed(f"{where}: the database no longer has what the manifest names (code {code}). Compare them.")
    return Malformed(f"{where}: the database rejected the statement (code {code or type(err).__name__}).")


def code_of(err: SQLAlchemyError) -> str:
    """SQLSTATE, MySQL error number or SQLite error name; empty where there is none."""
    origin = getattr(err, "orig", None)
    for holder in (origin, getattr(origin, "__cause__", None)):
        arguments = getattr(holder, "args", ())
        if arguments and isinstance(arguments[0], int):  # says more than the SQLSTATE that MariaDB gives with it
            return str(arguments[0])
        for name in ("sqlstate", "sqlite_errorname"):
            found = getattr(holder, name, None)
            if isinstance(found, str) and found:
                return found
    return ""
