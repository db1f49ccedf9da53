"""Flink's REST interface: the calls that a job's life needs, each with a deadline and a size cap.

Not the client of the web: it speaks to the one address that the configuration names, and follows no redirect.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import aiohttp

from connectors.errors import ConfigError, TransientError

DEADLINE = 30.0
"""Seconds for one call; a JobManager that compiles a graph answers within five (measured: research on Flink)."""

UPLOAD = 300.0
"""Seconds for the upload of a jar of some 170 MB, also over a slow link (5 Mbit/s is enough)."""

LARGEST = 8 * 2**20
"""Bytes of an answer; the largest asked for, the exceptions of a job, are cut by Flink itself."""

_PYTHON = re.compile(r"^(?!java|org|Caused)[\w.]+(?:Error|Exception): .+$", re.MULTILINE)
"""The last line of a Python traceback within a Java one."""


class Flink:
    """A cluster at *rest*, such as ``http://127.0.0.1:8081``. Every call is a request of its own.

    Raises (all calls):
        TransientError: nothing answers, or the cluster is busy: try again.
        ConfigError: the cluster refuses; what it said is in the message.
    """

    def __init__(self, rest: str) -> None:
        self.rest = rest.rstrip("/")

    def overview(self) -> Any:
        """Counts of TaskManagers, slots and jobs, and Flink's version."""
        return self._call("GET", "/overview")

    def jobs(self) -> list[dict[str, Any]]:
        """Every job the cluster remembers: ``jid``, ``name``, ``state``, ``start-time`` …, newest first."""
        found: list[dict[str, Any]] = self._call("GET", "/jobs/overview")["jobs"]
        return sorted(found, key=lambda job: -job["start-time"])

    def job(self, job: str) -> Any:
        """One job: ``state``, and its ``vertices`` with ``id`` and ``name``."""
        return self._call("GET", f"/jobs/{job}")

    def checkpoints(self, job: str) -> Any:
        """Counts and the newest checkpoints of a job."""
        return self._call("GET", f"/jobs/{job}/checkpoints")

    def watermarks(self, job: str, vertex: str) -> list[int]:
        """The input watermark of each subtask of a step, in milliseconds; Flink's extremes when there is none."""
        found: Any = self._call("GET", f"/jobs/{job}/vertices/{vertex}/watermarks")
        return [int(metric["value"]) for metric in found]

    def failure(self, job: str) -> str:
        """The newest failure of a job in a line, what a Python worker said before what Java made of it; "" if none."""
        history = self._call("GET", f"/jobs/{job}/exceptions?maxExceptions=1").get("exceptionHistory") or {}
        entries = history.get("entries") or [{}]
        trace = str(entries[0].get("stacktrace", ""))
        said = _PYTHON.findall(trace)
        return said[-1][:500] if said else _first_cause(trace) if trace else ""

    def upload(self, jar: Path) -> str:
        """Hand over *jar*; the id to `run` it by."""

        def body() -> aiohttp.FormData:
            form = aiohttp.FormData()
            form.add_field("jarfile", jar.open("rb"), filename=jar.name, content_type="application/x-java-archive")
            return form

        answer = self._call("POST", "/jars/upload", data=body, deadline=UPLOAD)
        return str(answer["filename"]).rsplit("/", 1)[-1]

    def run(self, jar: str, entry: str, *, parallelism: int, savepoint: str | None, skip_unknown_state: bool) -> str:
        """Run *entry* of an uploaded jar, from *savepoint* when given; the job's id."""
        request: dict[str, Any] = {"entryClass": entry, "parallelism": parallelism}
        if savepoint:
            request |= {"savepointPath": savepoint, "allowNonRestoredState": skip_unknown_state}
        return str(self._call("POST", f"/jars/{jar}/run", data=request, deadline=UPLOAD)["jobid"])

    def forget(self, jar: str) -> None:
        """Remove an uploaded jar; a running job needs it no more."""
        self._call("DELETE", f"/jars/{jar}")

    def savepoint(self, job: str, *, stop: bool, folder: str | None = None) -> str:
        """Ask for a savepoint, and with *stop* end the job once it is made; the id of the request."""
        what = ("stop", {"drain": False}) if stop else ("savepoints", {"cancel-job": False})
        name = "targetDirectory" if stop else "target-directory"
        data = {**what[1], **({name: folder} if folder else {})}
        return str(self._call("POST", f"/jobs/{job}/{what[0]}", data=data)["request-id"])

    def saved(self, job: str, request: str) -> str | None:
        """Where the savepoint of *request* is; None while it is being made.

        Raises:
            ConfigError: it failed; what Flink said is in the message.
        """
        answer = self._call("GET", f"/jobs/{job}/savepoints/{request}")
        if answer["status"]["id"] != "COMPLETED":
            return None
        operation = answer["operation"]
        if cause := operation.get("failure-cause"):
            lines = str(cause.get("stack-trace") or cause).splitlines()
            raise ConfigError(f"the savepoint failed: {lines[0] if lines else cause}")
        return str(operation["location"])

    def cancel(self, job: str) -> None:
        """End a job at once; what its last checkpoint holds is kept."""
        self._call("PATCH", f"/jobs/{job}?mode=cancel")

    def _call(self, method: str, path: str, data: Any = None, deadline: float = DEADLINE) -> Any:
        return asyncio.run(self._ask(method, path, data, deadline))

    async def _ask(self, method: str, path: str, data: Any, deadline: float) -> Any:
        body = {"data": data()} if callable(data) else {"json": data} if data is not None else {}
        timeout = aiohttp.ClientTimeout(total=deadline, sock_connect=5)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(method, f"{self.rest}{path}", allow_redirects=False, **body) as reply,
            ):
                status, raw = reply.status, await reply.content.read(LARGEST + 1)
                while len(raw) <= LARGEST and (more := await reply.content.read(LARGEST + 1 - len(raw))):
                    raw += more
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = str(error) or type(error).__name__
            raise TransientError(f"no Flink answers at {self.rest}: {why}; is the cluster up?") from error
        if len(raw) > LARGEST:
            raise ConfigError(f"{self.rest}{path} answers with more than {LARGEST:,} bytes: is it Flink?")
        try:
            answer = json.loads(raw or b"{}")
        except ValueError:
            raise ConfigError(f"{self.rest}{path} answers no JSON (status {status}): is it Flink?") from None
        if status >= 400:
            said = answer.get("errors") if isinstance(answer, dict) else None
            text = _first_cause("\n".join(map(str, said or [f"status {status}"])))
            raise (TransientError if status == 503 else ConfigError)(f"Flink refuses {method} {path}: {text}")
        return answer


def _first_cause(text: str) -> str:
    """What a person needs of a Java stack trace: its last "Caused by", or its first line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return (causes or lines or ["no reason given"])[-1 if causes else 0][:500]
