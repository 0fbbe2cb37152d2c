import asyncio
import io
import shutil

import httpx
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from app.server import create_app, guarded
from charassets import warehouse
from charassets.lake.workspace import Workspace
from charassets_tests.warehouse.small_lake import RECORDS, built_lake, settings_for


def webp(colour, size=(200, 300)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "WEBP")
    return buffer.getvalue()


@pytest.fixture
def place(built, tmp_path):
    """A workspace with a warehouse whose crops are real pictures, for one test to change."""
    shutil.copytree(built, tmp_path / "work")
    settings = settings_for(tmp_path / "work")
    return Workspace.of(settings), settings


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    return pictured(settings_for(tmp_path_factory.mktemp("app") / "work")).root


def pictured(settings):
    """The small lake with pictures for crops, and its warehouse."""
    workspace, lake = built_lake(settings)
    for fragment in lake.fragments("single_character_images"):
        rows, books = fragment.read(), fragment.read(role="books")
        crops = [None if crop is None else webp((10 * i, 90, 90)) for i, crop in enumerate(rows["crop"].to_pylist())]
        rows = rows.set_column(rows.schema.get_field_index("crop"), "crop", pa.array(crops, pa.binary()))
        with lake.writer("single_character_images", fragment.manifest.shard, rows.schema) as writer:
            writer.add(rows, books)
            writer.commit("crops", "stage", {})
    warehouse.build(workspace, lake, settings)
    return workspace


class Client:
    """Requests to the guarded application, without a socket."""

    def __init__(self, app, token=None, **rules):
        self.app = guarded(app, token=token, **rules)

    def __call__(self, method, path, headers=None, base="http://127.0.0.1", **rest):
        async def sent():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("127.0.0.1", 5000))
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                return await client.request(method, path, headers=headers, **rest)

        return asyncio.run(sent())

    def get(self, path, **rest):
        return self("GET", path, **rest)

    def post(self, path, json=None, **rest):
        return self("POST", path, json=json, **rest)


@pytest.fixture
def client(place):
    return Client(create_app(*place, pages=False))


@pytest.fixture(scope="session")
def kept():
    from charassets_tests.warehouse.small_lake import FATES

    return sorted(record.name for record in RECORDS if FATES[record.name] == "kept")


@pytest.fixture(scope="session")
def png():
    pixels = np.random.default_rng(3).integers(0, 255, (300, 200, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
