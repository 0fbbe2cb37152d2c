"""``python -m app``: one page to look at the kept records of a workspace, with filters. It changes nothing.

What belongs here: the page. Not here: queries (``app.records``).
"""

import argparse
import os
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import records
from charassets.errors import CharassetsError
from charassets.lake.workspace import Workspace
from charassets.settings import load_settings
from charassets.stages.sheets import pixels_of

LOOPBACK = "127.0.0.1"
"""The app knows no accounts, so it listens to this machine only."""


def build(workspace: Workspace) -> Any:  # noqa: ANN401 - gradio is imported late, it takes seconds
    """The page over a workspace's warehouse.

    Raises:
        UsageError: there is no warehouse yet.
    """
    import gradio as gr

    filters = records.choices(workspace)

    def show(number: float, *chosen: str) -> tuple[str, list[tuple[NDArray[np.uint8], str]], list[tuple[str, ...]]]:
        found, rows = records.page(workspace, dict(zip(filters, chosen, strict=True)), int(number or 1))
        named = [(pixels_of(row.crop or b""), row.values[2] or row.values[0]) for row in rows]
        pictures = [(pixels, name) for pixels, name in named if pixels is not None]
        return f"{found:,} records", pictures, [row.values for row in rows]

    with gr.Blocks(title="charassets", analytics_enabled=False) as page:
        gr.Markdown(f"# charassets\nKept records of `{workspace.root}`")
        with gr.Row():
            boxes = [gr.Dropdown(values, value=records.ANY, label=column) for column, values in filters.items()]
        with gr.Row():
            number = gr.Number(1, label="Page", precision=0, minimum=1)
            count = gr.Markdown()
        gallery = gr.Gallery(label="Crops", columns=8, height="auto", object_fit="contain")
        table = gr.Dataframe(headers=records.columns(), interactive=False, wrap=True)
        inputs, outputs = [number, *boxes], [count, gallery, table]
        changed = [page.load, number.change, *(box.change for box in boxes)]
        gr.on(changed, show, inputs, outputs, api_name="show")
    return page


def main() -> int:
    """Serve the page until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    parser.add_argument("--port", type=int, default=7860, help="port on this machine [7860]")
    arguments = parser.parse_args()
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        page = build(Workspace.of(load_settings()))
    except CharassetsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    page.launch(server_name=LOOPBACK, server_port=arguments.port, share=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
