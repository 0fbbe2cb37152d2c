"""Which evidence sources the settings choose, in the order in which they are asked.

What belongs here: one line a source. Not here: the sources, and the stages that ask them.
"""

from charassets.attributes.colour import ColourSource
from charassets.attributes.evidence_source import EvidenceSource
from charassets.attributes.head_answers import HeadSource
from charassets.attributes.vocabulary import Vocabulary
from charassets.attributes.zero_shot import ZeroShotSource
from charassets.settings import Settings


def picture_sources(settings: Settings, vocabulary: Vocabulary) -> tuple[EvidenceSource, ...]:
    """The sources that look at pictures (``visual_evidence``)."""
    sources: list[EvidenceSource] = [ZeroShotSource(settings.embedder, settings.device, vocabulary)]
    if settings.heads is not None:
        sources.append(HeadSource(settings.heads, settings.device, vocabulary))
    sources.append(ColourSource(vocabulary))
    return tuple(sources)
