"""What importing the package sets, before the libraries that read it."""

import subprocess
import sys

_LOOK = """
import os, sys
import charassets
assert "numpy" not in sys.modules
print(*(os.environ[name] for name in sys.argv[1:]))
"""

_NAMES = ("OPENBLAS_THREAD_TIMEOUT", "OMP_WAIT_POLICY", "YOLO_AUTOINSTALL")


def test_switches_are_set_before_anything_reads_them_and_leave_others_alone(own_environment, monkeypatch):
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)
    assert _told() == ["18", "PASSIVE", "false"]
    monkeypatch.setenv("OPENBLAS_THREAD_TIMEOUT", "26")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert _told() == ["26", "ACTIVE", "false"]


def _told() -> list[str]:
    return subprocess.run(
        [sys.executable, "-c", _LOOK, *_NAMES], capture_output=True, text=True, check=True
    ).stdout.split()
