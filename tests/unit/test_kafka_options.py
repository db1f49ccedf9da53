"""What the bus on Kafka takes as its options, and how it names its errors; no broker is needed."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from kafka import errors as theirs
from pydantic import ValidationError

from connectors.buses.kafka import Options
from connectors.errors import ConfigError, RejectedError, TransientError
from connectors.kafkaclients import ours

SECRET = 'p"a\\ss: ä\U0001f511'


def options(**given: Any) -> Options:
    return Options.model_validate({"bootstrap": "127.0.0.1:9092", **given})


def refused(**given: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        options(**given)
    return str(caught.value)


@pytest.mark.parametrize(
    "written",
    ["127.0.0.1:9092,localhost:9093", "127.0.0.1:9092 , localhost:9093", ["127.0.0.1:9092", "localhost:9093"]],
)
def test_brokers_are_a_text_or_a_list(written: Any) -> None:
    assert options(bootstrap=written).bootstrap == ("127.0.0.1:9092", "localhost:9093")


@pytest.mark.parametrize("written", ["", [], "127.0.0.1", ":9092", "127.0.0.1:kafka", "127.0.0.1:9092,"])
def test_a_broker_is_a_host_and_a_port(written: Any) -> None:
    assert "bootstrap" in refused(bootstrap=written)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_this_machine_may_be_reached_in_plain_text(host: str) -> None:
    assert options(bootstrap=f"{host}:9092").security == "plaintext"


@pytest.mark.parametrize("host", ["kafka", "10.0.0.1", "[::2]", "127.0.0.1.example", "localhost.example", "0.0.0.0"])
@pytest.mark.parametrize("security", ["plaintext", "sasl_plaintext"])
def test_another_machine_in_plain_text_is_refused_and_it_is_said_what_to_do(host: str, security: str) -> None:
    told = refused(bootstrap=["localhost:9092", f"{host}:9092"], security=security, user="u", password=SECRET)
    assert host in told
    assert "use ssl or sasl_ssl, or name the host under plaintext_hosts" in told
    assert SECRET not in told


def test_another_machine_in_plain_text_may_be_named() -> None:
    options(bootstrap="kafka:9092", plaintext_hosts=["kafka"])
    assert "broker" in refused(bootstrap="kafka:9092,broker:9092", plaintext_hosts=["kafka"])
    options(bootstrap="kafka:9092", security="ssl")


@pytest.mark.parametrize("given", [{}, {"user": "u"}, {"password": SECRET}])
def test_sasl_needs_a_user_and_a_password(given: dict[str, str]) -> None:
    told = refused(security="sasl_ssl", **given)
    assert "needs a user, and a password or a password_file" in told
    assert SECRET not in told


def test_a_password_is_given_or_its_file_not_both() -> None:
    told = refused(security="sasl_ssl", user="u", password=SECRET, password_file="secret")
    assert "give password or password_file, not both" in told
    assert SECRET not in told


@pytest.mark.parametrize("prefix", ["a b", "a/", "ä", "a" * 101])
def test_a_prefix_that_no_topic_can_have_is_refused(prefix: str) -> None:
    assert "prefix" in refused(prefix=prefix)


@pytest.mark.parametrize(
    "given", [{"timeout": 0.5}, {"replication": 0}, {"security": "tls"}, {"mechanism": "PLAIN"}, {"brokers": "x:1"}]
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any]) -> None:
    assert next(iter(given)) in refused(**given)


def test_a_password_survives_the_way_to_a_worker_and_is_never_shown() -> None:
    given = options(security="sasl_ssl", user="desk", password=SECRET, ca=Path("ca.pem"), plaintext_hosts=["b", "a"])
    assert Options.model_validate_json(given.model_dump_json()) == given
    assert SECRET not in f"{given!r} {given}"
    with pytest.raises(ValidationError, match="frozen"):
        given.password = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (theirs.SaslAuthenticationFailedError("no"), ConfigError, "refuses user 'desk'.*bus.password"),
        (theirs.UnsupportedSaslMechanismError("no"), ConfigError, "refuses user 'desk'"),
        (theirs.TopicAuthorizationFailedError("a"), ConfigError, "does not allow user 'desk' to append"),
        (theirs.GroupAuthorizationFailedError("g"), ConfigError, "does not allow"),
        (theirs.InvalidTopicError("a b"), ConfigError, "will never append"),
        (theirs.MessageSizeTooLargeError("big"), RejectedError, "too_large"),
        (theirs.KafkaTimeoutError("late"), TransientError, "127.0.0.1:9092 cannot append now: .*late"),
        (theirs.NotLeaderForPartitionError(), TransientError, "cannot append now"),
        (theirs.KafkaError(), TransientError, "KafkaError"),
        (ConnectionRefusedError(111, "refused"), TransientError, "refused"),
        (TimeoutError(), TransientError, "TimeoutError"),
        (theirs.KafkaConnectionError("CERTIFICATE_VERIFY_FAILED"), ConfigError, "not trusted"),
    ],
)
def test_every_error_of_kafka_is_one_of_ours(error: Exception, kind: type[Exception], words: str) -> None:
    given = options(security="sasl_ssl", user="desk", password=SECRET)
    with pytest.raises(kind, match=words) as caught, ours(given, "append"):
        raise error
    assert SECRET not in str(caught.value)


def test_an_error_of_kafka_that_leaves_the_outcome_open_says_so() -> None:
    with pytest.raises(TransientError, match="whether it was done is unknown"), ours(options(), "append", unknown=True):
        raise theirs.KafkaTimeoutError


def test_a_bug_is_no_error_of_kafka() -> None:
    with pytest.raises(ZeroDivisionError), ours(options(), "append"):
        raise ZeroDivisionError


def test_every_error_there_is_becomes_one_of_ours() -> None:
    kinds = [kind for kind in vars(theirs).values() if isinstance(kind, type) and issubclass(kind, theirs.KafkaError)]
    assert len(kinds) > 50
    for kind in kinds:
        with pytest.raises((ConfigError, RejectedError, TransientError)), ours(options(), "append"):
            raise kind("x")


def test_the_client_keeps_quiet_below_errors() -> None:
    assert not logging.getLogger("kafka.net").isEnabledFor(logging.WARNING)
