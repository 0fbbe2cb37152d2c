"""How many figures a tag line claims, and what else it says of the kind of picture.

What belongs here: the count tags of Danbooru and the flags a single-character verdict looks at. Not here: splitting a line
into tags (``charassets.attributes.tags``) and the verdict itself, which joins this claim with the detector's boxes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

FLAGS: dict[str, str] = {
    "solo": "solo",
    "solo_focus": "solo_focus",
    # The same person drawn several times: attributes may show two looks.
    "multiple_views": "multiple_views",
    "multiple_persona": "multiple_persona",
    "dual_persona": "multiple_persona",
    "dark_persona": "multiple_persona",
    "clone": "clone",
    "reference_sheet": "reference_sheet",
    "character_sheet": "reference_sheet",
    "turnaround": "reference_sheet",
    "expression_chart": "reference_sheet",
    "variations": "variations",
    "before_and_after": "variations",
    "column_lineup": "multiple_views",
    "multiple_drawing_challenge": "multiple_views",
    "zoom_layer": "zoom_layer",
    "inset": "inset",
    "reference_inset": "inset",
    "photo_inset": "inset",
    "projected_inset": "inset",
    "chibi_inset": "inset",
    "collage": "collage",
    # Pages rather than portraits.
    "comic": "comic",
    "manga": "comic",
    "silent_comic": "comic",
    "1koma": "comic",
    "2koma": "comic",
    "3koma": "comic",
    "4koma": "comic",
    "5koma": "comic",
    "multiple_4koma": "comic",
    "square_4koma": "comic",
    "borderless_panels": "comic",
    "cover": "cover",
    "cover_page": "cover",
    "doujin_cover": "cover",
    "manga_cover": "cover",
    "magazine_cover": "cover",
    "text_focus": "text_focus",
    "text-only_page": "text_focus",
    # Nobody, or somebody who is not the subject.
    "no_humans": "no_humans",
    "no_human": "no_humans",
    "scenery": "scenery",
    "still_life": "still_life",
    "animal_focus": "animal_focus",
    "vehicle_focus": "vehicle_focus",
    "mecha_focus": "mecha_focus",
    "food_focus": "food_focus",
    "object_focus": "object_focus",
    # Many, without a number.
    "crowd": "crowd",
    "people": "crowd",
    "everyone": "group",
    "group_picture": "group",
    "couple": "couple",
    # A style in which detectors and body proportions fail.
    "chibi": "chibi",
    "chibi_only": "chibi",
}
"""Tag to flag. Several spellings of one fact share a flag."""

_AT_LEAST: dict[str, tuple[str, int]] = {
    "multiple_girls": ("girl", 2),
    "multiple_boys": ("boy", 2),
    "multiple_others": ("other", 2),
    "sole_female": ("girl", 1),
    "sole_male": ("boy", 1),
    "sole_other": ("other", 1),
}
_TOGETHER = {"couple": 2, "everyone": 3, "group_picture": 3, "crowd": 3}
_COUNT = re.compile(r"([0-9]{1,3})\+?_?(girl|boy|other)s?", re.ASCII)


@dataclass(frozen=True)
class FigureClaim:
    """What the tags say of the number of figures.

    Attributes:
        figures: figures claimed, a lower bound where the tags give no exact number (``6+girls`` is 6, ``multiple_girls`` 2);
            0 for ``no_humans``; None where the tags are silent.
        flags: values of ``FLAGS`` in alphabetical order, and ``conflicting_counts`` where the tags contradict each other
            (``solo`` beside ``2girls``, ``no_humans`` beside ``1girl``); the larger number is then the claim.
    """

    figures: int | None
    flags: tuple[str, ...]


def count_figures(tags: Iterable[str]) -> FigureClaim:
    """Read the figure count and the flags from normalised tags.

    Girls, boys and others add up (``1girl, 1boy`` are two figures); several counts of one kind do not (``2girls,
    multiple_girls`` are two). ``scenery`` alone claims nothing: half of such pictures show a small figure.

    Args:
        tags: whole tags in lower case with underscores, as ``charassets.attributes.tags.parse`` yields them.
    """
    kinds: dict[str, int] = {}
    flags: set[str] = set()
    together = 0
    for tag in tags:
        flag = FLAGS.get(tag)
        if flag is not None:
            flags.add(flag)
            together = max(together, _TOGETHER.get(tag, 0))
        elif (claim := _claim(tag)) is not None:
            kind, count = claim
            kinds[kind] = max(kinds.get(kind, 0), count)
    return _decide(kinds, together, flags)


def speaks_of_figures(tag: str) -> bool:
    """Whether a tag can change the claim; a caller that remembers the answer need not count every tag of a line again."""
    return tag in FLAGS or _claim(tag) is not None


def _claim(tag: str) -> tuple[str, int] | None:
    if tag[:1].isdigit():
        match = _COUNT.fullmatch(tag)
        return (match[2], int(match[1])) if match else None
    return _AT_LEAST.get(tag)


def _decide(kinds: dict[str, int], together: int, flags: set[str]) -> FigureClaim:
    counted = max(sum(kinds.values()), together)
    if (counted > 1 and "solo" in flags) or (counted and "no_humans" in flags):
        flags.add("conflicting_counts")
    if counted:
        figures = counted
    elif "no_humans" in flags:
        # A lone creature is tagged `solo, no_humans`: still nobody whose attributes this project could tell.
        figures = 0
    else:
        figures = 1 if "solo" in flags else None
    return FigureClaim(figures, tuple(sorted(flags)))
