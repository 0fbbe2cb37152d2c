"""The query language over a small lake."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charassets.warehouse import build, connect
from charassets.warehouse.query import QueryError, compile_query
from charassets_tests.warehouse.small_lake import FATES, built_lake, settings_for

KEPT = {name for name, fate in FATES.items() if fate == "kept"}
ANN = {"ann-1", "ann-2", "ann-3"}
BEN = {"ben-1", "ben-2", "ben-3"}


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    settings = settings_for(tmp_path_factory.mktemp("query"))
    workspace, lake = built_lake(settings)
    build(workspace, lake, settings)
    with connect(workspace) as con:
        yield con


@pytest.fixture(scope="module")
def ask(con):
    def found(text):
        query = compile_query(text)
        sql = f"SELECT record_id FROM records WHERE {query.sql}"  # noqa: S608
        rows = con.execute(sql, list(query.params)).fetchall()
        return {name for (name,) in rows}

    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", KEPT),
        ("  ", KEPT),
        ("id:ann-1", {"ann-1"}),
        ("id:ANN-*", ANN),
        ("id:ann-1,ben-1", {"ann-1", "ben-1"}),
        ("hair:long", ANN | BEN),
        ("hair_length:LONG", ANN | BEN),
        ("hair_length:unknown", {"words"}),
        ("-hair:long", {"words"}),
        ("gender:female id:ann*", ANN),
        ("gender:female -id:ann*", BEN),
        ("id:ann-1 or id:ben-1", {"ann-1", "ben-1"}),
        ("id:ann-1 | id:ben-1", {"ann-1", "ben-1"}),
        ("hair:long (id:ann-1 or id:words)", {"ann-1"}),
        ("-(id:ann* or id:ben*)", {"words"}),
        ("id:ann-1 hair:long or id:words", {"ann-1", "words"}),
        ("conf>0.8", ANN | BEN),
        ("conf>0.9", set()),
        ("hair_length_confidence>=0.8", ANN | BEN),
        ("hair_length_confidence:0.5..0.85", ANN | BEN),
        ("width:400", {"ann-1"}),
        ("side>200", {"ann-1"}),
        ("has:face", set()),
        ("has:person", ANN | BEN),
        ("has:picture", ANN | BEN),
        ("has:hair", ANN | BEN),
        ("has:copies", {"ann-1"}),
        ("has:description", {"words"}),
        ("is:text", {"words"}),
        ("-is:text", ANN | BEN),
        ("cluster:0", ANN),
        ("cluster:character_001", BEN),
        ("cluster:none", {"words"}),
        ("tag:solo", ANN | BEN),
        ('tag:"red hair"', {"words"}),
        ("tag:red_*", {"words"}),
        ("tag:hair", set()),
        ("hair", KEPT),
        ('"red hair"', {"words"}),
        ("hair-red", set()),
        ("text:girl", {"words"}),
        ("source:art rating:general", {"ann-1", "ann-2", "ben-1", "ben-2", "words"}),
    ],
)
def test_a_query_finds_the_records_it_says(ask, text, expected):
    assert ask(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "told"),
    [
        ("haar:blue", 0, "hair"),
        ("hair:blu", 0, "Blue"),
        ("id:ann-1 hair:blu", 9, "Blue"),
        ("hair:unknown", 0, "hair_color"),
        ("conf>much", 0, "number"),
        ("conf>nan", 0, "number"),
        ("source>3", 0, "source:"),
        ("(hat", 0, "never closed"),
        ("hat)", 3, "never opened"),
        ('tag:"long hair', 4, "quotation"),
        ("hair:", 0, "missing"),
        ("- hat", 0, "exclude"),
        ("hat or", 4, "one side"),
        ("or hat", 0, "one side"),
        ("has:tail_feathers", 0, "has:"),
        ("is:good", 0, "is:"),
        ("(" * 40 + "hat" + ")" * 40, 32, "nested"),
        ("x" * 3000, 2000, "longer"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_place(text, position, told):
    with pytest.raises(QueryError) as error:
        compile_query(text)
    assert error.value.position == position
    assert told in str(error.value)
    assert f"character {position + 1}" in str(error.value)


@pytest.mark.parametrize(
    ("text", "first"),
    [("har:blue", "hair"), ("conff>0.8", "conf"), ("genderr:male", "gender"), ("hair:twin", "Twintails")],
)
def test_the_name_as_a_whole_is_suggested_before_one_that_holds_the_word(text, first):
    with pytest.raises(QueryError, match=rf"did you mean {first}\b"):
        compile_query(text)


def test_a_word_may_hold_brackets_and_a_quoted_one_anything(ask):
    assert compile_query("tag:fate_(series)").params == ("fate_(series)",)
    assert compile_query('source:"a) OR 1=1 --",b').params == ("a) OR 1=1 --", "b")
    assert ask('source:"\' OR TRUE --"') == set()


@given(st.text(st.characters(exclude_characters='"'), min_size=1).filter(str.strip))
@example("* ")  # the star counts though a blank follows
def test_what_is_typed_is_never_part_of_the_sql(value):
    for name in ("source", "text", "tag"):
        plain, begins = (compile_query(f"{name}:{word}").sql for word in ("x", "x*"))
        assert compile_query(f'{name}:"{value}"').sql in ((plain, begins) if "*" in value else (plain,))


@given(st.text(st.sampled_from(list("""hat OR or|()-"':;,*>=<.\\_%?$ cluster:1tag:xconf>0.5\n\x00é""")), max_size=60))
def test_every_text_is_a_query_that_runs_or_an_error_with_a_place(con, text):
    try:
        query = compile_query(text)
    except QueryError as error:
        assert 0 <= error.position <= len(text)
        return
    found = con.execute(f"SELECT {query.sql} FROM records", list(query.params)).fetchall()  # noqa: S608
    assert len(found) == len(KEPT)
    assert all(isinstance(answer, bool) for (answer,) in found), "never NULL"


@given(st.sampled_from(["hair:long", "cluster:0", "conf>0.8", "words", "tag:solo", "seen", "has:tags"]))
def test_a_term_and_its_denial_share_the_records_between_them(ask, term):
    assert ask(term) | ask(f"-{term}") == KEPT
    assert not ask(term) & ask(f"-{term}")
