"""Leases of the review queue."""

from charassets.curation.leases import Leases


def test_what_one_reviewer_holds_no_other_is_asked_whichever_process_asks(tmp_path):
    Leases(tmp_path / "leases.sqlite").take("mia", ["a|Hair Color", "b|Gender"])
    again = Leases(tmp_path / "leases.sqlite")
    assert again.others("tom") == {"a|Hair Color", "b|Gender"}
    assert again.others("mia") == set()
    again.take("tom", ["b|Gender"])
    assert again.others("mia") == {"b|Gender"}


def test_a_lease_ends_by_itself(tmp_path):
    leases = Leases(tmp_path / "leases.sqlite", seconds=0)
    leases.take("mia", ["a|Hair Color"])
    assert leases.others("tom") == set()
