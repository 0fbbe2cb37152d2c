"""charassets: Dagster data assets that turn drawn-character images with noisy tags into training sets people trust.

Importing the package sets the safety switches of the libraries underneath before any of them can be imported: no pickle
is ever executed, nothing is installed or fetched behind the user's back, nothing is reported to anybody. And it asks threads of
matrix products and loops to sleep when one is done.
"""

import os as _os
from pathlib import Path as _Path

__version__ = "0.1.0"

_SAFETY_SWITCHES = {
    "ULTRALYTICS_SAFE_LOAD": "1",  # a .pt checkpoint may hold tensors, never code
    "YOLO_AUTOINSTALL": "false",  # a checkpoint naming a missing module would otherwise pip-install that name
    "YOLO_OFFLINE": "true",
    "YOLO_VERBOSE": "false",
    # Its settings file would otherwise be shared with, and changed under, the user's own ultralytics projects.
    "YOLO_CONFIG_DIR": str(_Path(_os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "charassets"),
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "RAY_AUTH_MODE": "token",  # who reaches a Ray port may run anything; read when ray is imported
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",  # its fork warning would reach stderr from decode threads
}
_THRIFT = {
    # OpenBLAS's threads spin for 2**26 cycles after a product, 27 ms of a core that others could use; 2**18 are 0.1 ms, and
    # products that follow each other take as long.
    "OPENBLAS_THREAD_TIMEOUT": "18",
    # Threads of PyTorch and FAISS spin for milliseconds where the next loop may come: a tenth of what the neighbour graph and the
    # characters take, and nothing comes sooner.
    "OMP_WAIT_POLICY": "PASSIVE",
}
for _name, _value in (*_SAFETY_SWITCHES.items(), *_THRIFT.items()):
    _os.environ.setdefault(_name, _value)
