import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charassets.attributes.ballots import collect
from charassets.attributes.choice import NAMES, STACKING, Choice, features
from charassets.attributes.evidence import Evidence, from_words, to_table
from charassets.attributes.stacking import Stack
from charassets.attributes.stacking import fit as fit_stack
from charassets.attributes.strategies import STRATEGIES, answers, pooled
from charassets.attributes.tags import parse
from charassets.attributes.vocabulary import load
from charassets.attributes.witnesses import Witness, Witnesses, weigh
from charassets.schema import TAG_EVIDENCE

SIX = [
    "Conservative CLIP", "Aggressive CLIP", "Tag Priority", "Visual Priority", "Ensemble Weighted", "Uncertainty Aware",
]  # fmt: skip


def seen(value, score, source="head", attribute="Hair Color"):
    return Evidence(attribute, value, score, source, source)


def weighed(*records, attribute="Hair Color", witnesses=None):
    told = {f"r{k}": [*from_words([parse(line)]), *rows] for k, (line, *rows) in enumerate(records)}
    ballots = collect(to_table(told, TAG_EVIDENCE.arrow), list(told), load())
    ballot = next(b for b in ballots if b.attribute.name == attribute)
    return weigh(ballot, witnesses or Witnesses())


def said(strategy, *record):
    counted = weighed(record)
    best = STRATEGIES[strategy](counted).argmax(axis=1)[0]
    return counted.ballot.options[best]


def test_there_are_the_six_strategies_by_name():
    assert list(STRATEGIES) == SIX


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (("blonde_hair", seen("Black", 0.6)), ["Blonde", "Black", "Blonde", "Black", "Blonde", "Blonde"]),
        (("blonde_hair", seen("Black", 0.97)), ["Blonde", "Black", "Blonde", "Black", "Black", "Unknown"]),
        (("", seen("Black", 0.6)), ["Unknown", "Black", "Black", "Black", "Black", "Black"]),
        (("", seen("Black", 0.9)), ["Black"] * 6),
        (("blonde_hair", seen("Black", 0.2)), ["Blonde", "Blonde", "Blonde", "Black", "Blonde", "Blonde"]),
        (("",), ["Unknown"] * 6),
        (
            ("", seen("Black", 0.6), seen("Blue", 0.55, "colour"), seen("Blue", 0.5, "tagger")),
            ["Blue", "Black", "Blue", "Blue", "Blue", "Blue"],
        ),
    ],
)
def test_each_strategy_answers_in_its_own_way(record, expected):
    assert [said(name, *record) for name in SIX] == expected


def test_a_lone_claim_gives_its_value_exactly_its_chance_and_agreeing_ones_add_up():
    alone = weighed(("blonde_hair",))
    together = weighed(("blonde_hair", seen("Blonde", 0.6)))
    place = alone.ballot.options.index("Blonde")
    assert STRATEGIES["Ensemble Weighted"](alone)[0, place] == pytest.approx(0.9, abs=1e-6)
    assert STRATEGIES["Ensemble Weighted"](together)[0, place] > 0.98


_ROWS = st.lists(
    st.builds(
        seen,
        st.sampled_from([v.name for v in load().attributes["Hair Color"].values] + ["Unknown"]),
        st.floats(0, 1),
        st.sampled_from(["head", "clip", "colour", "tag", "text"]),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=60)
@given(st.lists(_ROWS, min_size=1, max_size=4))
def test_chances_are_shares_and_no_record_depends_on_its_company(records):
    together = weighed(*(("", *rows) for rows in records))
    for strategy in STRATEGIES.values():
        chances = strategy(together)
        assert np.allclose(chances.sum(axis=1), 1)
        assert (chances[together.ballot.closed] == 0).all()
        for k, rows in enumerate(records):
            assert np.allclose(strategy(weighed(("", *rows)))[0], chances[k])
    assert ((features(together) >= 0) & (features(together) <= 1 + 1e-9)).all()


def test_a_fitted_source_is_believed_as_its_curve_says_and_never_above_its_cap():
    curve = {"Hair Color": {"head": Witness(1.0, 2.0), "colour": Witness(1.0, 2.0, cap=0.4)}}
    counted = weighed(("", seen("Black", 0.5), seen("Blue", 0.5, "colour")), witnesses=Witnesses(curve))
    options, sources = counted.ballot.options, counted.ballot.sources
    assert counted.chances[0, options.index("Black"), sources.index("head")] == pytest.approx(1 / (1 + np.exp(-2)))
    assert counted.chances[0, options.index("Blue"), sources.index("colour")] == 0.4
    off = Witnesses(curve, {"head": 0.0})
    assert weighed(("", seen("Black", 0.9)), witnesses=off).chances.max() == 0


def test_a_choice_uses_the_strategy_that_it_learnt_to_expect_most_of():
    counted = weighed(("blonde_hair", seen("Black", 0.6)), ("", seen("Black", 0.6)))
    spoken = features(counted)[:, 1]
    coefficients = np.zeros((6, features(counted).shape[1]))
    coefficients[SIX.index("Visual Priority"), 1] = 1.0  # where words speak
    coefficients[SIX.index("Conservative CLIP"), 0] = 0.5  # everywhere
    chances, used = Choice(learnt={"Hair Color": coefficients}).chances(counted)
    assert spoken.tolist() == [1, 0]
    assert [SIX[k] for k in used] == ["Visual Priority", "Conservative CLIP"]
    assert [counted.ballot.options[k] for k in chances.argmax(axis=1)] == ["Black", "Unknown"]


def test_stacking_learns_that_a_source_is_always_wrong():
    rng = np.random.default_rng(0)
    names = [v.name for v in load().attributes["Hair Color"].values][:4]
    records, right = [], []
    for _ in range(200):
        truth, lie = rng.choice(names, 2, replace=False)
        records.append(("", seen(str(truth), 0.5, "colour"), seen(str(lie), 0.8, "head")))
        right.append(str(truth))
    counted = weighed(*records)
    accepted = np.array([[option == truth for option in counted.ballot.options] for truth in right])
    naive = answers(pooled(counted, np.ones(2, bool)), multi=False)
    stacked = answers(fit_stack(counted, accepted).chances(counted), multi=False)
    assert (naive & accepted).sum() < 20
    assert (stacked & accepted).sum() > 180


def test_what_a_text_model_reads_in_a_description_counts_as_words():
    rows = [Evidence("Hair Color", "Red", 0.8, "text_llm", "x"), Evidence("Hair Color", "Blue", 0.9, "head", "x")]
    table = to_table({"r": rows}, TAG_EVIDENCE.arrow)
    (ballot,) = [b for b in collect(table, ["r"], load()) if b.attribute.name == "Hair Color"]
    assert dict(zip(ballot.sources, ballot.of_words.tolist(), strict=True)) == {"head": False, "text_llm": True}


def test_a_stack_for_silent_words_leaves_spoken_ones_to_the_strategy():
    spoken = [Evidence("Hair Color", "Red", 0.9, "tag", "x"), Evidence("Hair Color", "Blue", 0.6, "head", "x")]
    silent = [Evidence("Hair Color", "Blue", 0.6, "head", "x")]
    table = to_table({"a": spoken, "b": silent}, TAG_EVIDENCE.arrow)
    (ballot,) = [b for b in collect(table, ["a", "b"], load()) if b.attribute.name == "Hair Color"]
    stack = Stack({"head": (3.0, 1.0)}, words=False)
    weighed = weigh(ballot, Witnesses())
    chances, used = Choice({"Hair Color": "Tag Priority"}, stacked={"Hair Color": stack}).chances(weighed)
    assert [NAMES[k] for k in used] == ["Tag Priority", STACKING]
    assert ballot.options[chances[0].argmax()] == "Red"
    assert chances[1] == pytest.approx(stack.chances(weighed)[1])
