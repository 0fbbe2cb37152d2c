"""Sources small enough for a test, and a workspace that knows them."""

import dagster as dg
import yaml
from PIL import Image, ImageDraw

from charassets.definitions import defs
from charassets.defs.partitions import SHARDS, range_tags
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets.sources.intake import take_in

TAGS = ["1girl, solo, blonde hair, blue eyes", "1boy, solo, black hair", "1girl, solo, red hair, smile"]


def draw(path, seed, tags):
    """A picture that no other seed gives, with its tags beside it."""
    image = Image.new("RGB", (120, 160), (40 * seed % 256, 90, 255 - 30 * seed % 256))
    pen = ImageDraw.Draw(image)
    for i in range(12):
        x, y = (37 * i * (seed + 1)) % 100, (53 * i + 29 * seed) % 140
        pen.ellipse([x, y, x + 8 + 3 * i, y + 14], fill=(17 * i % 256, 61 * seed % 256, 200))
    image.save(path)
    path.with_suffix(".txt").write_text(tags)
    return path


def folder_of(path, pictures, first=0):
    path.mkdir(parents=True, exist_ok=True)
    for i in range(first, first + pictures):
        draw(path / f"{i:03d}.png", i, TAGS[i % len(TAGS)])
    return path


def workspace_over(folder, root, **settings):
    """A workspace whose settings file names one source and whose ledger has its shards; two records a shard."""
    root.mkdir(parents=True, exist_ok=True)
    content = {"sources": [{"name": "pictures", "path": str(folder)}], "shards": {"records": 2}, **settings}
    (root / "charassets.yaml").write_text(yaml.safe_dump(content))
    return list_again(root)


def list_again(root):
    settings = settings_of(root)
    workspace = Workspace.of(settings)
    with workspace.locked():
        take_in(settings, workspace.open_lake())
    return workspace


def settings_of(root):
    return load_settings({"workspace": str(root)}, root / "charassets.yaml")


def overrides_of(root):
    """What a run is told so that it finds this workspace, whatever the environment says."""
    settings = settings_of(root)
    flags = settings.model_dump(mode="json", include={"sources", "shards", "detector", "embedder", "gates"})
    return {"workspace": str(root), **flags}


def materialize(instance, root, keys, *tables):
    """Materialize per-shard assets of a workspace on a span of shards, with their checks; never raises."""
    register(instance, keys)
    return execute(instance, root, tags=range_tags(keys), assets=tables)


def execute(instance, root, *, tags=None, assets=(), checks=None):
    """Run chosen assets, and chosen checks or those of the assets."""
    whole = defs().resolve_implicit_global_asset_job_def()
    job = whole.get_subset(
        asset_selection={dg.AssetKey(table) for table in assets},
        asset_check_selection=None if checks is None else {dg.AssetCheckKey(dg.AssetKey(t), n) for t, n in checks},
    )
    config = {
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        "resources": {"workbench": {"config": {"overrides": overrides_of(root)}}},
    }
    return job.execute_in_process(config, instance=instance, tags=tags, raise_on_error=False)


def register(instance, keys):
    known = set(instance.get_dynamic_partitions(SHARDS))
    instance.add_dynamic_partitions(SHARDS, [key for key in keys if key not in known])


def events(instance, table):
    """Latest materialization of each shard of a table."""
    records = instance.fetch_materializations(dg.AssetKey(table), limit=200).records
    latest = {}
    for record in records:
        latest.setdefault(record.partition_key, record.asset_materialization)
    return latest


def numbers(event):
    return {name: value.value for name, value in event.metadata.items()}
