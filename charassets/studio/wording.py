"""Words for drawings: the danbooru-like tag line that describes what a picture shows.

What belongs here: attribute values to tags. Not here: sentences; reading tags back, which is the attributes room's part.
"""

from collections.abc import Sequence

import numpy as np

from charassets.studio.traits import PARTS, Attributes

_STYLE_TAGS = {
    "Ponytail": "ponytail", "Twintails": "twintails", "Half Updo": "half updo", "Braid": "braid", "Bun": "hair bun",
    "Bob": "bob cut", "Hime Cut": "hime cut", "Drill": "drill hair", "Straight": "straight hair", "Wavy": "wavy hair",
    "Curly": "curly hair", "Spiky": "spiked hair", "Messy": "messy hair", "Afro": "afro", "Dreadlocks": "dreadlocks",
    "Mohawk": "mohawk", "Undercut": "undercut",
}  # fmt: skip
_DRESS_TAGS = {
    "School Uniform": "school uniform", "Kimono": "kimono", "Chinese Clothes": "chinese clothes",
    "Traditional Clothes": "traditional clothes", "Maid": "maid", "Military Uniform": "military uniform", "Suit": "suit",
    "Dress": "dress", "Casual": "casual", "Armor": "armor", "Robe": "robe", "Swimwear": "swimsuit", "Bodysuit": "bodysuit",
    "Gothic Lolita": "gothic lolita", "Sportswear": "sportswear", "Costume": "costume",
}  # fmt: skip
_MOOD_TAGS = {
    "Happy": "smile", "Sad": "sad", "Angry": "angry", "Surprised": "surprised", "Scared": "scared",
    "Embarrassed": "embarrassed", "Serious": "serious", "Smug": "smug",
}  # fmt: skip
_AGE_TAGS = {"Child": "child", "Teen": "", "Young Adult": "", "Middle-Aged": "mature", "Elderly": "old"}
_BODY_TAGS = {"Slim": "", "Average": "", "Muscular": "muscular", "Curvy": "curvy", "Plump": "plump"}
_ACCESSORY_TAGS = {
    "Glasses": "glasses", "Sunglasses": "sunglasses", "Eyepatch": "eyepatch", "Earrings": "earrings",
    "Hair Ornament": "hair ornament", "Scarf": "scarf", "Mask": "mask", "Necklace": "necklace", "Gloves": "gloves",
}  # fmt: skip
_SKIN_TAGS = {"Pale": "pale skin", "Light": "", "Tan": "tan", "Dark": "dark skin", "Non-Human": "colored skin"}
STYLE_TAGS = {
    "flat": ("flat color",), "lineart": ("lineart", "monochrome"), "painterly": ("painting",), "pixel": ("pixel art",),
}  # fmt: skip
_VIEW_TAGS = {
    "front": ("looking at viewer",), "three-quarter": (), "side": ("profile",), "back": ("from behind",),
}  # fmt: skip
_COUNT = {"Female": "girl", "Male": "boy", "Androgynous": "other"}


def tags_of(attributes: Attributes) -> list[str]:
    """The tags one figure earns, without its count tag; spaces instead of underscores, as in tag sidecars."""
    value = {name: str(v) for name, v in attributes.items() if isinstance(v, str)}
    color, length, eyes = value.get("Hair Color", ""), value.get("Hair Length", ""), value.get("Eye Color", "")
    tags = [
        f"{color.lower()} hair".replace("multicolor hair", "multicolored hair") if color else "",
        {"": "", "Bald": "bald"}.get(length, f"{length.lower()} hair"),
        _STYLE_TAGS.get(value.get("Hair Style", ""), ""),
        "heterochromia" if eyes == "Heterochromia" else f"{eyes.lower()} eyes" if eyes else "",
        _AGE_TAGS.get(value.get("Age", ""), ""),
        _BODY_TAGS.get(value.get("Body Type", ""), ""),
        _DRESS_TAGS.get(value.get("Dress", ""), ""),
        _MOOD_TAGS.get(value.get("Facial Expression", ""), ""),
        value.get("Facial Hair", "None").lower().replace("none", ""),
        value.get("Headwear", "None").lower().replace("none", ""),
        *(_ACCESSORY_TAGS[name] for name in attributes.get("Accessories", ())),
        *(name.lower() for name in attributes.get(PARTS, ())),
        _SKIN_TAGS.get(value.get("Skin Tone", ""), ""),
        "scar" if "Scars" in value else "",
        "tattoo" if "Tattoos" in value else "",
    ]
    return [tag for tag in tags if tag]


def view_tags(view: str) -> tuple[str, ...]:
    """What a tagger says of the side a figure is seen from."""
    return _VIEW_TAGS[view]


def count_tags(genders: Sequence[str], *, solo: bool) -> list[str]:
    """``1girl``, ``2boys`` and their like, plus ``solo`` or ``no humans``.

    Args:
        genders: of every person, once each.
        solo: whether the picture shows one person once.
    """
    if not genders:
        return ["no humans"]
    tags = []
    for gender, word in _COUNT.items():
        count = genders.count(gender)
        if count:
            tags.append(f"{count}{word}{'s' if count > 1 else ''}" if count < 6 else f"6+{word}s")
    return [*tags, "solo"] if solo else tags


def genders_of(figures: Sequence[Attributes], identities: Sequence[int]) -> list[str]:
    """The gender of each person, once; of one that no figure shows it is Androgynous."""
    seen: dict[int, str] = {}
    for figure, identity in zip(figures, identities, strict=True):
        if "Gender" in figure or identity not in seen:
            seen[identity] = str(figure.get("Gender", "Androgynous"))
    return list(seen.values())


def tag_line(
    figures: Sequence[Attributes],
    identities: Sequence[int],
    extra: Sequence[str],
    rng: np.random.Generator,
    *,
    keep: float = 0.9,
) -> str:
    """A sidecar's line: count tags first, then the figures' tags and the scene's, each kept with probability ``keep``.

    Args:
        figures: visible attributes of each figure; a hidden gender counts as ``1other``.
        identities: who each figure is; somebody drawn twice is counted once.
        extra: tags of the scene.
        rng: decides what the tagger forgot.
        keep: share of tags that are there.
    """
    seen: dict[str, None] = {}
    for figure in figures:
        seen |= dict.fromkeys(tag for tag in tags_of(figure) if rng.random() < keep)
    seen |= dict.fromkeys(tag for tag in extra if rng.random() < keep)
    return ", ".join([*count_tags(genders_of(figures, identities), solo=len(figures) == 1), *seen])
