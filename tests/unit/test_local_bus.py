"""What only the local log promises: damage, disks, processes, and how it commits."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors import logfile
from connectors.buses import Entry, Position, Record, Topic
from connectors.buses.local import LocalBus, Options, build
from connectors.errors import ConfigError, TransientError

SEED = int(os.environ.get("WIREWATCH_SEED", "11"))
KILLS = int(os.environ.get("WIREWATCH_KILLS", "10"))


def fresh(folder: Path, *topics: Topic) -> LocalBus:
    bus = LocalBus(folder)
    for topic in topics:
        bus.create(topic)
    return bus


def put(bus: LocalBus, topic: str, *keys: str) -> int:
    return bus.append([Entry(topic, key, f"the value of {key}".encode()) for key in keys])


def everything(bus: LocalBus, topic: str) -> list[Record]:
    records: list[Record] = []
    while more := bus.read(topic, 0, records[-1].offset + 1 if records else 0, 1000):
        records += more
    return records


def keys(bus: LocalBus, topic: str) -> list[str]:
    return [record.key for record in everything(bus, topic)]


@contextlib.contextmanager
def sqlite(folder: Path) -> Iterator[sqlite3.Connection]:
    """The file behind the bus's back."""
    with contextlib.closing(sqlite3.connect(folder / "log.db", isolation_level=None)) as connection:
        yield connection


# The folder and its files


def test_options_refuse_what_they_do_not_know(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"path": tmp_path, "sync": "off"})


@pytest.mark.parametrize("umask", [0, 0o022, 0o277])
def test_only_the_owner_may_read_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        bus = fresh(tmp_path / "log", Topic("a"))
        put(bus, "a", "x")
        with bus.hold("flow"):
            files = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "log").iterdir()}
    finally:
        os.umask(before)
    private = {"log.db": 0o600, "log.db-wal": 0o600, "log.db-shm": 0o600, "flow.lock": 0o600 & ~umask}
    assert files == private
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    put(fresh(tmp_path, Topic("a")), "a", "x")
    for name in ("log.db", "log.db-wal", "log.db-shm"):
        (tmp_path / name).chmod(0o644)
    LocalBus(tmp_path)
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()} == {0o600}


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    LocalBus(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_log_opened_again_holds_all_that_was_accepted(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a", partitions=2, unique=True, retain_seconds=9))
    bus.append([Entry("a", f"{n}", f"{n}".encode()) for n in range(50)], [Position("g", "a", 1, 7)])
    before = [bus.read("a", partition, 0, 100) for partition in range(2)]
    bus.close()
    again = build(Options(path=tmp_path))
    assert [again.read("a", partition, 0, 100) for partition in range(2)] == before
    assert again.topics() == {"a": Topic("a", partitions=2, unique=True, retain_seconds=9)}
    assert again.positions() == [Position("g", "a", 1, 7)]
    assert again.append([Entry("a", "7", b"other")]) == 0


def test_offsets_go_on_after_everything_was_dropped_and_the_log_was_closed(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a", retain_seconds=1))
    put(bus, "a", "x", "y")
    bus.sweep(time.time() + 100)
    bus.close()
    again = LocalBus(tmp_path)
    assert (again.begin("a", 0), again.end("a", 0)) == (2, 2)


def test_closing_lets_go_of_every_file_and_using_opens_again(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a"))
    put(bus, "a", "x")
    readers = [threading.Thread(target=keys, args=(bus, "a")) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    bus.close()
    assert [p.name for p in tmp_path.iterdir()] == ["log.db"]
    assert [name for name in open_files() if name.startswith(str(tmp_path))] == []
    assert put(bus, "a", "y") == 1
    assert keys(bus, "a") == ["x", "y"]


def open_files() -> list[str]:
    """What this process has open; the descriptor that lists them is gone by then."""
    with os.scandir("/proc/self/fd") as descriptors:
        return [os.path.realpath(descriptor.path) for descriptor in descriptors]


def other_database(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE somebody(elses)")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b""), "is not a log of wirewatch"),
        (lambda path: path.write_bytes(b"Dear diary, " * 1000), "is not a log of wirewatch"),
        (other_database, "is not a log of wirewatch"),
        (lambda path: Path(f"{path}-wal").write_bytes(b"left over"), "put it back"),
        (lambda path: (path.parent.rmdir(), path.parent.write_text("")), "cannot be used"),
    ],
)
def test_something_else_in_the_logs_place_is_refused_and_left_alone(
    tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    spoil(folder / "log.db")
    before = sorted((p, p.read_bytes()) for p in tmp_path.rglob("*") if p.is_file())
    with pytest.raises(ConfigError, match=message):
        build(Options(path=folder))
    assert sorted((p, p.read_bytes()) for p in tmp_path.rglob("*") if p.is_file()) == before


def test_a_log_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    LocalBus(tmp_path).close()
    with sqlite(tmp_path) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(ConfigError, match="version 2, this program knows 1: upgrade"):
        LocalBus(tmp_path)


def test_a_log_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    fresh(tmp_path, Topic("a")).close()

    def read_only(path: Path) -> sqlite3.Connection:
        connection = logfile.connect(path)
        connection.execute("PRAGMA query_only = ON")
        return connection

    with pytest.raises(ConfigError, match="check its permissions"):
        put(LocalBus(tmp_path, read_only), "a", "x")


def test_a_log_that_was_taken_away_says_so(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a"))
    bus.close()
    (tmp_path / "log.db").unlink()
    with pytest.raises(ConfigError, match="must be there"):
        keys(bus, "a")


# Damage


def test_a_record_with_a_flipped_bit_is_set_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a"))
    put(bus, "a", "x", "y", "z")
    with sqlite(tmp_path) as connection:
        (value,) = connection.execute("SELECT value FROM records_1_0 WHERE offset = 1").fetchone()
        flipped = bytes([value[0] ^ 4]) + value[1:]
        connection.execute("UPDATE records_1_0 SET value = ? WHERE offset = 1", (flipped,))
    assert keys(bus, "a") == ["x", "z"]
    assert bus.damaged() == 1
    assert keys(bus, "a") == ["x", "z"]
    assert bus.damaged() == 1
    with sqlite(tmp_path) as connection:
        kept = connection.execute("SELECT topic, number, offset, key, value FROM damaged").fetchall()
    assert kept == [(1, 0, 1, b"y", flipped)]


@pytest.mark.parametrize(
    "change",
    [
        "offset = 7",
        "timestamp = timestamp + 1",
        "timestamp = 'noon'",
        "timestamp = NULL",
        "crc = crc + 1",
        "crc = NULL",
        "key = x'41'",
        "key = NULL",
        "key = 5",
        "value = NULL",
        "value = x''",
        "value = 5",
        "value = CAST(x'ff' AS TEXT)",
        "key = key || substr(value, 1, 1), value = substr(value, 2)",
    ],
)
def test_damage_to_any_column_is_seen(tmp_path: Path, change: str) -> None:
    bus = fresh(tmp_path, Topic("a", retain_seconds=10))
    put(bus, "a", "x", "y")
    with sqlite(tmp_path) as connection:
        connection.execute(f"UPDATE records_1_0 SET {change} WHERE offset = 1")
    assert keys(bus, "a") == ["x"]
    assert bus.damaged() == 1
    bus.sweep(time.time() + 100)
    assert keys(bus, "a") == []


def test_a_row_in_another_partitions_place_is_seen(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a"), Topic("b"))
    put(bus, "a", "x")
    with sqlite(tmp_path) as connection:
        connection.execute("INSERT INTO records_2_0 SELECT * FROM records_1_0")
    assert keys(bus, "b") == []
    assert keys(bus, "a") == ["x"]
    assert bus.damaged() == 1


def test_a_read_goes_on_behind_more_damage_than_its_limit(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a"))
    put(bus, "a", *"abcdefgh")
    with sqlite(tmp_path) as connection:
        connection.execute("UPDATE records_1_0 SET crc = 0 WHERE offset BETWEEN 1 AND 6")
    assert [r.key for r in bus.read("a", 0, 1, 2)] == ["h"]
    assert bus.damaged() == 6


def test_a_unique_key_that_was_damaged_on_disk_is_set_aside_and_may_come_again(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a", unique=True))
    put(bus, "a", "first", "second", "third")
    bus.close()
    content = (tmp_path / "log.db").read_bytes()
    assert content.count(b"secondthe value") == 1
    (tmp_path / "log.db").write_bytes(content.replace(b"secondthe value", b"sekondthe value"))
    assert keys(bus, "a") == ["first", "third"]
    assert bus.damaged() == 1
    assert put(bus, "a", "second", "first") == 1
    assert keys(bus, "a") == ["first", "third", "second"]


def test_compaction_keeps_an_older_record_when_the_newest_is_damaged(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a", compact=True))
    bus.append([Entry("a", "x", b"older"), Entry("a", "x", b"newer")])
    with sqlite(tmp_path) as connection:
        connection.execute("UPDATE records_1_0 SET value = x'00' WHERE offset = 1")
    bus.sweep(time.time())
    assert [r.value for r in bus.read("a", 0, 0, 9)] == [b"older"]


def test_a_file_damaged_in_its_structure_is_refused_in_words(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a"))
    put(bus, "a", "x")
    bus.close()
    with (tmp_path / "log.db").open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        for page in range(2, size // logfile.PAGE):
            file.seek(page * logfile.PAGE)
            file.write(random.Random(SEED).randbytes(64))
    with pytest.raises(ConfigError, match="restore a backup"):
        keys(LocalBus(tmp_path), "a")


# Disks that are full


class Disk:
    """A connection to the log whose file may have at most *pages*; None for as many as it likes."""

    pages: int | None = None

    def __call__(self, path: Path) -> sqlite3.Connection:
        connection = logfile.connect(path)
        if self.pages:
            connection.execute(f"PRAGMA max_page_count = {self.pages}")
        return connection


def test_a_full_disk_refuses_and_loses_nothing_that_was_accepted(tmp_path: Path) -> None:
    fresh(tmp_path, Topic("a", retain_seconds=10), Topic("b")).close()
    disk = Disk()
    disk.pages = 60
    bus = LocalBus(tmp_path, disk)
    accepted = 0
    refusal = ""
    while not refusal:
        entries = [Entry("a", f"{accepted + n}", bytes(1000)) for n in range(5)] + [Entry("b", "x", b"")]
        try:
            bus.append(entries, [Position("g", "a", 0, accepted + 5)])
            accepted += 5
        except TransientError as error:
            refusal = str(error)
    assert "the disk is full: free some space" in refusal
    assert accepted > 100
    assert keys(bus, "a") == [f"{n}" for n in range(accepted)]
    assert (bus.end("b", 0), bus.committed("g", "a", 0)) == (accepted // 5, accepted)
    assert bus.append((), [Position("g", "a", 0, accepted)]) == 0
    with pytest.raises(TransientError):
        bus.append(entries)
    disk.pages = 120
    assert bus.append(entries) == 6
    assert keys(bus, "a") == [f"{n}" for n in range(accepted + 5)]


def test_space_that_a_sweep_frees_is_used_again(tmp_path: Path) -> None:
    fresh(tmp_path, Topic("a", retain_seconds=10)).close()
    disk = Disk()
    disk.pages = 60
    bus = LocalBus(tmp_path, disk)
    entries = [Entry("a", "key", bytes(1000))] * 10
    for _ in range(3):
        with contextlib.suppress(TransientError):
            while bus.append(entries):
                pass
        assert bus.sweep(time.time() + 100) > 100
    assert bus.end("a", 0) > 600
    assert bus.begin("a", 0) == bus.end("a", 0)


def test_a_log_kept_locked_by_another_process_is_tried_again_later(tmp_path: Path) -> None:
    fresh(tmp_path, Topic("a")).close()

    def hasty(path: Path) -> sqlite3.Connection:
        connection = logfile.connect(path)
        connection.execute("PRAGMA busy_timeout = 10")
        return connection

    bus = LocalBus(tmp_path, hasty)
    with sqlite(tmp_path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TransientError, match="kept the log locked"):
            put(bus, "a", "x")
        assert keys(bus, "a") == []
    assert put(bus, "a", "x") == 1


# Threads share a transaction


class Count:
    """A connection to the log that counts its commits."""

    commits = 0

    def __call__(self, path: Path) -> sqlite3.Connection:
        connection = logfile.connect(path)
        connection.set_trace_callback(self.seen)
        return connection

    def seen(self, statement: str) -> None:
        self.commits += statement == "COMMIT"


def together(folder: Path, *work: Callable[[], object]) -> None:
    """Run *work* in threads that all queue while another process writes."""
    threads = [threading.Thread(target=each) for each in work]
    with sqlite(folder) as other:
        other.execute("BEGIN IMMEDIATE")
        for thread in threads:
            thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()


def test_threads_that_append_together_share_one_transaction(tmp_path: Path) -> None:
    fresh(tmp_path, Topic("a", unique=True)).close()
    count = Count()
    bus = LocalBus(tmp_path, count)
    added: list[int] = []
    together(tmp_path, *[lambda n=n: added.append(put(bus, "a", f"{n}", "shared")) for n in range(8)])
    assert sorted(added) == [1] * 7 + [2]
    assert sorted(keys(bus, "a")) == [*"01234567", "shared"]
    assert count.commits == 1


def test_threads_that_append_all_the_time_share_transactions(tmp_path: Path) -> None:
    fresh(tmp_path, Topic("a")).close()
    count = Count()
    bus = LocalBus(tmp_path, count)

    def work() -> None:
        for _ in range(50):
            put(bus, "a", "x")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bus.end("a", 0) == 400
    assert count.commits < 300


def test_a_request_at_fault_fails_alone(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a"))
    failures: list[type[Exception]] = []

    def wrong(entry: Entry) -> None:
        try:
            bus.append([entry])
        except (ConfigError, TypeError, ValueError) as error:
            failures.append(type(error))

    together(
        tmp_path,
        lambda: put(bus, "a", "good"),
        lambda: wrong(Entry("a", "text", "no bytes")),  # type: ignore[arg-type]
        lambda: wrong(Entry("missing", "x", b"")),
        lambda: wrong(Entry("a", "gone", None)),
        lambda: put(bus, "a", "fine"),
    )
    assert sorted(keys(bus, "a")) == ["fine", "good"]
    assert set(failures) == {ConfigError, TypeError, ValueError}


def test_a_disk_that_fails_fails_the_whole_group(tmp_path: Path) -> None:
    fresh(tmp_path, Topic("a")).close()
    disk = Disk()
    disk.pages = 12
    bus = LocalBus(tmp_path, disk)
    refused: list[str] = []

    def work(name: str, size: int) -> None:
        try:
            bus.append([Entry("a", name, bytes(size))])
        except TransientError:
            refused.append(name)

    together(tmp_path, lambda: work("small", 1), lambda: work("large", 500_000), lambda: work("other", 1))
    assert sorted(refused) == ["large", "other", "small"]
    assert (keys(bus, "a"), bus.end("a", 0)) == ([], 0)
    disk.pages = None
    work("small", 1)
    assert keys(bus, "a") == ["small"]


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a"))
    put(bus, "a", "x")
    with sqlite(tmp_path) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM records_1_0")
        assert keys(bus, "a") == ["x"]
        assert bus.end("a", 0) == 1


@pytest.mark.slow
def test_a_large_sweep_lets_appends_in_between(tmp_path: Path) -> None:
    fresh(tmp_path, Topic("a", retain_seconds=10), Topic("b")).close()
    count = Count()
    bus = LocalBus(tmp_path, count)
    for _ in range(4):
        bus.append([Entry("a", "x", bytes(2000))] * 1000)
    count.commits = 0
    slowest = 0.0
    sweeper = threading.Thread(target=bus.sweep, args=(time.time() + 100,))
    sweeper.start()
    while sweeper.is_alive():
        started = time.monotonic()
        put(bus, "b", "x")
        slowest = max(slowest, time.monotonic() - started)
    sweeper.join()
    assert bus.begin("a", 0) == 4000
    assert count.commits - bus.end("b", 0) >= 8
    assert bus.end("b", 0) >= 4
    assert slowest < 2


# Processes


@contextlib.contextmanager
def child(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout
    return iter(process.stdout.readline, "")


HOLD = """
import sys, time
from pathlib import Path
from connectors.buses.local import LocalBus
with LocalBus(Path(sys.argv[1])).hold("poller"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_a_second_holder_is_told_the_pid_of_the_first_and_a_kill_lets_go(tmp_path: Path) -> None:
    bus = LocalBus(tmp_path)
    with child(HOLD, tmp_path) as process:
        assert next(lines(process)) == "held\n"
        with pytest.raises(ConfigError, match=f"'poller' in .* process {process.pid}:"), bus.hold("poller"):
            pass
        process.kill()
        process.wait()
        with bus.hold("poller"):
            pass


BESIDE = """
import sys
from pathlib import Path
from connectors.buses import Entry
from connectors.buses.local import LocalBus
bus = LocalBus(Path(sys.argv[1]))
for n in range(150):
    bus.append([Entry("a", f"{sys.argv[2]} {n}", b"1"), Entry("a", f"{sys.argv[2]} {n}", b"2")])
    bus.append([Entry("once", str(n), b"")])
"""


@pytest.mark.slow
def test_processes_append_side_by_side(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a"), Topic("once", unique=True))
    with child(BESIDE, tmp_path, "left") as left, child(BESIDE, tmp_path, "right") as right:
        assert (left.wait(60), right.wait(60)) == (0, 0)
    records = bus.read("a", 0, 0, 1000)
    assert [r.offset for r in records] == list(range(600))
    assert [r.timestamp for r in records] == sorted(r.timestamp for r in records)
    for name in ("left", "right"):
        own = [r.key for r in records if r.key.startswith(name)]
        assert own == [f"{name} {n}" for n in range(150) for _ in "12"]
    assert sorted(map(int, keys(bus, "once"))) == list(range(150))


KILLED = """
import sys
from pathlib import Path
from connectors.buses import Entry, Position
from connectors.buses.local import LocalBus
bus = LocalBus(Path(sys.argv[1]))
n = int(sys.argv[2])
while True:
    batch = [Entry("a", f"{n}.{i}", bytes(700)) for i in range(5)] + [Entry("b", str(n), b"")]
    assert bus.append(batch, [Position("g", "a", 0, n + 1)]) == 6
    print(n, flush=True)
    n += 1
"""


def batches(records: list[Record]) -> list[int]:
    """The numbers of the batches; each must be whole."""
    numbers = [int(record.key.split(".")[0]) for record in records]
    assert [r.key for r in records] == [f"{n}.{i}" for n in numbers[::5] for i in range(5)]
    return numbers[::5]


@pytest.mark.slow
def test_killed_at_random_moments_it_keeps_what_was_accepted_and_only_whole_batches(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    fresh(tmp_path, Topic("a", unique=True), Topic("b", unique=True)).close()
    accepted: list[int] = []
    for kills in range(1, KILLS + 1):
        with child(KILLED, tmp_path, 10_000 * kills) as process:
            accepted.append(int(next(lines(process))))
            time.sleep(rng.uniform(0.02, 0.3))
            process.kill()
            accepted += map(int, lines(process))
        bus = LocalBus(tmp_path)
        records = everything(bus, "a")
        present = batches(records)
        assert set(accepted) <= set(present)
        assert len(present) == len(set(present)) <= len(accepted) + kills
        assert [r.offset for r in records] == list(range(len(records)))
        assert [int(key) for key in keys(bus, "b")] == present
        assert bus.committed("g", "a", 0) == present[-1] + 1
        assert bus.damaged() == 0
        bus.close()
    assert len(accepted) > 20 * KILLS


FULL = """
import resource, sys
from pathlib import Path
from connectors.buses import Entry
from connectors.buses.local import LocalBus
from connectors.errors import TransientError
bus = LocalBus(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
n = 0
try:
    while True:
        bus.append([Entry("a", str(n), bytes(700))])
        n += 1
except TransientError as error:
    print(n, error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
bus.append([Entry("a", str(n), b"after")])
"""


@pytest.mark.slow
def test_a_file_that_may_not_grow_loses_nothing_and_goes_on_when_it_may(tmp_path: Path) -> None:
    bus = fresh(tmp_path, Topic("a"))
    with child(FULL, tmp_path) as process:
        number, message = next(lines(process)).split(" ", 1)
        assert process.wait(30) == 0
    assert int(number) > 20
    assert "check it and its free space" in message
    assert keys(bus, "a") == [f"{n}" for n in range(int(number) + 1)]
