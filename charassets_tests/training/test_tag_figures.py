from charassets.attributes import lookup
from charassets.attributes.vocabulary import load
from charassets.training import tag_figures


def test_nearly_all_posts_of_real_tags_are_mapped_as_people_read_them(tag_data):
    tags = tag_figures.expected(tag_data.parents[1])
    share, _ = tag_figures.share_right(tags)
    assert len(tags) > 1000
    assert share >= 0.99


def test_a_person_and_the_parser_read_sampled_lines_alike_and_every_contradiction_is_found(tag_data):
    for name, (agreed, lines) in tag_figures.agreement(tag_data.parents[1]).items():
        assert agreed >= 0.97, (name, lines)
    found, seen = tag_figures.contradictions_found(tag_data.parents[1])
    assert found == seen > 20


def test_no_popular_tag_is_taken_for_a_misspelling_of_another(tag_data):
    with (tag_data / "danbooru_sfw.csv").open(encoding="utf-8") as file:
        names = [row.split(",")[0] for row in file if int(row.split(",")[2]) > 1000]
    unknown = [name for name in names if lookup.meaning(name, load()) is lookup.NOTHING]
    assert len(unknown) > 5000
    assert [name for name in unknown if lookup.corrected(name, load())[0] is not lookup.NOTHING] == []


def test_a_readings_file_names_values_of_the_vocabulary_only():
    values = {name: {v.name for v in load().attributes[name].values} for name in tag_figures.READ}
    read = tag_figures.readings()
    assert len(read) == 100
    assert all(one.values[name] <= values[name] for one in read for name in tag_figures.READ)
