"""Everything here needs the cluster of ``make test-flink``."""

from __future__ import annotations

import pytest
from clustered import BROKER, REST


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/flink/" in str(item.path):
            item.add_marker(pytest.mark.flink)
            item.add_marker(pytest.mark.timeout(600))
            if not (BROKER and REST):
                item.add_marker(pytest.mark.skip(reason="NO CLUSTER: `make test-flink` starts one (it needs Java 17)"))
