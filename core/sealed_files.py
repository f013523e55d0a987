"""Files in sealed columns, written and read a piece at a time: memory stays flat whatever their size.

What stands in the column is a token of `crypto.seal`, so a row may also be read or written whole.
"""

from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from django.db import connection, models
from django.db.models import F, Func, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Length

from core import crypto

PIECE = 256 * 1024
_ROOM = "CREATE TEMP TABLE IF NOT EXISTS sealed_piece (number serial, content bytea) ON COMMIT DROP"
_WHOLE = "SELECT string_agg(content, ''::bytea ORDER BY number) FROM sealed_piece"


def pieces_of(stream) -> Iterator[bytes]:
    """What a file or a request holds, a piece at a time."""
    while piece := stream.read(PIECE):
        yield piece


def stage(column: models.Field, pieces: Iterable[bytes]) -> None:
    """Seals a file for `column` and puts it into the database, where `staged` finds it in the same transaction."""
    begin, cipher = crypto.sealing(column.context.encode())  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(_ROOM)
        cursor.execute("DELETE FROM sealed_piece")
        for piece in pieces:
            cursor.execute("INSERT INTO sealed_piece (content) VALUES (%s)", [begin + cipher.update(piece)])
            begin = b""
        cursor.execute("INSERT INTO sealed_piece (content) VALUES (%s)", [begin + cipher.finalize() + cipher.tag])


def staged() -> RawSQL:
    """The value to save in the column: the database puts the pieces together."""
    return RawSQL(_WHOLE, [], output_field=models.BinaryField())  # noqa: S611 - fixed words


def read(row: models.Model, name: str) -> tuple[int, Iterator[bytes]]:
    """The size of the file in the column `name`, and its pieces one after the other. Raises `crypto.CryptoError`.

    It is gone through twice: nothing leaves before all of it was proven unaltered.
    """
    size = sum(map(len, _opened(row, name)))
    return size, _opened(row, name)


def _opened(row: models.Model, name: str) -> Iterator[bytes]:
    of_row = type(row)._base_manager.filter(pk=row.pk)
    length = of_row.values_list(Length(_bytes(name)), flat=True).get() or 0
    if not length:
        return
    tag_at = length - crypto.TAG_BYTES
    aad = type(row)._meta.get_field(name).context.encode()  # type: ignore[union-attr]
    place, cipher = crypto.unsealing(_part(of_row, name, 0, 256), _part(of_row, name, tag_at, crypto.TAG_BYTES), aad)
    while place < tag_at:
        piece = _part(of_row, name, place, min(PIECE, tag_at - place))
        place += len(piece)
        yield cipher.update(piece)
    try:
        cipher.finalize()
    except InvalidTag:
        raise crypto.BadToken("sealed data was altered or belongs elsewhere") from None


def _bytes(name: str) -> Func:
    """The column as it is stored."""
    return Func(F(name), template="%(expressions)s", output_field=models.BinaryField())


def _part(rows: models.QuerySet, name: str, start: int, length: int) -> bytes:
    part = Func(F(name), Value(start + 1), Value(length), function="substring", output_field=models.BinaryField())
    return bytes(rows.values_list(part, flat=True).get())
