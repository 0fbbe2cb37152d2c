"""A small collection teaches itself: heads, policy and calibration, through a real lake."""

import cv2
import duckdb
import numpy as np
import pyarrow as pa
import pytest

from charassets.attributes.evidence_source import Subject
from charassets.attributes.fusion_files import CALIBRATION, POLICY, in_force
from charassets.attributes.probes import HEADS, ProbeSource, from_bytes
from charassets.attributes.vocabulary import load
from charassets.curation import EditLog, take_snapshot
from charassets.errors import VerificationError
from charassets.evaluation.workspace import evaluate_workspace
from charassets.images.reliability_plot import reliability_plot
from charassets.lake import artefacts
from charassets.lake.workspace import Workspace
from charassets.schema import BOOKS, TABLES
from charassets.settings import EvaluationSettings, load_settings
from charassets.stages.character_attributes import CharacterAttributes
from charassets.stages.visual_evidence import VisualEvidence
from charassets.training.bandit import Bandit
from charassets.training.held_back import held_back, reviewed
from charassets.training.learning import learn_calibration, learn_policy
from charassets.training.probe_lessons import learn_heads
from charassets.warehouse.calibration import create_calibration

COLORS = ("Black", "Blonde", "Red", "Blue")
DIM = 16


def commit(lake, table, rows, shard="shard-00000"):
    schema = TABLES[table].arrow
    ids = dict.fromkeys(row.get("record_id", str(k)) for k, row in enumerate(rows))
    books = [{"record_id": r, "input_digest": b"\0" * 16, "outcome": "row"} for r in ids]
    with lake.writer(table, shard, schema) as writer:
        writer.add(pa.Table.from_pylist(rows, schema=schema), pa.Table.from_pylist(books, schema=BOOKS))
        writer.commit(f"{table}{shard}{len(rows)}", "made by the test", {})


@pytest.fixture
def settings(tmp_path):
    return load_settings({"workspace": str(tmp_path)})


@pytest.fixture
def lake(settings):
    """600 tagged pictures: embeddings that show the colour, and a boastful head that is right three times in five."""
    rng = np.random.default_rng(0)
    lake = Workspace.of(settings).open_lake()
    told, seen, vectors, answers = [], [], [], []
    for k in range(600):
        record, color = f"r{k:03d}", COLORS[k % 4]
        vector = rng.normal(0, 0.5, DIM)
        vector[COLORS.index(color)] += 2
        row = {"record_id": record, "attribute": "Hair Color"}
        told.append({**row, "value": color, "score": 0.9, "source": "tag", "detail": "tag"})
        said = color if rng.random() < 0.6 else str(rng.choice(COLORS))
        seen.append({**row, "value": said, "score": 0.95, "source": "head", "detail": "head"})
        half = (vector / np.linalg.norm(vector)).astype("<f2").tobytes()
        vectors.append({"record_id": record, "crop_id": record, "model": "m", "dim": DIM, "embedding": half})
        answers.append(
            {
                **row,
                "value": color,
                "confidence": 0.9,
                "status": "decided",
                "sources": ["tag"],
                "strategy": "Tag Priority",
            }
        )
    for table, rows in (
        ("tag_evidence", told),
        ("visual_evidence", seen),
        ("clip_embeddings", vectors),
        ("character_attributes", answers),
    ):
        commit(lake, table, rows)
    return lake


def test_heads_learn_the_collections_tags_and_only_their_promotion_makes_evidence_stale(lake, settings):
    before = VisualEvidence(settings).own_fingerprint()
    learned = learn_heads(lake, settings)
    assert learned.promoted
    assert learned.gain.low > 0.3
    assert learned.figures["right/Hair Color"] > 0.9 > learned.figures["right_before/Hair Color"]
    assert VisualEvidence(settings).own_fingerprint() != before
    again = learn_heads(lake, settings)
    assert not again.promoted
    assert "not a fifth more" in again.why
    assert not learn_heads(lake, settings, again=True).promoted  # no better than itself


def test_heads_answer_as_evidence_and_stay_silent_for_another_embedder(lake, settings):
    learn_heads(lake, settings)
    red = np.zeros(DIM)
    red[COLORS.index("Red")] = 1
    subjects = [Subject(embedding=red.astype(np.float16)), Subject(tags="x")]
    told = ProbeSource(settings, load()).answers(subjects)
    assert (told[0][0].attribute, told[0][0].value, told[0][0].source) == ("Hair Color", "Red", "probe")
    assert "learnt from" in told[0][0].detail
    assert told[1] == []
    content = artefacts.current(lake.store, HEADS).content
    artefacts.promote(lake.store, HEADS, content.replace(from_bytes(content).embedder.encode(), b"0" * 64), {})
    assert ProbeSource(settings, load()).answers(subjects) == [[], []]
    artefacts.promote(lake.store, HEADS, b"no such file", {})
    with pytest.raises(VerificationError, match="heads in force cannot be read"):
        ProbeSource(settings, load()).answers(subjects)


def test_held_back_tags_are_truth_and_no_part_of_the_evidence(lake):
    lesson = held_back(lake, clip=False)["Hair Color"]
    assert lesson.ballot.sources == ("head",)
    assert len(lesson.groups) == 600
    assert (lesson.accepted.sum(axis=1) == 1).all()


def test_calibration_is_promoted_when_it_makes_unseen_answers_likelier_and_says_so_when_not(lake, settings):
    before = CharacterAttributes(settings).own_fingerprint()
    learned = learn_calibration(lake, settings)
    assert learned.promoted
    assert learned.figures["ece/Hair Color"] < 0.1 < learned.figures["ece_before/Hair Color"]
    assert CharacterAttributes(settings).own_fingerprint() != before
    known = in_force(lake.store).model.calibration.attributes
    assert known["Hair Color"].worded == in_force(None).model.calibration.attributes["Hair Color"].worded
    again = learn_calibration(lake, settings)
    assert not again.promoted
    assert again.digest == learned.digest


def test_stacking_is_promoted_where_it_tells_a_modest_source_from_a_boastful_one(lake, settings):
    rng = np.random.default_rng(1)
    seen = [dict(row) for fragment in lake.fragments("visual_evidence") for row in fragment.read().to_pylist()]
    for k in range(600):
        right = rng.random() < 0.93
        value = COLORS[k % 4] if right else str(rng.choice(COLORS))
        row = {"record_id": f"r{k:03d}", "attribute": "Hair Color", "source": "tagger", "detail": "tagger"}
        seen.append({**row, "value": value, "score": 0.55})
    commit(lake, "visual_evidence", sorted(seen, key=lambda row: row["record_id"]))
    learned = learn_policy(lake, settings)
    assert learned.figures["best"] == "stacking"
    assert learned.figures["reward/stacking"] > learned.figures["reward/in force"]
    assert learned.promoted and learned.gain.low > 0
    choice = in_force(lake.store).model.choice
    assert not choice.stacked["Hair Color"].words, "held-back tags say nothing of pictures that words describe"
    assert choice.fixed == in_force(None).model.choice.fixed
    again = learn_policy(lake, settings)
    assert not again.promoted


def test_a_policy_that_is_no_better_is_not_promoted(lake, settings):
    first = learn_policy(lake, settings)
    assert set(first.figures) >= {
        "reward/in force",
        "reward/best fixed strategy",
        "reward/learned choice",
        "reward/stacking",
    }
    assert first.promoted == (first.gain.low > 0)
    again = learn_policy(lake, settings)
    assert not again.promoted
    assert in_force(lake.store).digests[POLICY] == again.digest
    assert in_force(lake.store).digests[CALIBRATION] == in_force(None).digests[CALIBRATION]


def test_reviews_reward_only_the_strategy_that_had_decided(lake, settings):
    log = EditLog(Workspace.of(settings).root / "curation" / "edits.sqlite")
    log.append("attribute.set", {"record_ids": ["r000", "r004"], "attribute": "Hair Color", "value": "Black"})
    log.append("attribute.set", {"record_ids": ["r001"], "attribute": "Hair Color", "value": "Red"})
    take_snapshot(log, lake)
    after, seen = reviewed(lake, {"Hair Color": Bandit.fresh()}, in_force(None).model.witnesses)
    assert (seen.reviews, seen.agreed) == (3, 2)
    assert dict(zip(after["Hair Color"].to_json()["arms"], after["Hair Color"].seen.tolist(), strict=True)) == {
        "Conservative CLIP": 0, "Aggressive CLIP": 0, "Tag Priority": 3, "Visual Priority": 0, "Ensemble Weighted": 0,
        "Uncertainty Aware": 0,
    }  # fmt: skip


def test_reviews_are_truth_that_the_workspace_is_measured_against_once_there_are_enough(lake, settings):
    quiet = settings.model_copy(update={"evaluation": EvaluationSettings(identities=0)})
    assert evaluate_workspace(lake, quiet).measured == {}
    log = EditLog(Workspace.of(settings).root / "curation" / "edits.sqlite")
    for k in range(60):  # two in three agree with the tag; the others say what neither tag nor head says
        value = COLORS[k % 4] if k % 3 else "Green"
        log.append("attribute.set", {"record_ids": [f"r{k:03d}"], "attribute": "Hair Color", "value": value})
    log.append("attribute.set", {"record_ids": ["r001"], "attribute": "Eye Color", "value": "Red"})
    take_snapshot(log, lake)
    found = evaluate_workspace(lake, quiet)
    assert found.records == {"reviews": 60}
    fused = {m.attribute: m for m in found.measured["reviews"] if m.source == "fused"}
    assert set(fused) == {"Hair Color"}, "one review of the eyes says nothing"
    assert fused["Hair Color"].judged == 60
    tag = next(m for m in found.measured["reviews"] if m.source == "tag")
    assert tag.right == 40 and tag.precision == pytest.approx(2 / 3)


def test_an_empty_collection_teaches_nothing_and_says_so(settings):
    lake = Workspace.of(settings).open_lake()
    for learn in (learn_heads, learn_policy, learn_calibration):
        learned = learn(lake, settings)
        assert not learned.promoted
        assert "too few tagged pictures" in learned.why


def test_a_calibration_is_drawn_small_and_its_levels_are_a_table(lake, settings):
    learned = learn_calibration(lake, settings)
    bins = learned.reliability["Hair Color"]
    assert max(abs(b.confidence - b.right) for b in bins) < 0.25
    panels = {f"attribute {k}": [(b.confidence, b.right, b.n) for b in bins] for k in range(16)}
    picture = reliability_plot(panels)
    assert len(picture) < 60_000
    shape = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape
    assert shape == (4 * 168, 5 * 150, 3)
    with duckdb.connect() as con:
        create_calibration(con, in_force(lake.store))
        query = "SELECT told, wrong FROM calibration WHERE attribute = 'Hair Color' AND NOT words ORDER BY told DESC LIMIT 1"
        assert con.execute(query).fetchone()[0] > 0
