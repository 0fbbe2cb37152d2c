"""``charassets edits``."""

import json

import pytest

from charassets.curation import EditLog

pytestmark = pytest.mark.usefixtures("own_environment")

HAIR = {"record_ids": ["a", "b"], "attribute": "Hair Color", "value": "Blonde"}


@pytest.fixture
def log(tmp_path):
    return EditLog(tmp_path / "w" / "curation" / "edits.sqlite")


def test_the_log_is_listed_with_what_was_undone_and_markup_stays_text(charassets, log):
    log.append("cluster.rename", {"members": ["a"], "name": "[red]Rin[/red]"}, edit_id="one")
    log.append("attribute.set", HAIR, actor="mia")
    assert charassets("edits", "undo", "one", "-w", log.path.parent.parent)[0] == 0
    code, out, _ = charassets("edits", "list", "-w", log.path.parent.parent)
    assert code == 0
    assert "[red]Rin[/red]" in out
    assert "undone" in next(line for line in out.splitlines() if "one" in line)
    listed = json.loads(charassets("edits", "list", "--json", "-w", log.path.parent.parent)[1])
    assert [(edit["op"], edit["undone"]) for edit in listed] == [
        ("cluster.rename", True),
        ("attribute.set", False),
        ("undo", False),
    ]


def test_work_is_carried_to_another_workspace_and_contradictions_are_told(charassets, log, tmp_path):
    log.append("attribute.set", HAIR, actor="mia")
    assert charassets("edits", "export", "-w", tmp_path / "w", "--out", tmp_path / "x.jsonl")[0] == 0
    code, out, _ = charassets("edits", "import", tmp_path / "x.jsonl", "-w", tmp_path / "v", "--json")
    assert (code, json.loads(out)["added"]) == (0, 1)
    EditLog(tmp_path / "u" / "curation" / "edits.sqlite").append("attribute.set", {**HAIR, "value": "Green"})
    code, out, err = charassets("edits", "import", tmp_path / "x.jsonl", "-w", tmp_path / "u")
    assert code == 3
    assert err.startswith("line 1:")
    assert charassets("edits", "undo", "nothing", "-w", tmp_path / "w")[0] == 2
    assert charassets("edits", "import", tmp_path / "none", "-w", tmp_path / "w")[0] == 2
