"""Is it the same picture? Three answers about a pair: duplicate, variant, different.

What belongs here: the order in which a pair is looked at, and the thresholds between the answers. Not here: which pairs are
looked at (``candidates``) and what follows from the answers (``groups``).
"""

from dataclasses import dataclass

import numpy as np

from charassets.images.local_features import Keypoints, keypoints
from charassets.images.preview import Preview
from charassets.similarity.agreement import Agreement, compare, mirror_image, place_of
from charassets.similarity.alignment import Alignment, aligned, assumed, settled
from charassets.similarity.poses import Pose
from charassets.similarity.rough_look import Over, Rough, Small

VERSION = 12
"""Raised by hand when the same pair would be answered otherwise, or previews are made otherwise: kept answers are dropped."""

DUPLICATE, VARIANT, DIFFERENT = "duplicate", "variant", "different"

HINT_BITS = 12
"""Hashes this close suggest that both pictures show the same whole; the pixels decide. Beyond, corners must agree first."""

_INLIERS = 10  # keypoints in different places that agree; of 3,600 random pairs that differ three had 10, none more
_SURE_INLIERS = 16
_SURE_AGREE = 22  # of the 32 nearest corners: no chance
_COPY_ALIKE = 0.95  # of the windows of a smooth copy; cut-outs on a ground left out 1,326 of 1,326 had .98 or more
_GRAINY_ALIKE = 0.4  # of one with grain or screentone, which other scales and cuts draw anew: 96 of 96 had .43 or more
_COPY_ODD = 0.08  # of the windows; of 2,254 copies none had more than .057
_VARIANT_ALIKE, _VARIANT_SHAPED = 0.85, 0.3  # of the windows of one drawing, however few corners agree
_VARIANT_CORNERS = 12.0  # corners that agree, times the share of windows; of 1,500 strangers by one hand none had it
_HOPEFUL_ALIKE, _HOPEFUL_CORNERS = 0.7, 7.0  # where fewer corners agree; of those strangers 1 % has so much
_OFF, _OFF_COPY = 1.5, 0.25  # px between two ways of laying a picture that measure the same; of what may be a copy
_CROPPED = 0.985  # of a side that is left when a picture is called a crop of another


@dataclass(frozen=True)
class Limits:
    """What two pictures may differ in and still be one. Attributes are those of ``Agreement``."""

    compared: float
    same: float
    other: float
    spot: float
    changed: float
    patch: float
    added: float

    def met(self, found: Agreement) -> bool:
        """Whether a pair stays within all of them."""
        return (
            found.compared >= self.compared
            and found.same >= self.same
            and found.other <= self.other
            and found.spot <= self.spot
            and found.changed <= self.changed
            and found.patch <= self.patch
            and found.added <= self.added
        )


COPY = Limits(compared=0.6, same=0.965, other=0.008, spot=0.006, changed=0.004, patch=0.0007, added=0.0015)
"""A copy of the same picture. Copies by JPEG 30, blur, resizing, cropping, padding, brightening of 25 paintings reach .99, .006,
.004, .002, .0003 and 0; of 1.4 million pairs of avatars the closest that differ (an eyebrow) have a patch of .0009."""

CUT_OUT = Limits(compared=0.6, same=0.92, other=0.05, spot=0.03, changed=0.027, patch=0.015, added=0.22)
"""The same where one is a cut-out and the other has its background filled in, what is half transparent left out. Of 129 pairs of
portraits and their copies on black 127 stay within; the worst of those reach .95, .037, .024, .022, .012 and .18. A scene drawn
twice, with blood and without, has a ``changed`` of .036."""

DRAWING = Limits(compared=0.35, same=0.55, other=0.35, spot=0.3, changed=0.5, patch=0.4, added=0.5)
"""The same drawing, changed: another face, dress, colour, background, or text on it."""

_VEILED = 0.01  # of the drawing of two cut-outs
_TURN = 8.0  # degrees of hue; copies stay below 3, and a turn of 10 is seen by eye
_CUT_OUT_RECOLOURED = 0.02  # where shapes may differ more, colours may less
_RECOLOURED = 0.03  # of the drawing; copies stay below .01


@dataclass(frozen=True)
class Judgement:
    """The answer about a pair, with what it rests on.

    Attributes:
        answer: ``duplicate``, ``variant`` or ``different``.
        mirrored: one is the mirror image of the other.
        grey: one is the other without its colours.
        cropped: ``left`` is a part of right, ``right`` of left, or None.
        alignment: how left was laid on right; None where no way was found.
        agreement: what was measured then; None where a rough look was enough.
    """

    answer: str
    mirrored: bool = False
    grey: bool = False
    cropped: str | None = None
    alignment: Alignment | None = None
    agreement: Agreement | None = None

    @property
    def may_be_copy(self) -> bool:
        """Whether it would pass for a copy if it lay a pixel better, which changes no hues."""
        return self.agreement is not None and self.agreement.turn <= _TURN and CUT_OUT.met(self.agreement)


class Seen:
    """A picture as it is compared: its preview and, found once and only where somebody asks, what is made of it.

    Most pairs are told without keypoints.
    """

    def __init__(self, preview: Preview) -> None:
        self.preview = preview
        self._small: Small | None = None
        self._keypoints: Keypoints | None = None
        self._turned: Keypoints | None = None

    @property
    def small(self) -> Small:
        """The picture for a rough look."""
        if self._small is None:
            self._small = Small.of(self.preview)
        return self._small

    @property
    def keypoints(self) -> Keypoints:
        """Its keypoints."""
        if self._keypoints is None:
            self._keypoints = keypoints(self.preview.grey)
        return self._keypoints

    @property
    def turned(self) -> Keypoints:
        """Those of its mirror image."""
        if self._turned is None:
            self._turned = keypoints(np.ascontiguousarray(self.preview.grey[:, ::-1]))
        return self._turned


def judge(
    left: Seen, right: Seen, bits: int, mirrored_bits: int, pose: Pose | None = None, *, thorough: bool = False
) -> Judgement:
    """Answer about a pair.

    Hashes that are close suggest how one lies on the other, and so do corners; a rough look tells strangers and variants, and the
    pixels decide about what may be a copy; what is all but one is laid by its pixels and looked at once more. Keypoints are asked,
    straight and in the mirror, where corners are not known, and where few agree on a cut-out and a picture with a background.

    Args:
        left: a picture.
        right: another.
        bits: differing bits of their perceptual hashes.
        mirrored_bits: of one's and the other's mirror image.
        pose: on which their corners agree; None where they are not known, or too few.
        thorough: asks keypoints of all that are no copies by then; where few pairs are looked at, the 2 % more that are found so
            are worth a third of the time.
    """
    pair = _Pair(left, right)
    for mirrored, distance in sorted(((False, bits), (True, mirrored_bits)), key=lambda way: way[1]):
        if distance <= HINT_BITS and pair.best.answer != DUPLICATE:
            alignment = assumed(*pair.sizes, mirrored=mirrored)
            _tell(pair, alignment, pair.rough(alignment))
    told = pair.best.answer == DUPLICATE or (pose is not None and _told(pair, pose))
    if pair.best.answer != DUPLICATE and (thorough or not told):
        _by_keypoints(pair, left, right, pose)
    if pair.best.answer != DUPLICATE:
        pair.settle()
    return pair.best


def _by_keypoints(pair: "_Pair", left: Seen, right: Seen, pose: Pose | None) -> None:
    found = None
    for mirrored in (True, False) if pose is not None and pose.mirrored else (False, True):
        way = aligned(left.turned if mirrored else left.keypoints, right.keypoints, mirrored=mirrored)
        if way is not None and (found is None or way.inliers > found.inliers):
            found = way
        if found is not None and found.inliers >= _SURE_INLIERS and pose is not None and pose.agree >= _INLIERS:
            break  # keypoints and corners agree on one side
    if found is not None and found.inliers >= _INLIERS:
        pair.look(found, sure=found.inliers >= _SURE_INLIERS)


class _Pair:
    """Two pictures, laid on each other in one way after another; ``best`` is the best answer so far."""

    def __init__(self, left: Seen, right: Seen) -> None:
        self._left, self._right = left, right
        self.sizes = left.preview.pixels.shape[:2], right.preview.pixels.shape[:2]
        self.mixed = left.preview.cut_out != right.preview.cut_out
        self.best = Judgement(DIFFERENT)
        self.looks: list[Judgement] = []

    def rough(self, alignment: Alignment) -> Rough:
        """A rough look at them, so laid: nothing is alike where too little of them meets.

        A cut-out and a picture with a ground differ in all that is half transparent: there everything is, and the pixels decide.
        """
        small = self._left.small.mirrored() if alignment.mirrored else self._left.small
        over = Over.of(small, self._right.small, alignment.matrix)
        if over.compared < DRAWING.compared:
            return Rough.blank(alike=0.0)
        return Rough.blank(alike=1.0) if self.mixed else over.look()

    def is_variant(self, alignment: Alignment) -> None:
        """Without a look at the pixels: so much is alike that it is one drawing, and so much is not that it is no copy."""
        box = place_of(*self.sizes, alignment.matrix)
        look = Judgement(VARIANT, alignment.mirrored, cropped=_cropped(box), alignment=alignment)
        self.best = _better(self.best, look)

    def look(self, alignment: Alignment, *, sure: bool) -> Judgement:
        """The answer about them, so laid; ``sure``: it is no chance that they lie so."""
        left, right = self._left.preview, self._right.preview
        found = next((look.agreement for look in self.looks if self._stands_for(look, alignment)), None)
        if found is None:
            found = compare(mirror_image(left) if alignment.mirrored else left, right, alignment)
        look = _judged(found, alignment, cut_out=left.cut_out or right.cut_out, sure=sure)
        self.looks.append(look)
        self.best = _better(self.best, look)
        return look

    def settle(self) -> None:
        """Once more of what is all but a copy, laid by its pixels."""
        near = [look for look in self.looks if look.may_be_copy]
        if not near:
            return
        best = max(near, key=_evenness)
        assert best.alignment is not None  # noqa: S101 - there was a look
        left, right = self._left.preview, self._right.preview
        found = settled(mirror_image(left) if best.mirrored else left, right, best.alignment)
        if found is not None:
            self.look(found, sure=False)

    def _stands_for(self, look: Judgement, alignment: Alignment) -> bool:
        """Whether another way of laying them would change nothing in what was measured; a copy is measured again to be sure."""
        if look.alignment is None or look.agreement is None or look.mirrored != alignment.mirrored:
            return False
        height, width = self.sizes[0]
        corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
        apart = np.abs(corners @ (look.alignment.matrix - alignment.matrix).T).max()
        return bool(apart < (_OFF_COPY if look.may_be_copy else _OFF))


def _told(pair: _Pair, pose: Pose) -> bool:
    """Lay a pair by its corners; whether that is the answer, or keypoints, which take ten times as long, may tell more.

    They may of what has much alike though few corners agree (a small part of a picture), and, where few agree, of a cut-out and a
    copy on a ground.
    """
    alignment, sure = pose.alignment(*pair.sizes), pose.agree >= _SURE_AGREE
    rough = pair.rough(alignment)
    if pair.mixed:
        if not rough.alike:
            return not pair.looks
        if pose.agree < _INLIERS:
            return False  # too few to make a copy, and keypoints are sought anyway
        return pair.look(alignment, sure=sure).answer == DUPLICATE or sure
    found = _tell(pair, alignment, rough)
    if found is not None and found.answer == DUPLICATE:
        return True
    return sure or (rough.alike < _HOPEFUL_ALIKE and pose.agree * rough.alike < _HOPEFUL_CORNERS)


def _tell(pair: _Pair, alignment: Alignment, rough: Rough) -> Judgement | None:
    """What a rough look tells, and the pixels of what may be a copy, which is the answer; None where nobody looked at them."""
    by_windows = rough.alike >= _VARIANT_ALIKE and rough.shaped >= _VARIANT_SHAPED
    one_drawing = by_windows or alignment.inliers * rough.alike >= _VARIANT_CORNERS
    alike = _GRAINY_ALIKE if alignment.inliers >= _SURE_AGREE else _COPY_ALIKE
    if rough.alike >= alike and rough.odd <= _COPY_ODD:
        return pair.look(alignment, sure=one_drawing and alignment.inliers > 0)
    if one_drawing:
        pair.is_variant(alignment)
    return None


def _judged(found: Agreement | None, alignment: Alignment, *, cut_out: bool, sure: bool) -> Judgement:
    if found is None:
        return Judgement(DIFFERENT)
    return Judgement(
        _answer(found, alignment, cut_out=cut_out, sure=sure),
        alignment.mirrored,
        found.grey in ("left", "right"),
        _cropped(found.box),
        alignment,
        found,
    )


def _answer(found: Agreement, alignment: Alignment, *, cut_out: bool, sure: bool) -> str:
    coloured = found.turn <= _TURN and found.recoloured <= _RECOLOURED
    if found.veiled <= _VEILED and coloured and COPY.met(found) and (not found.other_ground or cut_out):
        return DUPLICATE
    if (
        found.recoloured <= _CUT_OUT_RECOLOURED
        and coloured
        and cut_out
        and found.other_ground
        and alignment.inliers >= _INLIERS
        and CUT_OUT.met(found)
    ):
        return DUPLICATE
    likely = sure or (alignment.inliers == 0 and found.same >= COPY.same)
    return VARIANT if likely and DRAWING.met(found) else DIFFERENT


def _evenness(look: Judgement) -> float:
    return look.agreement.same - look.agreement.changed if look.agreement is not None else 0.0


def _better(one: Judgement, other: Judgement) -> Judgement:
    rank = (DIFFERENT, VARIANT, DUPLICATE)
    return other if rank.index(other.answer) >= rank.index(one.answer) else one


def _cropped(box: tuple[float, float, float, float]) -> str | None:
    """Which picture shows only a part of the other, by the place of left within right."""
    width, height = box[2] - box[0], box[3] - box[1]
    if min(width, height) < _CROPPED and max(width, height) < 1 / _CROPPED:
        return "left"
    if max(width, height) > 1 / _CROPPED and min(width, height) > _CROPPED:
        return "right"
    return None
