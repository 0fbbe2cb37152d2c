"""Command line of the evaluation.

    python -m charassets.evaluation FOLDER                     a folder with labels.jsonl, by what is in force
    python -m charassets.evaluation --drawn build/fusion --data ../shared/data --out docs/evaluation.md

What belongs here: arguments. Not here: measuring.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from charassets.attributes.fusion_files import in_force
from charassets.errors import CharassetsError
from charassets.evaluation import drawn, real, report
from charassets.evaluation.folder import evaluate
from charassets.settings import load_settings
from charassets.training.fusion import IDENTITIES, real_lessons
from charassets.training.fusion import drawn as drawn_set
from charassets.training.fusion_lessons import drawn_lessons

_SEEDS = 5


def main() -> int:
    """Run it; the exit code is that of the error, if there is one."""
    given = _arguments()
    try:
        text = _drawn_report(given) if given.drawn else _folder_report(given.folder, given.workspace)
    except CharassetsError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    if given.out:
        given.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m charassets.evaluation", description="How right attributes are.")
    parser.add_argument("folder", type=Path, nargs="?", help="pictures with labels.jsonl")
    parser.add_argument("--workspace", type=Path, help="keep evidence here, and use what its lake has promoted")
    parser.add_argument("--drawn", type=Path, help="measure on studio portraits, kept in this folder")
    parser.add_argument("--identities", type=int, default=IDENTITIES, help="drawn characters, four pictures each")
    parser.add_argument("--seeds", type=int, default=_SEEDS)
    parser.add_argument("--data", type=Path, help="folder of the real sets")
    parser.add_argument("--out", type=Path, help="write the report here instead of to standard output")
    given = parser.parse_args()
    if (given.folder is None) == (given.drawn is None):
        parser.error("give a labelled folder, or --drawn FOLDER")
    return given


def _folder_report(folder: Path, workspace: Path | None) -> str:
    with TemporaryDirectory(prefix="charassets-eval-") as scratch:
        return evaluate(folder, load_settings({"workspace": str(workspace or scratch)}))


def _drawn_report(given: argparse.Namespace) -> str:
    settings = load_settings({"profile": "mini", "workspace": str(given.drawn / "workspace")})
    found = drawn_set(given.drawn, settings, given.identities)
    parts = ["# How right attributes are\n", report.of_drawn(drawn.figures(found, range(given.seeds)))]
    if given.data is not None:
        sets = real_lessons(given.data, load_settings({"profile": "mini", "workspace": str(given.drawn / "real")}))
        taught, others = drawn_lessons(found, 0)[0], ("Hair Color", "Skin Tone")
        transfer = {name: real.by_other_sets(sets, taught, name) for name in others}
        parts.append(
            report.of_real(list(real.on_sets(sets, in_force(None).model, settings.attributes)), others, transfer)
        )
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
