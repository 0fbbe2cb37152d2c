"""The Gradio pages, one module a page, each on its own route so that a heavy page never slows another."""

import gradio as gr

from app import texts
from app.services.context import Context
from charassets.lake.workspace import Workspace
from charassets.settings import Settings

_QUEUE = 64  # events that wait; the next one is told to come again


def build(workspace: Workspace, settings: Settings) -> gr.Blocks:
    """Every page over a workspace; without one, Try it works and the others say how to fill it."""
    from app.pages import (
        browse,
        clusters,
        duplicates,
        exporting,
        identify,
        mapping,
        review,
        runs,
        search,
        stats,
        training,
        trying,
    )

    context = Context(workspace, settings)
    demo = gr.Blocks(title=texts.BRAND, analytics_enabled=False, delete_cache=(3600, 86400), fill_width=True)
    for module in (
        trying,
        browse,
        clusters,
        duplicates,
        review,
        identify,
        mapping,
        search,
        stats,
        exporting,
        training,
        runs,
    ):
        module.add(demo, context)
    return demo.queue(max_size=_QUEUE, default_concurrency_limit=4, api_open=False)
