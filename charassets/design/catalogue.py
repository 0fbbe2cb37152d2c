"""The catalogue: every design feature with its group, range and formula. The table's columns are made from it.

What belongs here: names and documentation. Not here: how a feature is computed (``colour``, ``texture``, ``shape``, ``mood``).

Symbols: R, G, B, V, S and Y (grey by ITU-R BT.601) lie in 0-1, hue angles in turns; *figure* is the part of the picture that is not
the border's colour (``canvas.Canvas.figure``); g is the Sobel gradient magnitude of Y, scaled so that a full step edge is 1.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One design feature.

    Attributes:
        name: column name.
        group: colour, texture, shape or mood.
        low: least value.
        high: largest value; ``inf`` where there is no bound.
        doc: the formula in words.
    """

    name: str
    group: str
    low: float
    high: float
    doc: str


_INF = float("inf")

CATALOGUE: tuple[Feature, ...] = (
    # Colour: statistics of RGB and HSV, warmth, palette. Hues are weighed by chroma, since the hue of grey is noise.
    Feature("red_mean", "colour", 0, 1, "mean of R"),
    Feature("green_mean", "colour", 0, 1, "mean of G"),
    Feature("blue_mean", "colour", 0, 1, "mean of B"),
    Feature("red_std", "colour", 0, 0.5, "standard deviation of R"),
    Feature("green_std", "colour", 0, 0.5, "standard deviation of G"),
    Feature("blue_std", "colour", 0, 0.5, "standard deviation of B"),
    Feature("hue_mean", "colour", 0, 1, "circular mean of hue, weighed by chroma, in turns (0 red, 1/3 green)"),
    Feature("hue_concentration", "colour", 0, 1, "length of the mean hue vector weighed by chroma: 1 is one hue"),
    Feature("hue_opposition", "colour", 0, 1, "the same for doubled hues: large for two opposite hues as for one"),
    Feature("saturation_mean", "colour", 0, 1, "mean of S"),
    Feature("saturation_std", "colour", 0, 0.5, "standard deviation of S"),
    Feature("value_mean", "colour", 0, 1, "mean of V"),
    Feature("value_std", "colour", 0, 0.5, "standard deviation of V"),
    Feature(
        "value_skew", "colour", -_INF, _INF, "third standardised moment of V: above 0 for a few lights in the dark"
    ),
    Feature("warm_share", "colour", 0, 1, "chroma at hues within 1/6 turn of orange (1/12), as a share of all chroma"),
    Feature("cool_share", "colour", 0, 1, "chroma at hues within 1/6 turn of azure (7/12), as a share of all chroma"),
    Feature("warmth", "colour", -1, 1, "warm_share less cool_share"),
    Feature("saturated_share", "colour", 0, 1, "share of pixels with S > 0.5 and V > 0.2"),
    Feature("grey_share", "colour", 0, 1, "share of pixels with S < 0.1"),
    Feature(
        "colourfulness",
        "colour",
        0,
        _INF,
        "Hasler and Suesstrunk (2003): std of the opponents rg, yb + 0.3 of their mean",
    ),
    Feature("lab_a_mean", "colour", -1, 1, "mean of CIE a* / 128: green to red"),
    Feature("lab_b_mean", "colour", -1, 1, "mean of CIE b* / 128: blue to yellow"),
    Feature("palette_entropy", "colour", 0, 9, "entropy in bits of the colours in 8 x 8 x 8 bins"),
    Feature("palette_size", "colour", 0, 9, "log2 of the fewest of those bins that hold 90 % of the pixels"),
    Feature("dominant_share", "colour", 0, 1, "share of the largest of those bins"),
    # Texture and edges.
    Feature("gradient_mean", "texture", 0, 1.5, "mean of g (Sobel)"),
    Feature("gradient_std", "texture", 0, 1, "standard deviation of g"),
    Feature("gradient_kurtosis", "texture", -3, _INF, "excess kurtosis of g: large for few hard lines on flat areas"),
    Feature("edge_density", "texture", 0, 1, "share of pixels with g > 0.1"),
    Feature("strong_edge_density", "texture", 0, 1, "share of pixels with g > 0.3"),
    Feature("flat_share", "texture", 0, 1, "share of pixels with g < 0.01"),
    Feature(
        "orientation_entropy",
        "texture",
        0,
        3,
        "entropy in bits of edge directions in 8 bins of 22.5 degrees, weighed by g",
    ),
    Feature("horizontal_edges", "texture", 0, 1, "share of g at edges within 22.5 degrees of horizontal"),
    Feature("vertical_edges", "texture", 0, 1, "share of g at edges within 22.5 degrees of vertical"),
    Feature("diagonal_edges", "texture", 0, 1, "share of g at the other directions"),
    Feature("grey_entropy", "texture", 0, 8, "entropy in bits of Y in 256 bins"),
    Feature("laplacian_spread", "texture", 0, _INF, "ln(1 + variance of the Laplacian of grey 0-255)"),
    Feature("laplacian_mean", "texture", 0, 4, "mean absolute Laplacian of Y"),
    Feature("local_contrast", "texture", 0, 0.5, "mean standard deviation of Y in 8 x 8 px blocks"),
    Feature(
        "line_darkness",
        "texture",
        0,
        1,
        "mean of 1 - Y where g > 0.3, black outlines are near 1; 0 without such pixels",
    ),
    # Shape and geometry.
    Feature("aspect", "shape", -_INF, _INF, "log2 of width over height"),
    Feature("figure_share", "shape", 0, 1, "share of the picture that is figure"),
    Feature(
        "centre_brightness", "shape", -1, 1, "mean Y of the middle half (by both sides) less the mean Y of the rest"
    ),
    Feature("top_brightness", "shape", 0, 1, "mean Y of the upper third"),
    Feature("middle_brightness", "shape", 0, 1, "mean Y of the middle third"),
    Feature("bottom_brightness", "shape", 0, 1, "mean Y of the lower third"),
    Feature("side_brightness", "shape", -1, 1, "mean Y of the left half less that of the right half"),
    Feature("mirror_symmetry", "shape", -1, 1, "correlation of Y with its left-right mirror image"),
    Feature("flip_symmetry", "shape", -1, 1, "correlation of Y with its upside-down image"),
    Feature("roundness", "shape", 0, 1, "4 pi area / perimeter^2 of the figure's outline: 1 is a disc"),
    Feature("solidity", "shape", 0, 1, "area of the figure's outline over that of its convex hull"),
    Feature("extent", "shape", 0, 1, "area of the figure's outline over that of its bounding box"),
    Feature("elongation", "shape", 0, 1, "1 - ratio of the figure's smaller to larger standard deviation"),
    Feature("centroid_x", "shape", 0, 1, "horizontal place of the figure's centroid"),
    Feature("centroid_y", "shape", 0, 1, "vertical place of the figure's centroid, from the top"),
    Feature(
        "angularity",
        "shape",
        0,
        1,
        "mean turn at the corners of the outline simplified to 1 % of its length, in half turns",
    ),
    Feature(
        "spikes",
        "shape",
        0,
        _INF,
        "convex corners sharper than 60 degrees of that outline per unit of its length over the diagonal",
    ),
    Feature("corner_density", "shape", 0, _INF, "Shi-Tomasi corners (quality 0.05, 5 px apart) per 1,000 pixels"),
    # Higher level: mood and marks.
    Feature("shadow_density", "mood", 0, 1, "share of pixels with V < 0.25"),
    Feature("shadow_concentration", "mood", 0, 1, "Gini coefficient of those pixels over an 8 x 8 grid; 0 without any"),
    Feature("black_share", "mood", 0, 1, "share of pixels with V < 0.08"),
    Feature("highlight_share", "mood", 0, 1, "share of figure pixels with Y > 0.92"),
    Feature("chiaroscuro", "mood", 0, 1, "95th less 5th percentile of Y within the figure"),
    Feature(
        "aura_brightness",
        "mood",
        -1,
        1,
        "mean V of a ring of 4 % of the diagonal around the figure less that of the ground beyond",
    ),
    Feature("aura_saturation", "mood", -1, 1, "the same of S"),
    Feature("figure_contrast", "mood", 0, _INF, "CIE76 distance / 100 between the mean colours of figure and ground"),
    Feature(
        "red_black",
        "mood",
        0,
        1,
        "share of figure pixels that are dark (V < 0.25) or strong red (hue within 1/24 turn of 0, S > 0.5)",
    ),
    Feature(
        "thin_marks",
        "mood",
        0,
        1,
        "share of skin-like pixels (YCrCb box of Chai and Ngan, 1999) where a 7 px black-hat of Y exceeds 0.12: scars, marks",
    ),
)
"""Every feature, in the order of the columns."""

NAMES = tuple(feature.name for feature in CATALOGUE)
