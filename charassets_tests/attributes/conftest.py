from pathlib import Path

import pytest

TAG_DATA = Path(__file__).parents[3] / "shared" / "data" / "tags"


@pytest.fixture
def tag_data() -> Path:
    if not TAG_DATA.is_dir():
        pytest.skip(f"the real tag lists are not here ({TAG_DATA})")
    return TAG_DATA
