"""Wrong addresses, certificates, users and passwords."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import broker
import downloads
import pytest
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion

from connectors.buses import Bus, Entry, Topic, every
from connectors.errors import ConfigError, TransientError

SECRET = "correct horse: battery, ä staple"


@dataclass(frozen=True)
class Guarded:
    """A broker that wants a password over TLS at *address*, and *plain* without; *ca* signed its certificate."""

    address: str
    plain: str
    ca: Path


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def certificates(folder: Path) -> tuple[Path, Path]:
    """An authority's certificate, and the broker's with its key, made for 127.0.0.1."""
    folder.mkdir()
    new = ("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run(folder, *new, "-x509", "-days", "2", "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem")
    run(folder, *new, "-subj", "/CN=broker", "-keyout", "key.pem", "-out", "request.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    sign = ("openssl", "x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
    run(folder, *sign, "-days", "2", "-extfile", "names", "-out", "broker.pem")
    run(folder, "openssl", "pkcs8", "-topk8", "-nocrypt", "-in", "key.pem", "-out", "key8.pem")
    both = folder / "both.pem"
    both.write_text((folder / "key8.pem").read_text() + (folder / "broker.pem").read_text())
    return folder / "ca.pem", both


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, free: Callable[[int], list[int]]) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    ca, own = certificates(folder / "certificates")
    port, controller, guarded_port = free(3)
    plain, address = f"127.0.0.1:{port}", f"127.0.0.1:{guarded_port}"
    extra = {
        "listeners": f"PLAINTEXT://{plain},SASL_SSL://{address},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://{plain},SASL_SSL://{address}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(own),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:desk",
    }
    process = broker.start(folder / "broker", port, downloads.Cache().kafka(), extra, controller=controller)
    try:
        admin = KafkaAdminClient(bootstrap_servers=plain)
        users = [UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, SECRET) for user in ("desk", "guest")]
        assert set(admin.alter_user_scram_credentials(users).values()) == {None}
        admin.close()
        yield Guarded(address, plain, ca)
    finally:
        process.stop()


@pytest.fixture
def enter(guarded: Guarded, opened: Callable[..., Bus]) -> Callable[..., Bus]:
    right = {"bootstrap": guarded.address, "security": "sasl_ssl", "user": "desk", "password": SECRET}
    return lambda **changes: opened(**{**right, "ca": str(guarded.ca), "timeout": 3, **changes})


def refusal(bus: Bus, kind: type[Exception], within: float = 4) -> str:
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        bus.topics()
    assert time.monotonic() - began < within
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_the_right_password_over_tls_opens_the_bus(enter: Callable[..., Bus]) -> None:
    bus = enter()
    bus.create(Topic("a"))
    bus.append([Entry("a", "k", b"secret")])
    assert [record.value for record in every(bus, "a")] == [b"secret"]


def test_a_password_is_read_from_its_file_at_each_login(enter: Callable[..., Bus], tmp_path: Path) -> None:
    file = tmp_path / "password"
    bus = enter(password="", password_file=str(file))
    assert str(file) in refusal(bus, ConfigError)
    file.write_text("")
    assert "is empty" in refusal(bus, ConfigError)
    file.write_text(SECRET + "\n", "utf-8")
    bus.create(Topic("a"))
    assert "a" in bus.topics()


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"user": "nobody"}, {"mechanism": "SCRAM-SHA-256"}])
def test_a_refused_login_is_the_persons_to_change(enter: Callable[..., Bus], changes: Any, guarded: Guarded) -> None:
    bus, end = enter(**changes), time.monotonic() + 60
    while True:
        with pytest.raises((ConfigError, TransientError)) as caught:
            bus.topics()
        told = str(caught.value)
        assert SECRET not in told
        if isinstance(caught.value, ConfigError):
            break
        assert "is user, password or mechanism wrong?" in told  # where the client saw the end of the connection only
        assert time.monotonic() < end
    assert f"Kafka at {guarded.address} refuses user '{changes.get('user', 'desk')}'" in told


def test_a_user_without_rights_is_told_what_is_not_allowed(enter: Callable[..., Bus]) -> None:
    assert "does not allow user 'guest' to" in refusal(enter(user="guest"), ConfigError)


def test_a_certificate_of_an_unknown_authority_is_the_persons_to_change(
    enter: Callable[..., Bus], guarded: Guarded
) -> None:
    told = refusal(enter(ca=None), ConfigError)
    assert guarded.address in told
    assert "certificate" in told


def test_an_authority_that_is_no_file_is_named(enter: Callable[..., Bus], tmp_path: Path) -> None:
    assert str(tmp_path / "none.pem") in refusal(enter(ca=str(tmp_path / "none.pem")), ConfigError)
    (tmp_path / "empty.pem").write_text("nothing")
    assert str(tmp_path / "empty.pem") in refusal(enter(ca=str(tmp_path / "empty.pem")), ConfigError)


def test_tls_to_a_listener_without_it_says_so(enter: Callable[..., Bus], guarded: Guarded) -> None:
    assert guarded.plain in refusal(enter(bootstrap=guarded.plain), TransientError)


def test_plain_text_to_a_listener_with_tls_says_so(enter: Callable[..., Bus], guarded: Guarded) -> None:
    assert guarded.address in refusal(enter(security="plaintext"), TransientError)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no-such-host.invalid:9092"])
def test_a_wrong_address_is_named_within_the_timeout(opened: Callable[..., Bus], address: str) -> None:
    bus = opened(bootstrap=address, timeout=2, plaintext_hosts=["no-such-host.invalid"])
    assert f"Kafka at {address} cannot tell its topics now" in refusal(bus, TransientError, 3)


def test_a_listener_that_never_answers_is_given_up_within_the_timeout(opened: Callable[..., Bus]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert address in refusal(opened(bootstrap=address, timeout=2), TransientError, 3)
