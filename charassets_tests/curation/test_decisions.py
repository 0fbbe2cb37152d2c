import tempfile
from itertools import combinations
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from charassets.curation import EditLog, Replay, decisions_of, live, replay, take_snapshot
from charassets.curation.claims import Cut, Tie
from charassets.curation.links import settle
from charassets.lake.fragments import Lake
from charassets.lake.store import LocalStore

RECORDS = [f"r{i}" for i in range(7)]
some = st.frozensets(st.sampled_from(RECORDS), min_size=1, max_size=4)


@st.composite
def statements(draw):
    found = []
    for _ in range(draw(st.integers(0, 8))):
        left, right = draw(some), draw(some)
        found.append(
            Tie("character", left) if draw(st.booleans()) or not right - left else Cut("character", left, right - left)
        )
    return found


def together(links):
    return {pair for group in links.same for pair in map(frozenset, combinations(sorted(group), 2))}


def apart(links):
    return {frozenset((a, b)) for left, right in links.different for a in left for b in right}


@given(statements())
@settings(max_examples=400, deadline=None)
def test_links_contradict_nowhere_and_the_last_word_is_kept_whole(said):
    links = settle(said)
    groups = [record for group in links.same for record in group]
    assert len(groups) == len(set(groups))
    assert not together(links) & apart(links)
    if said and isinstance(said[-1], Tie):
        assert set(map(frozenset, combinations(sorted(said[-1].records), 2))) <= together(links)
    elif said:
        assert {frozenset((a, b)) for a in said[-1].left for b in said[-1].right} <= apart(links)


@given(statements())
@settings(max_examples=200, deadline=None)
def test_every_cut_pair_is_either_kept_apart_or_joined_by_something_later(said):
    links = settle(said)
    for statement in said:
        if isinstance(statement, Cut):
            pairs = {frozenset((a, b)) for a in statement.left for b in statement.right}
            assert pairs <= together(links) | apart(links)


def test_a_merge_after_a_split_joins_only_what_it_names():
    links = settle([Cut("character", frozenset("ab"), frozenset("cd")), Tie("character", frozenset("ac"))])
    assert links.same == (frozenset("ac"),)
    assert apart(links) == {frozenset("ad"), frozenset("bc"), frozenset("bd")}


def test_a_split_after_a_merge_overrules_it_through_others_too():
    links = settle(
        [
            Tie("character", frozenset("ab")),
            Tie("character", frozenset("bc")),
            Cut("character", frozenset("a"), frozenset("c")),
        ]
    )
    assert frozenset("ac") in apart(links)
    assert links.same == (frozenset("bc"),)


class Curating(RuleBasedStateMachine):
    """Set, rename, undo and redo against a plain model: the list of acts that stand."""

    @initialize()
    def start(self):
        self.folder = tempfile.TemporaryDirectory()
        self.log = EditLog(Path(self.folder.name) / "edits.sqlite")
        self.growing = Replay(self.log)
        self.acts = []  # [edit, stands, the undo in force]

    def teardown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(records=some, value=st.sampled_from(["Blonde", "Green", "Unknown"]))
    def answer(self, records, value):
        args = {"record_ids": sorted(records), "attribute": "Hair Color", "value": value}
        self.acts.append([self.log.append("attribute.set", args), True, None])

    @rule(records=some, name=st.sampled_from(["Rin", "Len"]))
    def rename(self, records, name):
        self.acts.append([self.log.append("cluster.rename", {"members": sorted(records), "name": name}), True, None])

    @rule(left=some, right=some, apart=st.booleans())
    def link(self, left, right, apart):
        if apart and right - left:
            args = {"left": sorted(left), "right": sorted(right - left)}
            self.acts.append([self.log.append("records.different_character", args), True, None])
        else:
            args = {"record_ids": sorted(left | right)}
            self.acts.append([self.log.append("records.same_character", args), True, None])

    @rule(which=st.integers(0, 100))
    def undo_or_redo(self, which):
        if not self.acts:
            return
        act = self.acts[which % len(self.acts)]
        if act[1]:
            act[1:] = [False, self.log.undo(act[0].id)]
        else:
            self.log.undo(act[2].id)
            act[1:] = [True, None]

    @rule(which=st.integers(0, 100))
    def repeat(self, which):
        if self.acts:
            edit = self.acts[which % len(self.acts)][0]
            assert self.log.append(edit.op, edit.args, edit_id=edit.id) == edit

    @invariant()
    def the_replay_is_the_model(self):
        if not hasattr(self, "log"):
            return
        standing = [edit for edit, stands, _ in self.acts if stands]
        assert live(self.log.edits()) == standing
        decisions = replay(self.log.edits())
        assert self.growing.now() == (decisions, self.log.edits())
        hair, names = {}, {}
        for edit in standing:
            if edit.op == "attribute.set":
                hair |= dict.fromkeys(edit.args["record_ids"], edit.args["value"])
            elif edit.op == "cluster.rename":
                names |= dict.fromkeys(edit.args["members"], edit.args["name"])
        assert {record: review.value for (record, _), review in decisions.attributes.items()} == hair
        told = {}
        for name in decisions.names:
            told |= dict.fromkeys(name.members, name.name)
        assert told == names


Curating.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestCurating = Curating.TestCase


def test_the_snapshot_holds_what_stands_and_an_undone_edit_leaves_no_trace(tmp_path):
    log, lake = EditLog(tmp_path / "edits.sqlite"), Lake(LocalStore(tmp_path / "lake"))
    log.append("attribute.set", {"record_ids": ["a"], "attribute": "Hair Color", "value": "Blonde"})
    first, unchanged = take_snapshot(log, lake)
    assert not unchanged
    assert take_snapshot(log, lake) == (first, True)
    renamed = log.append("cluster.rename", {"members": ["a", "b"], "name": "Rin"})
    grown, _ = take_snapshot(log, lake)
    assert grown.version != first.version
    assert decisions_of(lake.fragment("edits", "all").read()) == replay(log.edits())
    log.undo(renamed.id)
    back, _ = take_snapshot(log, lake)
    assert (back.version, back.fingerprint) == (first.version, first.fingerprint)


def test_a_snapshot_of_nothing_is_an_empty_table(tmp_path):
    lake = Lake(LocalStore(tmp_path / "lake"))
    take_snapshot(EditLog(tmp_path / "edits.sqlite"), lake)
    rows = lake.fragment("edits", "all").read()
    assert rows.num_rows == 0
    assert decisions_of(rows) == replay([])
    assert isinstance(rows, pa.Table)


def test_the_later_choice_of_copies_wins_and_leaves_the_rest_of_the_earlier(tmp_path):
    log = EditLog(tmp_path / "edits.sqlite")
    log.append("duplicates.keep", {"record_ids": ["a"], "group": ["a", "b", "c"]})
    log.append("duplicates.keep", {"record_ids": ["c"], "group": ["b", "c"]})
    keeps = replay(log.edits()).keeps
    assert [(keep.kept, keep.group) for keep in keeps] == [({"a"}, {"a"}), ({"c"}, {"b", "c"})]


def test_an_answer_after_a_skip_is_an_answer(tmp_path):
    log = EditLog(tmp_path / "edits.sqlite")
    log.append("review.skip", {"record_ids": ["a", "b"], "attribute": "Hair Color"})
    log.append("attribute.set", {"record_ids": ["a"], "attribute": "Hair Color", "value": "Green"})
    assert replay(log.edits()).skipped == {("b", "Hair Color")}
