"""A text model's reading of a free description: a JSON object whose every value is one of the vocabulary's.

What belongs here: the prompt, the object that grows value by value, its rows. Not here: the model (``charassets.models.text_llm``).
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from charassets.attributes.evidence import Evidence
from charassets.attributes.evidence_source import JsonValue, Subject
from charassets.attributes.vocabulary import UNKNOWN, Vocabulary
from charassets.models.text_llm import TextModel, find_text_model, load_text_model
from charassets.settings import TextLlmSettings

_ASKED = "Description of a drawn character: {}\nIts attributes as JSON, Unknown where the description does not say:\n{{"
_DECIMALS = 3


class TextLlmSource:
    """Asks a text model about descriptions; see ``EvidenceSource``. Silent where there is no description."""

    source = "text_llm"
    needs_pixels = False

    def __init__(self, settings: TextLlmSettings, device: str, vocabulary: Vocabulary) -> None:
        self._settings, self._device, self._vocabulary = settings, device, vocabulary
        check_attributes("text_llm", settings.attributes, vocabulary)

    def settings_read(self) -> Mapping[str, JsonValue]:
        """What is asked, and how much of a description is read."""
        return {"attributes": list(self._settings.attributes), "max_tokens": self._settings.max_tokens}

    def weights(self) -> Mapping[str, str]:
        """The text model's files."""
        return {f"text_llm/{name}": digest for name, digest in find_text_model(self._settings).files.items()}

    def answers(self, subjects: Sequence[Subject]) -> list[list[Evidence]]:
        """Evidence of every description."""
        if not any(subject.description for subject in subjects):
            return [[] for _ in subjects]
        model = load_text_model(self._settings, self._device)
        return [list(self._read(model, s.description)) if s.description else [] for s in subjects]

    def _read(self, model: TextModel, description: str) -> Iterator[Evidence]:
        """Fill in one value after the other, each chosen among the vocabulary's in sight of those before it."""
        written = _ASKED.format(" ".join(description.split()))
        for number, name in enumerate(self._settings.attributes):
            options = [*(value.name for value in self._vocabulary.attributes[name].values), UNKNOWN]
            written += f"{', ' if number else ''}{json.dumps(name)}: "
            chances = model.chances(written, [json.dumps(option) for option in options])
            best = int(chances.argmax())
            written += json.dumps(options[best])
            if options[best] != UNKNOWN:
                told = f"{model.name} reads {name}, one of {len(options)} answers"
                yield Evidence(name, options[best], round(float(chances[best]), _DECIMALS), self.source, told)


def check_attributes(section: str, names: Sequence[str], vocabulary: Vocabulary) -> None:
    """Refuse attributes that are not in the vocabulary.

    Raises:
        UsageError: one is not.
    """
    from charassets.errors import UsageError

    unknown = [name for name in names if name not in vocabulary.attributes]
    if unknown:
        raise UsageError(
            f"{section}.attributes: {unknown[0]!r} is no attribute",
            where="settings",
            todo=f"choose among {', '.join(vocabulary.attributes)}",
        )
