"""The demo's workspace, made once for all pages and the notebook."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """Variables of a process that sees this clone and nobody's workspace."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CHARASSETS_")}
    return {**plain, "PATH": path, "PYTHONPATH": str(ROOT), **more}


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Path:
    workspace = tmp_path_factory.mktemp("docs") / "demo"
    call = [sys.executable, "-m", "charassets.cli", "demo", "--workspace", str(workspace)]
    done = subprocess.run(call, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return workspace
