"""One partition of the local log: a table of records, each under a checksum."""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Iterable

import google_crc32c

from connectors.buses import Record, Topic
from connectors.logfile import code

_HEAD = struct.Struct(">qdq")


class Partition:
    """Partition *number* of *topic*, which is number *id_* in the file.

    Methods take the connection to use; those that write want it in a transaction.
    """

    __slots__ = ("_delete", "_insert", "_seed", "_select", "number", "place", "table", "topic")

    def __init__(self, topic: Topic, id_: int, number: int) -> None:
        self.topic = topic
        self.number = number
        self.place = (id_, number)
        self.table = f"records_{id_}_{number}"
        self._seed: int = google_crc32c.value(f"{topic.name}/{number}".encode())
        columns = "offset, timestamp, crc, key, value"
        again = "ON CONFLICT(key) DO NOTHING" if topic.unique else ""
        self._insert = f"INSERT INTO {self.table}({columns}) VALUES(?, ?, ?, ?, ?) {again}"
        self._select = f"SELECT {columns} FROM {self.table} WHERE offset >= ? ORDER BY offset LIMIT ?"  # noqa: S608
        self._delete = f"DELETE FROM {self.table} WHERE offset = ?"  # noqa: S608

    def create(self, writer: sqlite3.Connection) -> None:
        """Make the table. Keys are bytes, so that no key is refused and no damaged one fails to decode."""
        writer.execute("INSERT INTO partitions(topic, number, next, bytes) VALUES(?, ?, 0, 0)", self.place)
        columns = "offset INTEGER PRIMARY KEY, timestamp REAL, crc INTEGER, key BLOB, value BLOB"
        writer.execute(f"CREATE TABLE {self.table}({columns})")
        if self.topic.unique:
            writer.execute(f"CREATE UNIQUE INDEX keys_of_{self.table} ON {self.table}(key)")

    def end(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """The next offset, and the bytes of keys and values that are kept."""
        query = "SELECT next, bytes FROM partitions WHERE topic = ? AND number = ?"
        next_, size = connection.execute(query, self.place).fetchone()
        return next_, size

    def begin(self, reader: sqlite3.Connection) -> int:
        """The lowest offset kept, the next one when there is none."""
        query = f"""SELECT coalesce((SELECT min(offset) FROM {self.table}), next)
                    FROM partitions WHERE topic = ? AND number = ?"""  # noqa: S608
        return int(reader.execute(query, self.place).fetchone()[0])

    def passed(self, connection: sqlite3.Connection) -> int | None:
        """The lowest committed offset of any group, None when no group ever committed here."""
        query = "SELECT min(next) FROM commits WHERE topic = ? AND number = ?"
        offset: int | None = connection.execute(query, self.place).fetchone()[0]
        return offset

    def add(self, writer: sqlite3.Connection, offset: int, now: float, key: bytes, value: bytes | None) -> bool:
        """Add one record at *offset*; False when the topic is unique and holds the key."""
        crc = self._checksum(offset, now, key, value)
        return writer.execute(self._insert, (offset, now, crc, key, value)).rowcount == 1

    def read(self, reader: sqlite3.Connection, offset: int, limit: int) -> tuple[list[Record], list[int]]:
        """At most *limit* rows from *offset* on: records of the sound ones, offsets of the damaged ones."""
        records: list[Record] = []
        damaged: list[int] = []
        name, number = self.topic.name, self.number
        for at, timestamp, crc, key, value in reader.execute(self._select, (offset, limit)).fetchall():
            if self._sound(at, timestamp, crc, key, value):
                records.append(Record(name, number, at, key.decode("utf-8", "surrogatepass"), value, timestamp))
            else:
                damaged.append(at)
        return records, damaged

    def set_aside(self, writer: sqlite3.Connection, offset: int) -> bool:
        """Move the row at *offset* to the damaged ones, as it is; False when it is sound or gone."""
        row = writer.execute(self._select, (offset, 1)).fetchone()
        if row is None or row[0] != offset or self._sound(*row):
            return False
        writer.execute(
            f"""INSERT OR REPLACE INTO damaged(topic, number, offset, timestamp, crc, key, value, found)
                SELECT ?, ?, offset, timestamp, crc, key, value, ? FROM {self.table} WHERE offset = ?""",  # noqa: S608
            (*self.place, time.time(), offset),
        )
        self.drop(writer, [offset])
        return True

    def oldest(self, connection: sqlite3.Connection, below: int, limit: int) -> list[tuple[int, float, int]]:
        """Offset, timestamp and bytes of the first *limit* records below an offset; values are not read."""
        query = f"""SELECT offset, ifnull(CAST(timestamp AS REAL), 0), {_SIZE} FROM {self.table}
                    WHERE offset < ? ORDER BY offset LIMIT ?"""  # noqa: S608
        return connection.execute(query, (below, limit)).fetchall()

    def drop(self, writer: sqlite3.Connection, offsets: Iterable[int]) -> int:
        """Delete the records at *offsets*; how many there were."""
        dropped = freed = 0
        for offset in offsets:
            size = writer.execute(f"SELECT {_SIZE} FROM {self.table} WHERE offset = ?", (offset,)).fetchone()  # noqa: S608
            if size:
                self._remove(writer, offset)
                dropped += 1
                freed += size[0]
        query = "UPDATE partitions SET bytes = max(0, bytes - ?) WHERE topic = ? AND number = ?"
        writer.execute(query, (freed, *self.place))
        return dropped

    def _remove(self, writer: sqlite3.Connection, offset: int) -> None:
        try:
            writer.execute(self._delete, (offset,))
        except sqlite3.DatabaseError as error:
            if not self.topic.unique or code(error) != sqlite3.SQLITE_CORRUPT:
                raise
            writer.execute(f"REINDEX {self.table}")  # a damaged key is not where the index of keys has it
            writer.execute(self._delete, (offset,))

    def _sound(self, offset: int, timestamp: float, crc: int, key: bytes, value: bytes | None) -> bool:
        try:
            return self._checksum(offset, timestamp, key, value) == crc
        except (TypeError, struct.error):  # damage may change the type of a column
            return False

    def _checksum(self, offset: int, timestamp: float, key: bytes, value: bytes | None) -> int:
        """CRC-32C (RFC 3720, 12.1) of what is stored and of where. No value and an empty one differ."""
        head = _HEAD.pack(offset, timestamp, -1 if value is None else len(value))
        crc: int = google_crc32c.extend(self._seed, head + key)
        return crc if value is None else google_crc32c.extend(crc, value)


_SIZE = "ifnull(length(key), 0) + ifnull(length(value), 0)"
