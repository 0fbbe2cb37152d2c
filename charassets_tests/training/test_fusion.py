import json

import numpy as np
import pytest

from charassets.attributes import fusion_files
from charassets.attributes.choice import FEATURES
from charassets.attributes.fusion_files import (
    CALIBRATION,
    POLICY,
    calibration_json,
    in_force,
    parsed,
    policy_json,
    written,
)
from charassets.attributes.vocabulary import load
from charassets.errors import VerificationError
from charassets.lake import artefacts
from charassets.lake.store import open_store
from charassets.studio.labelled import labels_of, write_labelled
from charassets.studio.mistagging import mistag
from charassets.studio.traits import sample_character
from charassets.training import fusion_contest, fusion_fits
from charassets.training.bandit import ARMS, Bandit
from charassets.training.fusion_lessons import lessons, rewards, tag_evidence
from charassets.training.labelled_folder import Labelled, read_labels


def drawn(n, seed=0):
    """Lessons of n characters from corrupted tags and a picture source that is right four times in five."""
    rng = np.random.default_rng(seed)
    whole = [sample_character(5_000_000 + k).attributes for k in range(n)]
    truth = tuple(
        {name: frozenset([v] if isinstance(v, str) else v) for name, v in labels_of(w).items()} for w in whole
    )
    labels = Labelled(tuple(map(str, range(n))), tuple(map(str, range(n))), truth)
    ids = [f"r{k}" for k in range(n)]
    said = tag_evidence([m.line for m in mistag(whole, whole, seed)], ids, load())
    rows = []
    for record, right in zip(ids, truth, strict=True):
        for name in ("Hair Color", "Eye Color", "Gender"):
            values = [v.name for v in load().attributes[name].values]
            value = next(iter(right[name])) if rng.random() < 0.8 else str(rng.choice(values))
            if value in values:
                rows.append(
                    {
                        "record_id": record,
                        "attribute": name,
                        "value": value,
                        "score": 0.7,
                        "source": "head",
                        "detail": "",
                    }
                )
    seen = said.from_pylist(rows, schema=said.schema)
    import pyarrow as pa

    found = lessons(pa.concat_tables([said, seen]), ids, labels.truths(load()), np.arange(n))
    return {name: found[name] for name in ("Hair Color", "Eye Color", "Gender")}


@pytest.fixture(scope="module")
def taught():
    return drawn(900)


def test_curves_say_how_often_a_source_is_right(taught):
    fitted = fusion_fits.witnesses(taught).fitted
    head = fitted["Hair Color"]["head"]
    chance = 1 / (1 + np.exp(-(head.slope * np.log(0.7 / 0.3) + head.offset)))
    assert chance == pytest.approx(0.81, abs=0.05)
    assert fitted["Hair Color"]["tag"].n > 600


def test_fused_beats_tags_and_picture_alone_on_unseen_identities_and_is_calibrated(taught):
    seen, unseen = fusion_contest.parts(taught, 0)
    standing = fusion_contest.hold(seen, unseen, 0)
    assert set(standing) == set(fusion_contest.CONTESTANTS)
    for source in ("tag", "head"):
        only = [{a: x.of_sources(lambda s, kept=source: s == kept) for a, x in part.items()} for part in (seen, unseen)]
        alone = fusion_contest.hold(*only, 0)[fusion_contest.FIXED]
        assert standing[fusion_contest.FIXED].mean > alone.mean + 0.01


def test_rewards_count_a_wrong_answer_as_two_missing_ones():
    accepted = np.array([[True, False, False], [True, False, False], [True, False, False], [False, False, True]])
    said = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0, 0, 1.0]])
    assert rewards(said, accepted, multi=False).tolist() == [1, 0, 0.5, 1]
    several = rewards(
        np.array([[1.0, 0, 0], [1.0, 1.0, 0], [0, 0, 0]]), np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], bool), multi=True
    )
    assert several.tolist() == [0.75, 0.5, 1.0]


def test_a_bandit_learns_from_one_reward_at_a_time_and_goes_on_from_its_numbers():
    rng = np.random.default_rng(0)
    contexts = np.zeros((400, len(FEATURES)))
    contexts[:, 0] = 1
    contexts[:, 1] = rng.random(400) < 0.5  # where words speak Tag Priority is right, else Visual Priority
    learner = Bandit.fresh()
    for first in range(0, 400, 100):
        part = contexts[first : first + 100]
        arms = rng.choice(ARMS, 100)
        best = np.where(part[:, 1] > 0, "Tag Priority", "Visual Priority")
        learner = learner.reviewed(part, arms.tolist(), (arms == best).astype(float))
        learner = Bandit.from_json(json.loads(json.dumps(learner.to_json(), sort_keys=True)))
    expected = np.array([[1, 1], [1, 0]]) @ learner.coefficients[:, :2].T
    assert [ARMS[k] for k in expected.argmax(axis=1)] == ["Tag Priority", "Visual Priority"]
    assert learner.seen.sum() == 400
    with pytest.raises(ValueError, match="other features"):
        Bandit.from_json(learner.to_json() | {"features": ["x"]})


def test_artefacts_go_to_json_and_back_and_only_a_promotion_changes_what_is_in_force(taught, tmp_path):
    store = open_store(str(tmp_path))
    before = in_force(store)
    assert before.digests == in_force(None).digests
    trusted = fusion_fits.witnesses(taught)
    choice = fusion_contest.fitted([fusion_contest.LEARNT], taught, 0)[fusion_contest.LEARNT].choice
    known = fusion_fits.calibrated(taught, trusted, choice)
    new = {CALIBRATION: calibration_json(trusted, known), POLICY: policy_json(choice, {})}
    artefacts.promote(store, CALIBRATION, written(new[CALIBRATION]), {"gain": 0.1})
    after = in_force(store)
    assert after.digests[POLICY] == before.digests[POLICY]
    assert after.digests[CALIBRATION] != before.digests[CALIBRATION]
    assert after.notes[CALIBRATION] == {"gain": 0.1}
    assert after.model.calibration == known
    assert after.model.witnesses == trusted
    again = fusion_files.model_of({k: parsed(written(v), k) for k, v in new.items()})
    rewarded = [
        fusion_fits.earned(taught["Hair Color"], m).mean()
        for m in (again, fusion_fits.FusionModel(trusted, choice, known))
    ]
    assert rewarded[0] == pytest.approx(rewarded[1], abs=1e-3)


def test_a_damaged_artefact_is_refused_in_one_line(tmp_path):
    store = open_store(str(tmp_path))
    made = artefacts.promote(store, CALIBRATION, b"{}", {})
    with pytest.raises(VerificationError, match="cannot be read"):
        in_force(store)
    (tmp_path / "artefacts" / CALIBRATION / made.digest).write_bytes(b"other")
    with pytest.raises(VerificationError, match="damaged"):
        in_force(store)


def test_mistagging_is_seeded_plants_what_it_says_and_forgets_at_its_rates():
    whole = [sample_character(5_000_000 + k).attributes for k in range(400)]
    lines = mistag(whole, whole, 3)
    assert lines == mistag(whole, whole, 3)
    assert lines != mistag(whole, whole, 4)
    coloured = sum("hair" in m.line for m in lines) / 400
    assert 0.9 < coloured <= 1
    wrong = sum("Hair Color" in m.wrong for m in lines) / 400
    assert 0.03 < wrong < 0.12


def test_a_labelled_folder_is_drawn_once_and_its_labels_are_read_back(tmp_path):
    write_labelled(tmp_path, 2, 2)
    first = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    write_labelled(tmp_path, 2, 2)
    assert first == {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    labels = read_labels(tmp_path)
    assert len(labels.files) == 4
    assert len(set(labels.identities)) == 2
    truths = labels.truths(load())
    assert truths["Hair Color"].judged.all()
    assert (truths["Hair Color"].accepted.sum(axis=1) == 1).all()
    assert not truths["Ethnicity"].judged.any()
