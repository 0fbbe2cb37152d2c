"""Progress where there is no terminal."""

import io

from charassets.cli.progress import shown


def test_what_was_computed_has_a_line_and_what_was_there_has_none():
    stream = io.StringIO()
    with shown(10, stream) as report:
        report("raw_shards", 6, True)
        report("clip_embeddings", 4, False)
        report("clip_embeddings", 2, True)
        report("knn_graph", 6, True)
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("clip_embeddings: 4 records in ")
