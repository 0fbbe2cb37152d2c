"""Which evidence sources the settings choose, in the order in which they are asked.

What belongs here: one line a source. Not here: the sources, and the stages that ask them.
"""

from charassets.attributes.classifier_source import ClassifierSource
from charassets.attributes.colour import ColourSource
from charassets.attributes.evidence_source import EvidenceSource
from charassets.attributes.head_answers import HeadSource
from charassets.attributes.ocr import OcrSource
from charassets.attributes.probes import ProbeSource
from charassets.attributes.tagger import TaggerSource
from charassets.attributes.text_llm import TextLlmSource
from charassets.attributes.vlm import VlmSource
from charassets.attributes.vocabulary import Vocabulary
from charassets.attributes.word_source import WordSource
from charassets.attributes.zero_shot import ZeroShotSource
from charassets.settings import Settings


def word_sources(settings: Settings, vocabulary: Vocabulary) -> tuple[EvidenceSource, ...]:
    """The sources that read words (``tag_evidence``)."""
    sources: list[EvidenceSource] = [WordSource(vocabulary)]
    if settings.text_llm is not None:
        sources.append(TextLlmSource(settings.text_llm, settings.device, vocabulary))
    return tuple(sources)


def picture_sources(settings: Settings, vocabulary: Vocabulary) -> tuple[EvidenceSource, ...]:
    """The sources that look at pictures (``visual_evidence``)."""
    device = settings.device
    sources: list[EvidenceSource] = [ZeroShotSource(settings.embedder, device, vocabulary)]
    if settings.heads is not None:
        sources.append(HeadSource(settings.heads, device, vocabulary))
    sources.append(ColourSource(vocabulary))
    if settings.tagger is not None:
        sources.append(TaggerSource(settings.tagger, device, vocabulary))
    if settings.vlm is not None:
        sources.append(VlmSource(settings.vlm, device, vocabulary))
    if settings.ocr is not None:
        sources.append(OcrSource(settings.ocr, device, vocabulary))
    sources.append(ProbeSource(settings, vocabulary))
    if settings.classifiers:
        heads = None if settings.heads is None else HeadSource(settings.heads, device, vocabulary)
        sources.append(ClassifierSource(settings, vocabulary, heads))
    return tuple(sources)
