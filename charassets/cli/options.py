"""Options that several commands share, worded once.

What belongs here: types of parameters. Not here: what they do.
"""

from typing import Annotated

import typer

Workspace = Annotated[
    str | None,
    typer.Option("--workspace", "-w", help="Folder or s3:// URI of the lake, the warehouse and all else. [workspace]"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
Profile = Annotated[str | None, typer.Option(help="Models and thresholds that go together: mini, clip or anime.")]
Detector = Annotated[str | None, typer.Option(help="Weights of the figure detector: .pt, .onnx or OpenVINO folder.")]
Embedder = Annotated[str | None, typer.Option(help="Folder or hub id of the image-text embedder.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting of this run, e.g. gates.min_sharpness=40."),
]
Strict = Annotated[bool, typer.Option(help="Exit with 3 if any record was rejected.")]
