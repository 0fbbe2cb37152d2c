from charassets.identity.ballot import Says, vote


def test_without_an_answer_there_is_no_vote():
    assert vote([]) is None


def test_frames_that_are_sure_name_the_track():
    found = vote([Says("mia", 0.9, 0.8, 2.0), Says("mia", 0.7, 0.6, 1.0), Says("ren", 0.3, 0.5, 0.1)])
    assert (found.name, found.status, found.votes) == ("mia", "recognised", 2)
    assert round(found.share, 3) == 0.533 and found.similarity == 0.7 and found.margin == 1.5


def test_one_lucky_frame_of_many_names_nobody():
    found = vote([Says("mia", 0.95, 0.8, 2.0), *[Says("mia", 0.1, 0.3, 0.1)] * 5])
    assert (found.name, found.status, found.similarity) == (None, "unknown", None)
    assert found.share < 0.5


def test_a_persons_word_about_one_frame_decides():
    frames = [Says("mia", 0.95, 0.8, 2.0)] * 3
    told = vote([*frames, Says("mia", 0.9, 0.8, 2.0, word="ren", reviewed=True)])
    assert (told.name, told.status, told.share, told.votes) == ("ren", "reviewed", 1.0, 0)
    nobody = vote([*frames, Says("mia", 0.9, 0.8, 2.0, word=None, reviewed=True)])
    assert (nobody.name, nobody.status) == (None, "reviewed")
