from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from charassets.errors import UsageError
from charassets.sources import SourceRecord
from charassets.sources.fetch import fetch_one, image_id
from charassets_tests.sources.making import picture, records, refusals, source, tar_bytes

Put = Callable[[str, bytes], Callable[[str], str]]


@pytest.fixture(scope="module")
def put() -> Iterator[Put]:
    """Puts an object into a bucket of a real S3-speaking server, and answers what makes URIs in it."""
    boto3 = pytest.importorskip("boto3")
    server_of = pytest.importorskip("moto.server")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        address = "http://{}:{}".format(*server.get_host_and_port())
        client = boto3.client("s3", endpoint_url=address)
        client.create_bucket(Bucket="pictures")
        options = f"endpoint_override={quote(address, safe='')}&scheme=http&region=us-east-1"

        def put_object(key: str, data: bytes) -> Callable[[str], str]:
            client.put_object(Bucket="pictures", Key=key, Body=data)
            return lambda path: f"s3://pictures/{path}?{options}"

        yield put_object
        server.stop()


def test_a_bucket_is_listed_read_and_fetched_like_a_folder(put):
    put("set/general/ü 1.png", picture(1))
    put("set/general/ü 1.txt", b"solo, hat")
    put("set/100%? #2.png", picture(2))
    uri = put("set/x.tar", tar_bytes([(f"{i}.png", picture(i)) for i in range(4)]))
    found = source(uri("set"))
    read = records(found)
    assert list(read) == ["100%? #2.png", "general/ü 1.png", *(f"x.tar#{i}.png" for i in range(4))]
    tagged = read["general/ü 1.png"]
    assert isinstance(tagged, SourceRecord)
    assert (tagged.words.tags, tagged.words.rating) == ("solo, hat", "general")
    for one in read.values():
        assert isinstance(one, SourceRecord)
        place = {name: getattr(one.place, name) for name in ("kind", "uri", "member", "offset", "length", "row")}
        assert fetch_one({**place, "image_id": image_id(one.data or b"")}) == one.data
    assert list(records(source(uri("set/*.tar")))) == [f"x.tar#{i}.png" for i in range(4)]


def test_what_is_not_in_the_bucket_is_said_in_one_line(put):
    uri = put("empty/a.png", b"")
    assert refusals(source(uri("empty"))) == {"a.png": "empty"}
    with pytest.raises(UsageError, match="nothing is there"):
        source(uri("nowhere"))
    with pytest.raises(UsageError, match="cannot open the store"):
        source("s4://bucket/x")
