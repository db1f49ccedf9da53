"""As a stranger installs it: the built wheel in an environment of its own, outside any checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from newsroom import Newsroom, items

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    return done.stdout


def test_the_wheel_starts_a_configuration_and_runs_it(tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=ROOT)
    (wheel,) = (tmp_path / "dist").glob("wirewatch-*.whl")
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env/bin/python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])", cwd=tmp_path).strip())
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--quiet", wheel, cwd=tmp_path)
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"])  # their .pth files are not followed
    where = run(python, "-c", "import pipelines; print(pipelines.__file__)", cwd=tmp_path)
    assert str(site) in where, "the checkout is tested, not the wheel"
    wirewatch = tmp_path / "env/bin/wirewatch"
    run(wirewatch, "init", "news", cwd=tmp_path)
    folder = tmp_path / "news"
    assert "no mistakes" in run(wirewatch, "check", cwd=folder)
    world = items(60, 2, 4)
    with Newsroom(world, 2, step=30).serving() as base:
        feeds = "".join(f"- {{name: feed{n}, type: rss, url: '{base}/{n}', interval: 1s}}\n" for n in range(2))
        (folder / "mine.yaml").write_text(feeds)
        out = run(wirewatch, "run", "--feeds", "mine.yaml", "--until-idle", cwd=folder)
    assert out.count("nagorno-karabakh") >= sum(i.alerts and not i.copy for i in world)
    assert (folder / "alerts/nagorno-karabakh.atom").is_file()
    assert '"accepted": 60' in run(wirewatch, "status", "--json", cwd=folder).replace('"accepted":60', '"accepted": 60')
