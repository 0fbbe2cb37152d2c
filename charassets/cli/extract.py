"""``charassets extract`` and ``parse-tags``: one picture or tag line, without a workspace.

What belongs here: reading the file, printing the answer. Not here: extracting (``charassets.extraction``).
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charassets.cli.options import Assignments, Detector, Embedder, Json, Profile
from charassets.cli.output import print_facts, print_json, print_table
from charassets.errors import CharassetsError, SourceError, UsageError

if TYPE_CHECKING:
    from charassets.extraction import Extraction

Tags = Annotated[str | None, typer.Option("--tags", "-t", help="Tag line or description that comes with the picture.")]


def extract(
    picture: Annotated[Path | None, typer.Argument(help="A picture, or - for stdin; none: the tags alone.")] = None,
    tags: Tags = None,
    crop: Annotated[Path | None, typer.Option(help="Write the crop of the figure here, as WebP.")] = None,
    profile: Profile = None,
    detector: Detector = None,
    embedder: Embedder = None,
    assignments: Assignments = None,
    json: Json = False,
) -> None:
    """Tell everything about one picture: boxes, verdict, evidence, attributes. Needs no workspace."""
    from charassets.cli.run import Request, own_settings, reserved_stdout
    from charassets.extraction import extract as extracted

    request = Request(profile=profile, detector=detector, embedder=embedder, assignments=assignments or ())
    settings = own_settings(request)
    data = None if picture is None else read_picture(picture, settings.images.max_bytes)
    with reserved_stdout():  # models talk while they load
        found = extracted(data, tags, settings)
    if crop is not None:
        _write_crop(found, crop)
    if json:
        print_json(as_json(found))
    else:
        _print(found)
    raise typer.Exit(SourceError.exit_code if found.verdict == "rejected" else 0)


def parse_tags(
    tags: Annotated[str, typer.Argument(help="A tag line or a sentence; - for stdin.")],
    json: Json = False,
) -> None:
    """Say what a tag line means: clean tags, claims, contradictions, figures."""
    from charassets.attributes.tags import parse

    line = sys.stdin.read() if tags == "-" else tags
    found = parse(line)
    claims = [_claim(said.words, said.claim, denied) for said, denied in _all_said(found.said, found.denied)]
    if json:
        conflicts = [asdict(conflict) for conflict in found.conflicts]
        facts = {"tags": found.tags, "figures": found.figures, "flags": found.flags}
        print_json({"ok": True, **facts, "claims": claims, "conflicts": conflicts})
        return
    print_facts({"tags": ", ".join(found.tags), "figures": found.figures, "flags": ", ".join(found.flags) or None})
    print_table(["words", "attribute", "value", "strength", "denied"], [list(claim.values()) for claim in claims])
    for conflict in found.conflicts:
        print(f"contradiction: {conflict.attribute} is {' or '.join(conflict.values)}")


def as_json(found: "Extraction") -> dict[str, Any]:
    """The object ``--json`` prints: everything but the bytes of the crop."""
    return {
        "ok": found.verdict != "rejected",
        "verdict": found.verdict,
        "reason": found.reason,
        "code": found.code,
        "image_id": found.image_id,
        "size": found.size,
        "attributes": found.record,
        "answers": [asdict(answer) for answer in found.answers],
        "evidence": [asdict(row) for row in found.evidence],
        "boxes": [
            {name: round(v, 4) if isinstance(v, float) else v for name, v in vars(b).items()} for b in found.boxes
        ],
        "crop": {"label": found.crop_label, "box": found.crop_box} if found.crop else None,
        "embedding": None if found.embedding is None else [round(float(v), 5) for v in found.embedding],
        "embedder": found.embedder,
    }


def _print(found: "Extraction") -> None:
    seen = f"{len(found.boxes)} boxes, best {found.boxes[0].label} {found.boxes[0].score:.2f}" if found.boxes else None
    size = f"{found.size[0]} x {found.size[1]}" if found.size else None
    facts = {"verdict": f"{found.verdict}: {found.reason}", "size": size, "detector": seen, "crop": found.crop_label}
    print_facts(facts)
    rows = [(a.attribute, a.value, a.confidence, a.status, a.reason) for a in found.answers if a.status != "unknown"]
    if rows:
        print()
        print_table(["attribute", "value", "confidence", "status", "why"], rows)


def read_picture(picture: Path, most: int) -> bytes:
    """The bytes of a file, or of stdin for ``-``.

    Raises:
        UsageError: it cannot be read.
    """
    if str(picture) == "-":
        return sys.stdin.buffer.read(most + 1)
    try:
        return picture.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read the picture: {error.strerror}", where=str(picture), todo="check the path"
        ) from None


def _write_crop(found: "Extraction", path: Path) -> None:
    if found.crop is None:
        raise CharassetsError("there is no crop to write", where=str(path), todo=f"the verdict is {found.verdict}")
    path.write_bytes(found.crop)


def _all_said(said: Sequence[Any], denied: Sequence[Any]) -> list[tuple[Any, bool]]:
    return [*((one, False) for one in said), *((one, True) for one in denied)]


def _claim(words: str, claim: Any, denied: bool) -> dict[str, Any]:  # noqa: ANN401 - a Claim; its module loads late
    facts = {"attribute": claim.attribute, "value": claim.value, "strength": claim.strength}
    return {"words": words, **facts, "denied": denied}
