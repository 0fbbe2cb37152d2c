"""Bodies and parameters that nobody meant, against every route that takes them: an answer, never a failure of ours."""

import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.server import create_app
from charassets.lake.workspace import Workspace
from charassets_tests.app.conftest import Client
from charassets_tests.warehouse.small_lake import settings_for

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
WORDS = st.sampled_from(
    ["ann-1", "words", "stopped", "Hair Length", "Short", "Unknown", "attribute.set", "undo", "", "local"]
)
ATOMS = st.one_of(WORDS, TEXT, st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False))
JSON = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
FIELDS = [
    "record_ids",
    "attribute",
    "value",
    "actor",
    "base",
    "edit_id",
    "name",
    "characters",
    "rest",
    "op",
    "args",
    "tags",
]
BODIES = st.dictionaries(st.sampled_from(FIELDS), JSON | st.lists(WORDS, max_size=3), max_size=6) | JSON
POSTS = [
    "/v1/reviews",
    "/v1/edits",
    "/v1/edits/one/undo",
    "/v1/clusters/merge",
    "/v1/clusters/character_000/rename",
    "/v1/clusters/character_000/split",
    "/v1/clusters/character_000/eject",
    "/v1/clusters/character_000/lock",
    "/v1/parse-tags",
    "/v1/classify",
    "/v1/identify",
    "/v1/jobs",
]
GETS = {  # and what each takes: another parameter is refused before any of these is looked at
    "/v1/records": ["query", "cursor", "limit"],
    "/v1/clusters": ["cursor", "limit"],
    "/v1/edits": ["after", "limit"],
    "/v1/jobs/x": ["after", "limit"],
    "/thumb/ann-1.webp": ["size", "of"],
}
ASKED = st.sampled_from(list(GETS)).flatmap(
    lambda path: st.tuples(
        st.just(path), st.dictionaries(st.sampled_from([*GETS[path], *GETS[path], "other"]), TEXT | WORDS)
    )
)


@pytest.fixture(scope="module")
def client(built, tmp_path_factory):
    shutil.copytree(built, root := tmp_path_factory.mktemp("fuzz") / "work")
    settings = settings_for(root)
    return Client(create_app(Workspace.of(settings), settings, pages=False))


def is_an_answer(answer):
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        told = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert told["title"] and told["todo"]


@given(st.sampled_from(POSTS), BODIES)
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_body_gets_an_answer(client, path, body):
    is_an_answer(client("POST", path, content=json.dumps(body), headers={"content-type": "application/json"}))


@given(ASKED)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_parameter_gets_an_answer(client, asked):
    path, params = asked
    answer = client.get(path, params=params)
    is_an_answer(answer)
    assert ("is no parameter" in answer.text) == ("other" in params)


@given(
    st.binary(max_size=300), st.sampled_from(["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_get_an_answer(client, body, kind):
    for path in ("/v1/reviews", "/v1/classify", "/v1/identify"):
        is_an_answer(client("POST", path, content=body, headers={"content-type": kind}))
