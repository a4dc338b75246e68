"""In which language we speak to a reader: what they ask for, then what their browser prefers, then the provider's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autoconfig import i18n
from autoconfig.config import Config
from autoconfig.model import Provider


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages of this installation, in its order, with their texts."""

    offered: Mapping[str, i18n.Texts]

    @classmethod
    def of(cls, config: Config) -> Languages:
        """Return those of *config* for which there is a catalogue, English where there is none."""
        available = i18n.available()
        codes = [code for code in config.languages if code in available] or [i18n.SOURCE_LANGUAGE]
        return cls({code: i18n.texts(code) for code in codes})

    def choose(self, asked: str | None, header: str | None, provider: Provider | None = None) -> i18n.Texts:
        """Return the texts for a reader who *asked* for a language, whose browser sends this Accept-Language *header*."""
        if asked is not None and asked in self.offered:
            return self.offered[asked]
        preferred = [code for code in (provider.languages if provider else ()) if code in self.offered]
        return self.offered[i18n.negotiate(header, [*preferred, *(code for code in self.offered if code not in preferred)])]

    @property
    def names(self) -> list[tuple[str, str]]:
        """Every language's code and its name in itself."""
        # Translators: the name of your language in your language, "Svenska" for Swedish.
        return [(code, texts.gettext("English")) for code, texts in self.offered.items()]
