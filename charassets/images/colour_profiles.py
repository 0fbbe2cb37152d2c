"""Colours as the artist saw them: embedded ICC profiles applied on the way to sRGB.

What belongs here: colour management. Not here: evening colours out, which is a choice (``normalise``).
"""

import io

from PIL import Image, ImageCms

_MANAGED = {"RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB"}  # mode of the file to mode of the answer
_LARGEST_PROFILE = 4 << 20  # bytes; printers' profiles reach two megabytes


def to_srgb(image: Image.Image) -> Image.Image:
    """The picture in sRGB where it carries another usable profile; the picture itself otherwise.

    Drawing programs on tablets save in Display P3: read as sRGB, its reds turn brown. Without a usable profile numbers are
    taken for sRGB, as every viewer does.
    """
    profile = image.info.get("icc_profile")
    mode = _MANAGED.get(image.mode)
    if mode is None or not isinstance(profile, bytes) or not 128 < len(profile) <= _LARGEST_PROFILE:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a damaged profile is no reason to lose a picture
        return image
    return image if converted is None else converted
