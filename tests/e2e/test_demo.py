"""The demonstration: sample feeds in, exactly the expected alerts out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_demonstration_raises_every_expected_alert_and_no_other() -> None:
    command = [sys.executable, "-m", "pipelines.cli", "demo"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "Every expected alert came, and no other." in done.stdout
