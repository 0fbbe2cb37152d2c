import pytest
from dagster._core.storage.defs_state.base import set_defs_state_storage


@pytest.fixture(autouse=True)
def no_instance_left_over():
    """Dagster remembers the last instance of the process, and instances that do not close in order leave a dead one behind."""
    with set_defs_state_storage(None):
        yield
