"""Which of several claimed values stand: explained-away values go, contradictions stay.

What belongs here: the vocabulary's ``yields`` and ``absorbs`` applied to a set of claims. Not here: strengths of different
sources against each other (``fusion``).
"""

from collections.abc import Mapping

from charassets.attributes.vocabulary import Attribute

CUE = 0.7
"""Below this strength a claim is a cue: it can support a value, but two cues are no contradiction."""


def standing(attribute: Attribute, strengths: Mapping[str, float]) -> list[str]:
    """The values no other plainly claimed value explains away, strongest first.

    ``Long`` goes where ``Very Long`` is claimed, every colour goes where ``Multicolor`` is. A cue explains nothing away.

    Args:
        attribute: the attribute the values belong to.
        strengths: value to its strength between 0 and 1.
    """
    plain = {value for value, strength in strengths.items() if strength >= CUE}
    left = [v for v in strengths if attribute.value(v).yields.isdisjoint(plain - {v})]
    return sorted(left, key=lambda v: -strengths[v])


def contradictions(attribute: Attribute, strengths: Mapping[str, float]) -> tuple[str, ...]:
    """The plainly claimed values that cannot all be true, strongest first; empty where there is no contradiction."""
    if attribute.multi:
        return ()
    left = [v for v in standing(attribute, strengths) if strengths[v] >= CUE]
    return tuple(left) if len(left) > 1 else ()
