"""The files of what fusion has learnt: two JSON artefacts, shipped or promoted, to a model and back.

What belongs here: the format, and which version is in force. Not here: fitting, and deciding what is promoted.

``calibration`` holds curves of sources, curves of confidence and the levels promises are read from; ``fusion_policy`` the choice of
strategies, with the sums its bandit goes on from.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from charassets.attributes.calibration import Calibrated, Calibration, Curve, Level, Side
from charassets.attributes.choice import Choice
from charassets.attributes.fusion import FusionModel
from charassets.attributes.stacking import Stack
from charassets.attributes.witnesses import Witness, Witnesses
from charassets.errors import ModelMissingError, VerificationError
from charassets.lake import artefacts
from charassets.lake.store import Store

CALIBRATION, POLICY = "calibration", "fusion_policy"
FILES = (CALIBRATION, POLICY)
SHIPPED = Path(__file__).parent.parent / "weights" / "fusion"
"""Where the defaults lie that come with the package."""

_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is in force.

    Attributes:
        model: for fusion.
        digests: artefact to digest, for fingerprints.
        notes: artefact to what was measured when it was promoted or shipped.
        contents: artefact to its parsed JSON.
    """

    model: FusionModel
    digests: Mapping[str, str]
    notes: Mapping[str, Mapping[str, Any]]
    contents: Mapping[str, Mapping[str, Any]]


def in_force(store: Store | None) -> Learnt:
    """The promoted artefacts of a lake, and the shipped ones where none was promoted.

    Raises:
        VerificationError: a promoted artefact is damaged.
    """
    contents, digests, notes = {}, {}, {}
    for name in FILES:
        found = artefacts.current(store, name) if store is not None else None
        content = found.content if found else _shipped(name)
        contents[name] = parsed(content, name)
        digests[name] = artefacts.digest_of(content)
        notes[name] = found.notes if found else contents[name].get("notes", {})
    return Learnt(model_of(contents), digests, notes, contents)


def model_of(contents: Mapping[str, Mapping[str, Any]]) -> FusionModel:
    """The model that two parsed artefacts make."""
    calibration, policy = contents[CALIBRATION], contents[POLICY]
    witnesses = Witnesses({a: {s: Witness(**w) for s, w in of.items()} for a, of in calibration["witnesses"].items()})
    known = {a: Calibrated(_side(c["worded"]), _side(c["silent"])) for a, c in calibration["attributes"].items()}
    choice = Choice(
        policy["fixed"],
        {a: np.array(rows, np.float64) for a, rows in policy["learnt"].items()},
        {
            a: Stack(
                {s: (g[0], g[1]) for s, g in stack["gains"].items()},
                (stack["unknown"][0], stack["unknown"][1]),
                stack.get("words", True),
            )
            for a, stack in policy["stacked"].items()
        },
    )
    return FusionModel(witnesses, choice, Calibration(known))


def calibration_json(
    witnesses: Witnesses, calibration: Calibration, notes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The artefact ``calibration``."""
    return {
        "format": _FORMAT,
        "notes": dict(notes or {}),
        "witnesses": {a: {s: asdict(w) for s, w in of.items()} for a, of in witnesses.fitted.items()},
        "attributes": {
            a: {"worded": _side_json(c.worded), "silent": _side_json(c.silent)}
            for a, c in calibration.attributes.items()
        },
    }


def policy_json(
    choice: Choice, bandits: Mapping[str, Mapping[str, Any]], notes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The artefact ``fusion_policy``; ``bandits`` are the states to go on learning from, in use or not."""
    return {
        "format": _FORMAT,
        "notes": dict(notes or {}),
        "fixed": dict(choice.fixed),
        "learnt": {a: np.round(rows, 6).tolist() for a, rows in choice.learnt.items()},
        "stacked": {a: asdict(stack) for a, stack in choice.stacked.items()},
        "bandits": dict(bandits),
    }


def written(content: Mapping[str, Any]) -> bytes:
    """The bytes of an artefact."""
    return json.dumps(content, separators=(",", ":"), sort_keys=True).encode()


def parsed(content: bytes, name: str) -> dict[str, Any]:
    """An artefact's JSON.

    Raises:
        VerificationError: it is none, or of another version of the code.
    """
    try:
        found = json.loads(content)
        if found["format"] == _FORMAT:
            return found
    except (ValueError, KeyError, TypeError):
        pass
    raise VerificationError(
        f"the {name} in force cannot be read by this version", where=name, todo=f"materialize {name} again"
    )


@lru_cache(maxsize=4)
def _shipped(name: str) -> bytes:
    path = SHIPPED / f"{name}.json"
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelMissingError(
            f"the shipped {name} is not there", where=str(path), todo="install the package again"
        ) from error


def _side(side: Mapping[str, Any]) -> Side:
    curve = Curve(tuple(side["raw"]), tuple(side["right"]))
    return Side(curve, tuple(Level(c, t, w) for c, t, w in side["levels"]), side["judged"])


def _side_json(side: Side) -> dict[str, Any]:
    levels = [[level.confidence, level.told, level.wrong] for level in side.levels]
    return {"raw": side.curve.raw, "right": side.curve.right, "levels": levels, "judged": side.judged}
