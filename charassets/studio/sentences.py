"""Sentences about drawings, as a person would describe one to another.

What belongs here: attribute values to English. Not here: tags (``wording``).
"""

from collections import Counter
from collections.abc import Sequence

from charassets.studio.traits import PARTS, Attributes
from charassets.studio.wording import genders_of

_NOUNS = {
    ("Female", True): ("girl", "girls"), ("Female", False): ("woman", "women"), ("Male", True): ("boy", "boys"),
    ("Male", False): ("man", "men"), ("Androgynous", True): ("child", "children"),
    ("Androgynous", False): ("person", "people"),
}  # fmt: skip
_AGES = {"Child": "little ", "Teen": "", "Young Adult": "young ", "Middle-Aged": "middle-aged ", "Elderly": "old "}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
_STYLES = {
    "Ponytail": " in a ponytail", "Twintails": " in twintails", "Half Updo": ", half of it tied up", "Braid": " in a braid",
    "Bun": " in a bun", "Bob": " cut in a bob", "Hime Cut": " in a hime cut", "Drill": " in drills",
    "Undercut": " with an undercut", "Mohawk": " in a mohawk", "Afro": " in an afro", "Dreadlocks": " in dreadlocks",
}  # fmt: skip
_TEXTURES = {"Straight": "straight", "Wavy": "wavy", "Curly": "curly", "Spiky": "spiky", "Messy": "messy"}
_CLOTHES = {
    "School Uniform": "a school uniform", "Kimono": "a kimono", "Chinese Clothes": "Chinese clothes",
    "Traditional Clothes": "traditional clothes", "Maid": "a maid's dress", "Military Uniform": "a military uniform",
    "Suit": "a suit", "Dress": "a dress", "Casual": "casual clothes", "Armor": "armor", "Robe": "a robe",
    "Swimwear": "swimwear", "Bodysuit": "a bodysuit", "Gothic Lolita": "a gothic dress", "Sportswear": "sportswear",
    "Costume": "a costume", "Hat": "a hat", "Cap": "a cap", "Hood": "a hood", "Helmet": "a helmet", "Crown": "a crown",
    "Headband": "a headband", "Eyepatch": "an eyepatch", "Hair Ornament": "a hair ornament", "Scarf": "a scarf",
    "Mask": "a mask", "Necklace": "a necklace",
}  # fmt: skip
_MARKS = {"Scars": "a scar", "Tattoos": "a tattoo"}


def sentence(figures: Sequence[Attributes], identities: Sequence[int], setting: Sequence[str]) -> str:
    """One sentence about a picture.

    Args:
        figures: visible attributes of each figure.
        identities: who each of them is.
        setting: the scene in the words of tags.
    """
    where = f"; {', '.join(setting)}" if setting else ""
    if not figures:
        return f"A picture without people{where}."
    if len(figures) == 1:
        return f"{_figure(figures[0])}{where}."
    if len(set(identities)) == 1:
        often = _NUMBERS[len(figures)] if len(figures) < len(_NUMBERS) else str(len(figures))
        return f"{_figure(_fullest(figures))}, drawn {often} times{where}."
    return f"{_people(figures, identities)}{where}."


def _fullest(figures: Sequence[Attributes]) -> Attributes:
    return max(figures, key=len)


def _people(figures: Sequence[Attributes], identities: Sequence[int]) -> str:
    counts = Counter(_NOUNS[gender, False] for gender in genders_of(figures, identities))
    said = [f"{_NUMBERS[n] if n < len(_NUMBERS) else n} {nouns[n > 1]}" for nouns, n in counts.items()]
    return f"{_joined(said).capitalize()} together"


def _figure(seen: Attributes) -> str:
    """``A young woman with long blue hair and red eyes, wearing a kimono and glasses, happy``."""
    age = str(seen.get("Age", ""))
    noun = _NOUNS[str(seen.get("Gender", "Androgynous")), age in {"Child", "Teen"}][0]
    start = _AGES.get(age, "") + noun
    text = f"{'An' if start[0] in 'aeiou' else 'A'} {start}"
    if features := _features(seen):
        text += f" with {_joined(features)}"
    if worn := _worn(seen):
        text += f", wearing {_joined(worn)}"
    mood = seen.get("Facial Expression")
    return f"{text}, looking {str(mood).lower()}" if mood else text


def _features(seen: Attributes) -> list[str]:
    features = [_hair(seen)] if "Hair Length" in seen or "Hair Color" in seen else []
    eyes, beard, skin = (str(seen.get(name, "")) for name in ("Eye Color", "Facial Hair", "Skin Tone"))
    if eyes:
        features.append("eyes of two colors" if eyes == "Heterochromia" else f"{eyes.lower()} eyes")
    if beard not in {"", "None"}:
        features.append("stubble" if beard == "Stubble" else f"a {beard.lower()}")
    if skin in {"Pale", "Tan", "Dark"}:
        features.append(f"{skin.lower()} skin")
    features += [str(part).lower() for part in seen.get(PARTS, ())]
    return features + [phrase for name, phrase in _MARKS.items() if name in seen]


def _hair(seen: Attributes) -> str:
    length, color, style = (str(seen.get(name, "")) for name in ("Hair Length", "Hair Color", "Hair Style"))
    if length == "Bald":
        return "a bald head"
    words = (length.lower(), _TEXTURES.get(style, ""), color.lower().replace("multicolor", "multicolored"), "hair")
    return " ".join(word for word in words if word) + _STYLES.get(style, "")


def _worn(seen: Attributes) -> list[str]:
    names = [seen.get("Dress"), seen.get("Headwear"), *seen.get("Accessories", ())]
    return [_CLOTHES.get(str(name), str(name).lower()) for name in names if name not in {None, "None"}]


def _joined(phrases: Sequence[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"
