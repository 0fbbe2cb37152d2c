"""The page's examples say what they print."""

import contextlib
import io
import re

import yaml

EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_every_example_prints_what_the_page_says(repository):
    page = (repository / "docs" / "attributes-evidence.md").read_text(encoding="utf-8")
    examples = EXAMPLE.findall(page)
    assert len(examples) == page.count("```python") >= 4
    for code, printed in examples:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(code, "docs/attributes-evidence.md", "exec"), {})  # noqa: S102 - our own page
        assert output.getvalue() == printed


def test_every_piece_of_settings_on_the_page_is_one(repository):
    from charassets.settings import load_settings

    page = (repository / "docs" / "attributes-evidence.md").read_text(encoding="utf-8")
    pieces = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    chosen = next(piece for piece in pieces if "tagger" in piece)
    assert load_settings(chosen).tagger.path == chosen["tagger"]["path"]


def test_every_source_the_settings_can_choose_stands_on_the_page(repository):
    from charassets.attributes.chosen_sources import picture_sources, word_sources
    from charassets.attributes.vocabulary import load
    from charassets.settings import load_settings

    page = (repository / "docs" / "attributes-evidence.md").read_text(encoding="utf-8")
    named = {"tagger": {"path": "x"}, "vlm": {"path": "x"}, "text_llm": {"path": "x"}, "ocr": {}}
    settings = load_settings(named)
    for source in (*picture_sources(settings, load()), *word_sources(settings, load())):
        assert f"`{source.source}`" in page
