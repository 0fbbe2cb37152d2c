"""The notebook runs from top to bottom and shows what it promises."""

import shutil

import nbformat
from nbclient import NotebookClient

from charassets_tests.docs.conftest import ROOT, environment

PATH = ROOT / "notebooks" / "walkthrough.ipynb"


def test_the_walkthrough_runs_on_the_demo(demo, tmp_path, monkeypatch):
    shutil.copytree(demo, tmp_path / "demo")
    for name, value in environment(CHARASSETS_WORKSPACE=str(tmp_path / "demo")).items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(PATH, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [kind for cell in notebook.cells for out in cell.get("outputs", []) for kind in out.get("data", {})]
    assert shown.count("image/png") >= 4
    assert "text/markdown" in shown


def test_the_committed_notebook_holds_no_output():
    """Outputs would name machines and rot."""
    notebook = nbformat.read(PATH, as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
