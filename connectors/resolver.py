"""Names to addresses, on threads that nobody waits for.

The system's lookup blocks, for half a minute when a name server does not answer. In the loop's shared pool (six threads
on two cores) a few such names would hold up every other lookup and every append; at exit a pool waits for its threads.
"""

from __future__ import annotations

import asyncio
import socket
from threading import Thread

from aiohttp.abc import AbstractResolver, ResolveResult


class Resolver(AbstractResolver):
    """The system's lookup, one daemon thread for each: as many at once as there are requests under way."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of *host*.

        Raises:
            OSError: there are none, or it is no name.
        """
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def settle(outcome: list[ResolveResult] | OSError) -> None:
            if found.done():  # the fetch did not wait for it
                return
            if isinstance(outcome, OSError):
                found.set_exception(outcome)
            else:
                found.set_result(outcome)

        def work() -> None:
            try:
                outcome: list[ResolveResult] | OSError = _look_up(host, port, family)
            except OSError as error:
                outcome = error
            except UnicodeError as error:  # "a..b", or a label of more than 63 letters
                outcome = socket.gaierror(socket.EAI_NONAME, f"no name: {error}")
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, outcome)

        Thread(target=work, name="resolve", daemon=True).start()
        return await found

    async def close(self) -> None:
        """Do nothing: threads that still look end by themselves."""


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    infos = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=port,
            family=kind,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, protocol, _, address in infos
    ]
