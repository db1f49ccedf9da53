"""The three loops, started together or alone on one log, and stopped in order.

``wirewatch run`` is one process: polling and delivery share an asyncio loop, the flow has a thread of its own.
``poll``, ``flow`` and ``deliver`` run one loop each; processes meet on the log only. Each role has one holder.

Where the bus is not on this machine, the poller appends to a spool that is, and a fourth loop forwards it: polling
begins and goes on while the bus is away, and the other loops wait for it.

Stopping (SIGTERM, Ctrl-C): no new poll starts, the flow finishes what it has read, a delivery in flight is finished,
everything is committed, exit code 0 within `DRAIN` seconds (`SAVEPOINT` where a job on a cluster is stopped). A second
signal ends the process at once; what was accepted is on the log either way.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, partial
from threading import Event, Thread
from typing import Any

import structlog

from connectors import metrics, plugins
from connectors.buses import Bus
from connectors.child import Child
from connectors.deliver import deliver
from connectors.errors import TransientError
from connectors.fetch import Fetcher
from connectors.forward import adopt, forward, waiting
from connectors.poll import Planned, poll_sources
from connectors.sources import Tools
from pipelines import accounts, watching
from pipelines.appending import stopping
from pipelines.config import Config
from pipelines.knowledge.gazetteer import ids
from pipelines.layout import address_of, open_bus, retain, settled, topics_of
from pipelines.spool import open_spool
from pipelines.watchlists.examples import tried

log = structlog.get_logger(__name__)

LOOPS = frozenset({"poll", "flow", "deliver"})


class Runner(StrEnum):
    """Where the flow runs: in this process, or as a job on a Flink cluster that this process looks after."""

    LOCAL = "local"
    FLINK = "flink"


ROLES = {"poll": "poller", "flow": "flow"}
"""The role of each loop that this module holds; delivery holds one of its own for each sink."""

DRAIN = 10.0
"""Seconds that draining may take (promise P-51)."""

SAVEPOINT = 150.0
"""Seconds that draining may take when it makes a savepoint on a cluster: as long as `pipelines.job` waits for one."""

AGAIN = 2.0
"""Seconds before a bus that is away is asked again."""

SWEEP = 600.0
"""Seconds between two applications of retention and compaction."""


def run(
    config: Config, *, loops: frozenset[str] = LOOPS, until_idle: bool = False, runner: Runner = Runner.LOCAL
) -> int:
    """Run *loops* until asked to stop, or until nothing is left to do; the exit code.

    Raises:
        ConfigError: a watchlist or the gazetteer is broken at the start, or another process holds a role.
    """
    return asyncio.run(Run(config, loops, runner).main(until_idle))


class Run:
    """One start of some loops."""

    def __init__(self, config: Config, loops: frozenset[str] = LOOPS, runner: Runner = Runner.LOCAL) -> None:
        self.config = config
        self.loops = loops
        self.runner = runner
        self.spool = open_spool(config) if "poll" in loops else None
        self.open = cache(partial(open_bus, config))
        self.bus = address_of(config).open() if self.spool else self.open()
        self.known = partial(ids, *config.gazetteer)
        self.tried = partial(tried, config.gazetteer)
        self.stop = asyncio.Event()
        self.polled = asyncio.Event()
        self.halt = Event()

    async def main(self, until_idle: bool = False, done: Callable[[Bus], bool] | None = None) -> int:
        """Hold the roles, start the loops, wait for a stop, a failure or *done*, and drain."""
        with ExitStack() as held:
            for loop in sorted(self.loops & ROLES.keys()):
                bus = self.spool if loop == "poll" and self.spool else self.bus
                held.enter_context(bus.hold(ROLES[loop]))
            self._listen()
            if self.config.metrics.port:
                accounts.serve(self.bus, self.config.metrics.port, self.spool)
            tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self.stop.wait(), name="stop")]
            tasks += _started(self._polling())
            if await self._answered(tasks):
                if "flow" in self.loops:
                    lists = self.config.watchlists  # in a thread: to try many examples must not hold up the polls
                    await asyncio.to_thread(watching.publish, lists, self.bus, self.known, self.tried, strict=True)
                if not self.stop.is_set():
                    tasks += _started(self._loops())
                    if until_idle:
                        done = partial(settled, self.config, self.loops)
                    if done:
                        tasks.append(asyncio.create_task(self._until(done), name="until"))
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self._ask_to_stop()
            patience = SAVEPOINT if self.runner is Runner.FLINK else DRAIN
            finished, late = await asyncio.wait(tasks, timeout=patience)
        for task in late:
            log.error("loop did not drain in time; what it had not committed is read again", loop=task.get_name())
        failed = [task for task in finished if task.exception()]
        for task in failed:
            log.error("loop failed", loop=task.get_name(), exc_info=task.exception())
        if late:
            os._exit(1)  # a thread that hangs would keep the process for ever
        stopping.clear()  # all that might wait on it has ended; the next run of this process is no stop
        for used in (self.bus, self.spool):
            if used:
                used.close()
        return 1 if failed else 0

    async def _answered(self, tasks: list[asyncio.Task[Any]]) -> bool:
        """Wait for the bus where other loops than polling need it; False when one of *tasks* ends before it answers."""
        if not self.spool or self.loops == {"poll"}:
            return True
        reaching = asyncio.create_task(self._reach())
        await asyncio.wait([reaching, *tasks], return_when=asyncio.FIRST_COMPLETED)
        if not reaching.done():
            reaching.cancel()
            return False
        await reaching
        return True

    async def _reach(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.open)
            except TransientError as error:
                log.warning("waiting for the bus", error=str(error))
                await asyncio.sleep(AGAIN)
            else:
                return

    def _polling(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        if "poll" in self.loops:
            yield "poll", self._poll()
        if self.spool:
            yield "forward", self._forward(self.spool)

    def _loops(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        if "flow" in self.loops:
            yield "flow", self._flow()
            yield "watchlists", self._watch()
        if "deliver" in self.loops:
            for sink in self.config.sinks:
                yield f"sink.{sink.name}", self._deliver(sink)
        yield "sweep", self._sweep()

    async def _poll(self) -> None:
        try:
            if self.spool:
                await self._adopt(self.spool)
            async with Fetcher(received=metrics.BYTES.inc) as fetch, Child() as child:
                tools = Tools(fetch, child, now)
                planned = [
                    Planned(s.name, build(s.name, s.options, tools), s.pace, s.country, s.groups)
                    for s in self.config.sources
                    for build in [plugins.load("connectors.sources", s.type).build]
                ]
                bus = self.spool or self.bus
                await poll_sources(planned, bus, now=now, rng=random.Random(), stop=self.stop)  # noqa: S311 - jitter
        finally:
            self.polled.set()

    async def _adopt(self, spool: Bus) -> None:
        try:
            await asyncio.to_thread(adopt, spool, self.open, {source.name for source in self.config.sources})
        except TransientError as error:
            log.warning("the bus is away; sources that are new to this disk are polled anew", error=str(error))

    async def _forward(self, spool: Bus) -> None:
        await forward(spool, self.open, stop=self.polled, now=now, rng=random.Random())  # noqa: S311 - jitter

    async def _flow(self) -> None:
        while True:
            try:
                return await _in_thread("flow", self._run_flow)
            except TransientError as error:
                if await _set_within(self.stop, AGAIN):
                    raise
                log.warning("the flow could not go on; it starts again", error=str(error))

    def _run_flow(self) -> None:
        from pipelines import flow  # noqa: PLC0415 - Beam and spaCy take seconds to import: polling starts meanwhile
        from pipelines.job import Job, keep  # noqa: PLC0415
        from pipelines.plan import plan_of  # noqa: PLC0415

        plan = plan_of(self.config, address_of(self.config))
        if self.runner is Runner.FLINK:
            keep(Job(self.config.flink, self.bus), plan, self.config.data / "flink-savepoint", self.halt)
        else:
            flow.run(plan, self.halt)

    async def _deliver(self, sink: Any) -> None:
        built = plugins.load("connectors.sinks", sink.type).build(sink.name, sink.options)
        topics = partial(topics_of, sink, self.bus)
        await deliver(
            sink.name,
            built,
            self.bus,
            topics,
            stop=self.stop,
            now=now,
            rng=random.Random(),  # noqa: S311 - spreads retries, guards nothing
            watchlists=sink.watchlists,
            level=sink.level,
        )

    async def _watch(self) -> None:
        await watching.watch(self.config.watchlists, self.bus, self.stop, self.known, self.tried)

    async def _sweep(self) -> None:
        while not await _set_within(self.stop, SWEEP):
            try:
                dropped = await asyncio.to_thread(self.spool.sweep, time.time()) if self.spool else 0
                await asyncio.to_thread(retain, self.bus, self.config)
                dropped += await asyncio.to_thread(self.bus.sweep, time.time())
            except TransientError as error:
                log.warning("sweep put off", error=str(error))
            else:
                log.info("swept", dropped=dropped)

    async def _until(self, done: Callable[[Bus], bool]) -> None:
        while not await asyncio.to_thread(self._over, done):
            if await _set_within(self.stop, 0.1):
                return

    def _over(self, done: Callable[[Bus], bool]) -> bool:
        try:
            return not (self.spool and waiting(self.spool).records) and done(self.bus)
        except TransientError:
            return False

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled)

    def _signalled(self) -> None:
        if self.stop.is_set():
            os._exit(130)
        log.info("stopping; once more to stop at once")
        self._ask_to_stop()

    def _ask_to_stop(self) -> None:
        self.stop.set()
        self.halt.set()
        stopping.set()


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


def _started(loops: Iterable[tuple[str, Coroutine[Any, Any, None]]]) -> list[asyncio.Task[Any]]:
    return [asyncio.create_task(loop, name=name) for name, loop in loops]


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _in_thread(name: str, function: Callable[[], None]) -> None:
    """Run *function* in a thread of its own: the shared pool's threads are for appends."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if not done.done():
            done.set_exception(error) if error else done.set_result(None)

    def work() -> None:
        error: BaseException | None = None
        try:
            function()
        except BaseException as caught:  # handed to the loop, which ends the process
            error = caught
        loop.call_soon_threadsafe(settle, error)

    Thread(target=work, name=name, daemon=True).start()
    await done
