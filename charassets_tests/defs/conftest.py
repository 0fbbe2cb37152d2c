import gc

import pytest
from dagster._core.storage.defs_state.base import set_defs_state_storage


@pytest.fixture(autouse=True)
def no_instance_left_over():
    """Dagster remembers the last instance of the process, and instances that do not close in order leave a dead one behind.

    Sensor and schedule contexts close when they are collected; were that in the middle of the next test, they would put a
    storage back whose folder is gone.
    """
    gc.collect()
    with set_defs_state_storage(None):
        yield
