"""How every page looks: the theme, the style sheet and the script that gradio is mounted with.

What belongs here: colours, fonts and what goes into the page's head. Not here: words (``app.texts``) and layout (``app.pages``).
Colours of meaning are Okabe and Ito's (https://jfly.uni-koeln.de/color/), told apart by people with any common colour
blindness, and never the only sign.
"""

from pathlib import Path
from typing import Any

from gradio.themes import Base, colors, sizes

_STATIC = Path(__file__).with_name("static")
_FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")  # no font is fetched
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "DejaVu Sans Mono", "monospace")

SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7a7a7a")
"""Colours of categories, in order of use."""


def theme() -> Base:
    """Gradio's variables, light and dark."""
    base = Base(
        primary_hue=colors.blue,
        neutral_hue=colors.slate,
        font=_FONT,
        font_mono=_MONO,
        radius_size=sizes.radius_md,
        spacing_size=sizes.spacing_md,
        text_size=sizes.text_md,
    )
    return base.set(
        body_background_fill="#f6f7f9",
        body_background_fill_dark="#12151b",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1a1e26",
        block_border_color="#dfe3ea",
        block_border_color_dark="#2c323d",
        border_color_primary="#dfe3ea",
        border_color_primary_dark="#2c323d",
        body_text_color="#1b2330",
        body_text_color_dark="#e4e8ef",
        body_text_color_subdued="#5b6675",
        body_text_color_subdued_dark="#9aa5b5",
        input_background_fill="#ffffff",
        input_background_fill_dark="#12151b",
        button_primary_background_fill="#0064a0",
        button_primary_background_fill_hover="#00507f",
        button_primary_background_fill_dark="#1f78b4",
        button_primary_text_color="#ffffff",
        color_accent="#0064a0",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0",
    )


def mount_options() -> dict[str, Any]:
    """Arguments of ``gradio.mount_gradio_app`` that belong to the look."""
    script = (_STATIC / "panels.js").read_text(encoding="utf-8")
    extra = (_STATIC / "review.js").read_text(encoding="utf-8") + (_STATIC / "map.js").read_text(encoding="utf-8")
    return {
        "theme": theme(),
        "css": (_STATIC / "app.css").read_text(encoding="utf-8"),
        "head": f'<meta name="referrer" content="no-referrer"><script>{script}{extra}</script>',
    }
