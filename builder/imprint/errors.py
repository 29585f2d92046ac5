"""The error tree: what may go wrong, with the exit code each kind has on the command line.

    ImprintError
    ├── UsageError        2   the call, the recipe, the schema or the card is wrong: correct it and call again
    ├── RejectedError     1   the input has more faults than the recipe's limit allows
    ├── TransferError     3   input, output or network failed: the same call may succeed later
    ├── ConflictError     4   refused: it would break a promise (immutability, versions, lineage)
    └── InternalError    70   an invariant of imprint itself was broken: a defect, please report it

Law: an error carries the place (file, row, field, value) and the next step as data, not only as text; foreign
exceptions are translated at the border where they enter.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was seen; absent parts are None."""

    file: str | None = None
    """Path as the user knows it."""
    row: int | None = None
    """Line or row, counted from 1."""
    field: str | None = None
    """Key, column or dotted recipe key."""
    value: str | None = None
    """The offending value, shortened for a person."""

    def __str__(self) -> str:
        head = ":".join(str(part) for part in (self.file, self.row) if part is not None)
        tail = "" if self.field is None else f"{self.field} = {self.value}" if self.value else self.field
        return ", ".join(part for part in (head, tail) if part)

    def as_dict(self) -> dict[str, Any]:
        """The known parts under their names."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in known.items() if value is not None}


NOWHERE = Place()


class ImprintError(Exception):
    """Base of all errors that imprint raises on purpose."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, place: Place = NOWHERE, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint
        """The next step, as a sentence."""

    def __str__(self) -> str:
        place = str(self.place)
        return "".join([f"{place}: " if place else "", self.message, f"\n  {self.hint}" if self.hint else ""])

    def as_dict(self) -> dict[str, Any]:
        """The error as data, for --json."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            **self.place.as_dict(),
        }


class UsageError(ImprintError):
    """The call, the recipe, the schema or the card is wrong."""

    exit_code = 2


class RejectedError(ImprintError):
    """The input has more faults than the recipe's limit allows."""

    exit_code = 1


class TransferError(ImprintError):
    """Input, output or network failed; the same call may succeed later."""

    exit_code = 3


class ConflictError(ImprintError):
    """Refused, because it would break a promise."""

    exit_code = 4


class InternalError(ImprintError):
    """An invariant of imprint itself was broken."""

    exit_code = 70


def shorten(value: object, limit: int = 80) -> str:
    """Show a value to a person: its repr on one line, at most `limit` characters."""
    # A value may be a whole article: cut before repr, so that the message costs what it shows.
    if isinstance(value, bytes):
        value = value[: limit + 1].decode("utf-8", "backslashreplace")
    text = repr(value[: limit + 1]) if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
