import pytest

from charassets.attributes.figures import count_figures


@pytest.mark.parametrize(
    ("line", "figures"),
    [
        ("1girl solo", 1),
        ("solo", 1),
        ("1girl 1boy", 2),
        ("2girls multiple_girls", 2),
        ("multiple_boys 1girl", 3),
        ("6+girls", 6),
        ("12girls", 12),
        ("no_humans scenery", 0),
        ("solo no_humans", 0),
        ("scenery cloud", None),
        ("couple", 2),
        ("1girl crowd", 3),
        ("magical_girl cat_boy", None),
        ("game_boy 3d 1980s_(style)", None),
    ],
)
def test_figures_add_up_over_kinds_and_silence_is_none(line, figures):
    assert count_figures(line.split()).figures == figures


def test_contradicting_counts_are_flagged_and_the_larger_one_is_claimed():
    claim = count_figures(["solo", "2girls"])
    assert claim.figures == 2
    assert "conflicting_counts" in claim.flags
    assert "conflicting_counts" in count_figures(["no_humans", "1girl"]).flags
    assert "conflicting_counts" not in count_figures(["1girl", "solo", "solo_focus"]).flags


def test_solo_focus_keeps_the_others_in_the_count():
    claim = count_figures(["2girls", "solo_focus"])
    assert claim.figures == 2
    assert claim.flags == ("solo_focus",)


def test_spellings_of_one_fact_share_a_flag():
    assert count_figures(["4koma", "comic", "chibi"]).flags == ("chibi", "comic")
    assert count_figures(["dual_persona"]).flags == count_figures(["multiple_persona"]).flags


def test_the_claim_does_not_depend_on_order_or_repetition():
    tags = ["2boys", "1girl", "multiple_views", "crowd", "chibi"]
    assert count_figures(tags) == count_figures(tags[::-1] + tags)
