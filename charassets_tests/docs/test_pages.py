"""The documentation is true: its blocks run, its links lead somewhere, its reference is what the code says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from charassets_tests.docs.conftest import ROOT, environment

RUN = ("docs/tutorial.md", "docs/query-language.md", "docs/how-to/export.md", "docs/how-to/ask.md", "docs/how-to/one-picture.md")
BLOCK = re.compile(r"^```(bash|python|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+?)(?:#[^)]*)?\)")
PAGES = sorted(p.relative_to(ROOT).as_posix() for p in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))


def run_sql(workspace: Path, text: str) -> None:
    with duckdb.connect(workspace / "charassets.duckdb", read_only=True) as con:
        con.execute(f"SET file_search_path = '{workspace}'")
        for statement in filter(str.strip, text.split(";")):
            con.execute(statement).fetchall()


@pytest.mark.parametrize("page", RUN)
def test_the_blocks_of_a_page_run_in_order(demo, tmp_path, page):
    workspace = tmp_path / "demo"
    shutil.copytree(demo, workspace)
    sample = next((workspace / "sample").rglob("pic-*.png"))
    own = environment(CHARASSETS_WORKSPACE=str(workspace), SAMPLE=str(sample))
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    assert blocks
    for language, text in blocks:
        if language == "sql":
            run_sql(workspace, text)
            continue
        call = ["bash", "-euo", "pipefail", "-c", text] if language == "bash" else [sys.executable, "-c", text]
        done = subprocess.run(call, cwd=tmp_path, env=own, capture_output=True, text=True)
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


def test_the_reference_is_what_the_code_says():
    sys.path.insert(0, str(ROOT))
    try:
        from docs.generate import HERE, pages
    finally:
        sys.path.remove(str(ROOT))
    stale = [name for name, text in pages().items() if (HERE / name).read_text(encoding="utf-8") != text]
    assert not stale, "run `python -m docs.generate`"


def test_every_command_has_help_that_names_no_default_it_lacks():
    done = subprocess.run([sys.executable, "-m", "charassets.cli", "--help"], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0
    readme = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    for command in ("run", "demo", "export", "import-back", "why", "diff", "plan", "doctor", "search", "extract", "verify"):
        assert command in done.stdout
        assert f"## `charassets {command}`" in readme
