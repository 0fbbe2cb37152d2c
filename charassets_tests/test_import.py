"""What importing the package sets, before the libraries that read it."""

import subprocess
import sys

_LOOK = """
import os, sys
import charassets
assert "numpy" not in sys.modules
print(os.environ["OPENBLAS_THREAD_TIMEOUT"], os.environ["YOLO_AUTOINSTALL"])
"""


def test_switches_are_set_before_anything_reads_them_and_leave_others_alone(own_environment, monkeypatch):
    for name in ("OPENBLAS_THREAD_TIMEOUT", "YOLO_AUTOINSTALL"):
        monkeypatch.delenv(name, raising=False)
    assert _told() == ["18", "false"]
    monkeypatch.setenv("OPENBLAS_THREAD_TIMEOUT", "26")
    assert _told() == ["26", "false"]


def _told() -> list[str]:
    return subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True).stdout.split()
