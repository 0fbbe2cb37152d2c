"""Close looks that were answered before a run was stopped are not asked for again, and leave nothing behind."""

import pyarrow as pa
import pytest

from charassets.images.preview import encoded
from charassets.lake.drafts import Drafts
from charassets.lake.fragments import Lake
from charassets.lake.verify import verify
from charassets.similarity import looker, looks
from charassets.stages.collection import ALL, run_collection
from charassets.stages.near_duplicates import ANSWERED, GIVEN, NearDuplicates, answers_of
from charassets.stages.pipeline import collection_stages
from charassets.studio.scenes import draw_scene
from charassets_tests.warehouse.small_lake import RECORDS, built_lake, settings_for

_BREAKS_AFTER, _TOLD_EVERY = 25, 5


@pytest.fixture
def pictured(tmp_path):
    """A lake whose pictures have previews that nobody has compared yet, and its settings."""
    settings = settings_for(tmp_path / "w", decode_threads=2)
    _, lake = built_lake(settings, RECORDS)
    for fragment in lake.fragments("single_character_images"):
        rows, books = fragment.read(), fragment.read(role="books")
        previews = [
            None if content is None else encoded(draw_scene(sum(content.encode()), 96, kind="single").pixels, None)
            for content in rows["image_id"].to_pylist()
        ]
        rows = rows.set_column(rows.schema.get_field_index("preview"), "preview", pa.array(previews, pa.binary()))
        with lake.writer("single_character_images", fragment.manifest.shard, rows.schema) as writer:
            writer.add(rows, books)
            writer.commit("previews", "stage", {})
    return lake, settings


def counted(monkeypatch, breaks_after=None) -> list[int]:
    """Count the pairs that are judged, and break off after some."""
    judged: list[int] = []
    judge = looker.judge

    def judging(*pair):
        if len(judged) == breaks_after:
            raise InterruptedError("the power went")
        judged.append(1)
        return judge(*pair)

    monkeypatch.setattr(looker, "judge", judging)
    return judged


def kept(lake: Lake) -> int:
    found = Drafts(lake.store, "near_duplicates").found(ANSWERED)
    return 0 if found is None else len(found)


def test_a_stopped_run_goes_on_with_the_answers_it_had(pictured, monkeypatch):
    lake, settings = pictured
    stage = collection_stages(settings)["near_duplicates"]
    assert isinstance(stage, NearDuplicates)
    monkeypatch.setattr(looks, "TOLD_EVERY", _TOLD_EVERY)
    with monkeypatch.context() as patch:
        counted(patch, _BREAKS_AFTER)
        with pytest.raises(InterruptedError):
            run_collection(stage, lake)
    stood = kept(lake)
    assert _BREAKS_AFTER / 2 < stood <= _BREAKS_AFTER
    assert verify(lake).damage == ()

    with monkeypatch.context() as patch:
        rest = counted(patch)
        resumed = run_collection(stage, lake)
    assert kept(lake) == 0
    fragment = lake.fragment("near_duplicates", ALL)
    assert fragment is not None
    answers = fragment.read(role=GIVEN)
    assert len(rest) == len(answers) - stood

    for entry in list(lake.store.files("near_duplicates")):
        lake.store.delete(entry.path)
    with monkeypatch.context() as patch:
        every = counted(patch)
        undisturbed = run_collection(stage, lake)
    assert len(every) == len(answers)
    assert [f.sha256 for f in resumed.manifest.files] == [f.sha256 for f in undisturbed.manifest.files]


def test_answers_of_a_lake_that_was_written_before_decision_073_are_taken_over(pictured, monkeypatch):
    lake, settings = pictured
    stage = collection_stages(settings)["near_duplicates"]
    run_collection(stage, lake)
    fragment = lake.fragment("near_duplicates", ALL)
    assert fragment is not None
    before = answers_of(lambda role: fragment.read(role=role))
    assert before is not None and len(before.pairs) > 0
    with lake.writer("near_duplicates", ALL, stage.schema) as writer:
        writer.add(fragment.read(), fragment.read(role="books"))
        writer.keep(ANSWERED, before.spelled())
        writer.commit("older", fragment.manifest.stage_fingerprint, {})
    with monkeypatch.context() as patch:
        judged = counted(patch)
        run_collection(stage, lake)
    again = lake.fragment("near_duplicates", ALL)
    assert again is not None and judged == []
    assert not again.manifest.has(ANSWERED)
    after = answers_of(lambda role: again.read(role=role))
    assert after is not None and after.spelled().equals(before.spelled())
