"""Connections to a Kafka cluster, and its errors as ours.

`Clients` makes a producer, a consumer and an administrator when each is first needed. Every call goes through `ours`,
so that no exception of kafka-python leaves the bus: the caller learns whether a person must edit something, the record
is at fault, or the same call may be tried again.
"""

from __future__ import annotations

import functools
import logging
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors as theirs
from kafka.admin import KafkaAdminClient
from kafka.net.compat import KafkaNetClient
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.admission import LARGEST
from connectors.errors import ConfigError, RejectedError, TransientError

logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its errors, some for each try, say again what ours say

RECONNECT = 1000
"""Longest wait in milliseconds before a broker is tried again. The client's own half a minute is how late a consumer
comes back after a restart of the broker (measured: research on Flink, 29 and 55 s)."""

FETCH = 1 << 20
"""Bytes fetched of one partition at a time; a larger record still comes, alone. Bounds memory: so many a partition."""

WAIT = 100
"""Milliseconds that a broker may wait for records before it answers that there are none. Another partition waits so
long for its turn when it is sought meanwhile; and the shorter, the more is asked in vain: 10 times a second cost half a
percent of a core."""

ASKED = 10
"""Times that a broker with passwords is asked: where a refusal comes together with the end of the connection, the
client sees only that end, every other time."""

NEVER = (
    theirs.InvalidTopicError,
    theirs.InvalidConfigurationError,
    theirs.InvalidReplicationFactorError,
    theirs.PolicyViolationError,
)
"""Errors that trying again does not mend."""

SLACK = 1 << 20
"""Bytes that a record's key and frame may add to the largest value."""


class Options(BaseModel):
    """Where the brokers are and how to speak to them.

    *prefix* stands before every topic and group, so that several logs share a cluster. *replication*: copies of each
    partition of topics made from here. *folder*: where roles are locked. *timeout*: seconds for one request.

    A *password* travels with a job to its cluster, whose disks and interface then hold it; of a *password_file* only
    the path does, and each machine reads its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bootstrap: tuple[str, ...] = Field(min_length=1)
    prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    replication: int = Field(default=1, ge=1, le=10)
    security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    user: str = ""
    password: str = Field(default="", repr=False)
    password_file: Path | None = None
    ca: Path | None = None
    plaintext_hosts: frozenset[str] = frozenset()
    folder: Path | None = None
    timeout: float = Field(default=5.0, ge=1, le=120)

    @field_validator("bootstrap", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Self:
        for address in self.bootstrap:
            host, _, port = address.rpartition(":")
            if not host or not port.isdecimal():
                raise ValueError(f"bootstrap: '{address}' must be host:port")
            if self.security.endswith("plaintext") and not (_loopback(host) or host in self.plaintext_hosts):
                raise ValueError(
                    f"security: anyone between can read and change what goes to {host} in plain text; use ssl or "
                    "sasl_ssl, or name the host under plaintext_hosts"
                )
        if self.password and self.password_file:
            raise ValueError("give password or password_file, not both")
        if self.security.startswith("sasl") and not (self.user and (self.password or self.password_file)):
            raise ValueError(f"{self.security} needs a user, and a password or a password_file")
        return self

    def named(self, name: str) -> str:
        """What a topic or group is called on the cluster."""
        return self.prefix + name

    def place(self, topic: str, partition: int) -> TopicPartition:
        """A partition of a topic, as the cluster calls it."""
        return _place(self.prefix, topic, partition)


class Clients:
    """The connections of one bus. Each by one thread at a time: its user locks."""

    def __init__(self, options: Options) -> None:
        self.options = options

    @functools.cached_property
    def producer(self) -> Any:
        """Idempotent, acknowledged by all replicas in sync; gives a record up after *timeout*, so memory is bounded."""
        timeout = round(self.options.timeout * 1000)
        return self._made(
            KafkaProducer,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            batch_size=1 << 18,
            max_request_size=LARGEST + SLACK,
            max_block_ms=timeout,
            request_timeout_ms=max(1000, timeout // 2),
            delivery_timeout_ms=timeout,
        )

    @functools.cached_property
    def consumer(self) -> Any:
        """Without a group: partitions are assigned and offsets sought by hand. An offset that is gone is an error."""
        return self._made(
            KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            fetch_max_wait_ms=WAIT,
            fetch_max_bytes=8 * FETCH,
            max_partition_fetch_bytes=FETCH,
            request_timeout_ms=round(self.options.timeout * 1000),
        )

    @functools.cached_property
    def admin(self) -> Any:
        """For topics, offsets and commits."""
        return self._made(KafkaAdminClient, request_timeout_ms=round(self.options.timeout * 1000))

    def close(self, name: Literal["producer", "consumer", "admin"]) -> None:
        """Close one, if it was made, without waiting; it is made again when it is used again."""
        if client := self.__dict__.pop(name, None):
            with suppress(theirs.KafkaError):
                client.close(**({"timeout": 0} if name == "producer" else {}))

    def _made(self, kind: Callable[..., Any], **settings: Any) -> Any:
        """A client that has connected. One that cannot would leave its thread behind, and say only that."""
        made: list[KafkaNetClient] = []

        def network(**config: Any) -> KafkaNetClient:
            made.append(KafkaNetClient(**config, **self._patience))
            return made[-1]

        self._reach()
        try:
            return kind(**self._common(), **settings, kafka_client=network)
        except BaseException:
            for left in made:
                left.close()
            raise

    def _reach(self) -> None:
        """See that a broker lets us in.

        Raises:
            KafkaError: why the last of them does not.
        """
        tries, end = ASKED, time.monotonic() + self.options.timeout
        while refusal := self._refusal():
            tries -= 1
            if not (self.options.user and "disconnected" in str(refusal)):
                raise refusal
            if not tries or time.monotonic() > end:
                raise theirs.KafkaConnectionError(
                    "disconnected while logging in; is user, password or mechanism wrong?"
                )

    def _refusal(self) -> theirs.KafkaError | None:
        network = KafkaNetClient(**self._common(), **self._patience)
        manager, refusal = network._manager, theirs.KafkaError("no address")

        async def enter(node: Any, milliseconds: float) -> None:
            await manager.get_connection(node, timeout_ms=milliseconds)

        try:
            brokers = network.cluster.bootstrap_brokers()
            for broker in brokers:
                try:
                    network._net.run(enter, broker.node_id, self.options.timeout * 1000 / len(brokers))
                except theirs.KafkaError as error:
                    refusal = error
                else:
                    return None
            return refusal
        finally:
            network.close()

    @property
    def _patience(self) -> dict[str, float]:
        """What clients do not let through: how long a broker may take to greet, 10 s otherwise."""
        timeout = self.options.timeout * 1000
        return {"socket_connection_setup_timeout_ms": timeout, "socket_connection_setup_timeout_max_ms": timeout}

    def _common(self) -> dict[str, Any]:
        """What all clients are told. Read anew for each, so that a certificate or password may be changed."""
        options = self.options
        common: dict[str, Any] = {
            "bootstrap_servers": list(options.bootstrap),
            "client_id": "wirewatch",
            "security_protocol": options.security.upper(),
            "reconnect_backoff_max_ms": RECONNECT,
            "bootstrap_timeout_ms": round(options.timeout * 1000),
        }
        if options.security.endswith("ssl"):
            if options.ca and not options.ca.is_file():
                raise ConfigError(f"bus: no file {options.ca} with the certificate of the authority (ca)")
            try:
                common["ssl_context"] = ssl.create_default_context(cafile=str(options.ca) if options.ca else None)
            except ssl.SSLError as error:
                raise ConfigError(f"bus: {options.ca} holds no certificate in PEM format (ca): {error}") from error
        if options.security.startswith("sasl"):
            common["sasl_mechanism"] = options.mechanism
            common["sasl_plain_username"] = options.user
            common["sasl_plain_password"] = options.password or self._password()
        return common

    def _password(self) -> str:
        file = self.options.password_file
        try:
            found = file.read_text("utf-8").removesuffix("\n") if file else ""
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"bus: password_file {file}: {error}") from error
        if not found:
            raise ConfigError(f"bus: password_file {file} is empty")
        return found


@contextmanager
def ours(options: Options, what: str, unknown: bool = False) -> Iterator[None]:
    """Turn an error of Kafka while doing *what* into ours; *unknown*: what failed may have happened all the same."""
    try:
        yield
    except (theirs.SaslAuthenticationFailedError, theirs.UnsupportedSaslMechanismError) as error:
        raise ConfigError(
            f"Kafka at {_at(options)} refuses user '{options.user}': {error}; see bus.password"
        ) from error
    except theirs.AuthorizationError as error:
        raise ConfigError(f"Kafka at {_at(options)} does not allow user '{options.user}' to {what}: {error}") from error
    except NEVER as error:
        raise ConfigError(f"Kafka at {_at(options)} will never {what}: {error}") from error
    except (theirs.MessageSizeTooLargeError, theirs.RecordListTooLargeError) as error:
        raise RejectedError("too_large", f"the broker does not take it: {error}") from error
    except (theirs.KafkaError, OSError, TimeoutError) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise ConfigError(f"Kafka at {_at(options)} has a certificate that is not trusted: {error}") from error
        outcome = "; whether it was done is unknown, the same call again adds nothing twice" if unknown else ""
        why = str(error) or type(error).__name__
        raise TransientError(f"Kafka at {_at(options)} cannot {what} now: {why}{outcome}") from error


@functools.lru_cache(1024)
def _place(prefix: str, topic: str, partition: int) -> TopicPartition:
    return TopicPartition(prefix + topic, partition)


def _at(options: Options) -> str:
    return ",".join(options.bootstrap)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:  # a name: only this one surely means this machine, 127.0.0.1.example does not
        return host == "localhost"
