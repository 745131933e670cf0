"""Texts in English that carry a Chinese translation, and tables of bilingual texts by code."""

from collections.abc import Mapping
from typing import Any, Final, Literal

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


class Said(str):
    """An English text that carries its Chinese translation; as a plain string and in JSON, only English is shown."""

    __slots__ = ("zh",)

    zh: str

    def __new__(cls, en: str, zh: str) -> "Said":
        said = super().__new__(cls, en)
        said.zh = zh
        return said

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (str(self), self.zh)

    def format(self, *args: object, **kwargs: object) -> "Said":
        """Return the text with the given values filled into the English and the Chinese text."""
        return Said(super().format(*args, **kwargs), self.zh.format(*args, **kwargs))

    def told(self, language: str) -> str:
        """Return the text in Chinese for `zh`, else in English."""
        return self.zh if language == "zh" else str(self)


Table = Mapping[str, Said]
"""The names of the codes of one subject; the keys are the codes as they are stored and sent."""


def table(names: Mapping[str, str | tuple[str, str]]) -> Table:
    """Return a table of bilingual names, made from the Chinese names by code.

    The English name of a code is the code with spaces for underscores, unless a pair (Chinese, English) is given.
    """
    return {
        code: Said(name[1], name[0]) if isinstance(name, tuple) else Said(code.replace("_", " "), name)
        for code, name in names.items()
    }
