"""One page to look at the kept records of a workspace, with filters. It changes nothing.

What belongs here: the page. Not here: queries (``app.records``).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import records
from charassets.lake.workspace import Workspace
from charassets.settings import Settings
from charassets.stages.sheets import pixels_of


def build(workspace: Workspace, settings: Settings) -> Any:  # noqa: ANN401 - gradio is imported late, it takes seconds
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
