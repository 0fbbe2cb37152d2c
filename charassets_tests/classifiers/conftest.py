"""A collection of heroes and villains whose embeddings tell them apart, built once."""

import pytest

from charassets import warehouse
from charassets_tests.classifiers.paintings import paintings
from charassets_tests.warehouse.small_lake import Drawn, built_lake, settings_for


def drawn(count=90):
    """Heroes between 0 and 80 degrees, villains between 100 and 180; every fifth picture has an exact copy."""
    for k in range(count):
        side, angle = ("hero", 80 * k / count) if k % 2 else ("villain", 100 + 80 * k / count)
        yield Drawn(f"{side}/{k}", degrees=angle, phash=k * 0x9E3779B97F4A7C15 % 2**63, image=f"picture {k}")
        if k % 5 == 0:
            yield Drawn(f"{side}/{k}-again", degrees=angle, phash=k * 0x9E3779B97F4A7C15 % 2**63, image=f"picture {k}")


@pytest.fixture(scope="session")
def heroes(tmp_path_factory):
    """Workspace, lake and settings."""
    settings = settings_for(tmp_path_factory.mktemp("heroes") / "work")
    workspace, lake = built_lake(settings, tuple(drawn()))
    warehouse.build(workspace, lake, settings)
    return workspace, lake, settings


@pytest.fixture(scope="session")
def gallery(tmp_path_factory):
    """Workspace, lake and settings of small paintings."""
    settings = settings_for(tmp_path_factory.mktemp("gallery") / "work")
    workspace, lake = built_lake(settings, tuple(paintings()))
    warehouse.build(workspace, lake, settings)
    return workspace, lake, settings
