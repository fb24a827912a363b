"""Labels in other languages than English: one table of key and text a language.

English stands in the code, beside the key. ``zh.csv`` in this folder has the Chinese; a further
language is a further file, named by its code. What a table lacks is said in English.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

#: Where the tables are.
FOLDER = Path(__file__).parent

ENGLISH, CHINESE = "en", "zh"
#: English and Chinese beside each other.
BOTH = "both"

_spoken = BOTH


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages that there is a table of.

    Examples
    --------
    >>> languages()
    ('zh',)
    """
    return tuple(sorted(table.stem for table in FOLDER.glob("*.csv")))


@cache
def texts(language: str) -> dict[str, str]:
    """The table of a language: text by key.

    Examples
    --------
    >>> len(texts("zh")["variable.births"])
    4
    """
    with (FOLDER / f"{language}.csv").open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(line for line in lines if not line.startswith("#"))
        next(rows)  # the names of the columns
        return dict(rows)


def translated(key: str, language: str, **parts: object) -> str | None:
    """The text of a key in a language, its placeholders filled; None where the table has none.

    Examples
    --------
    >>> translated("no.such.key", "zh") is None
    True
    """
    text = texts(language).get(key)
    return None if text is None else _filled(text, language, parts)


def _filled(text: str, language: str, parts: Mapping[str, object]) -> str:
    own = {
        name: part.get(language, part[ENGLISH]) if isinstance(part, Mapping) else part
        for name, part in parts.items()
    }
    return text.format(**own) if own else text


def in_each(key: str, english: str, **parts: object) -> dict[str, str]:
    """A label by language: in English, and in every language whose table has the key.

    Parameters
    ----------
    key : str
        Of the tables.
    english : str
        With the same placeholders, ``{name}``, as the texts of the tables.
    **parts
        What the placeholders stand for; a mapping is itself a label by language.

    Examples
    --------
    >>> list(in_each("variable.births", "Births"))
    ['en', 'zh']
    >>> in_each("no.such.key", "Births of order {order}", order=2)
    {'en': 'Births of order 2'}
    """
    said = {ENGLISH: _filled(english, ENGLISH, parts)}
    for language in languages():
        text = translated(key, language, **parts)
        if text is not None:
            said[language] = text
    return said


def long_names(key: str, english: str, **parts: object) -> dict[str, str]:
    """A label as attributes of a variable: ``long_name``, ``long_name_zh``, ...

    Examples
    --------
    >>> list(long_names("variable.births", "Births"))
    ['long_name', 'long_name_zh']
    """
    return as_attributes(in_each(key, english, **parts))


def as_attributes(said: Mapping[str, str]) -> dict[str, str]:
    """A label by language as attributes of a variable.

    Examples
    --------
    >>> as_attributes({"en": "Births"})
    {'long_name': 'Births'}
    """
    return {
        "long_name" if language == ENGLISH else f"long_name_{language}": text
        for language, text in said.items()
    }


def of_attributes(attributes: Mapping[str, object]) -> dict[str, str]:
    """A label by language, read back from what :func:`long_names` wrote.

    Examples
    --------
    >>> of_attributes({"long_name": "Births", "units": "persons"})
    {'en': 'Births'}
    """
    names = {ENGLISH: "long_name", **{code: f"long_name_{code}" for code in languages()}}
    return {code: str(attributes[name]) for code, name in names.items() if name in attributes}


def glossed(key: str, english: str) -> str:
    """A term in English with what it is called in the other languages, in brackets.

    Examples
    --------
    >>> glossed("no.such.key", "residents")
    'residents'
    """
    terms = [term for code, term in in_each(key, english).items() if code != ENGLISH]
    return f"{english} ({', '.join(terms)})" if terms else english


def own_name(language: str) -> str:
    """What a language is called by those who speak it; its code where its table does not say."""
    return texts(language).get("language.name", language)


def spoken() -> str:
    """The language of figures and tables, as :func:`popsim.set_options` sets it."""
    return _spoken


def speak(language: str) -> str:
    """Set the language of figures and tables; return the one before."""
    global _spoken
    before, _spoken = _spoken, language
    return before


def label(said: Mapping[str, str], between: str = "  ") -> str:
    """A label in the language that is spoken; in both with the Chinese behind the English.

    Examples
    --------
    >>> label({"en": "Births"})
    'Births'
    """
    if _spoken != BOTH:
        return said.get(_spoken) or said.get(ENGLISH, "")
    return between.join(said[code] for code in (ENGLISH, CHINESE) if said.get(code))


def sentence(said: Mapping[str, str], language: str | None = None) -> str:
    """A text that is too long to be said twice: in one language, English where both are spoken."""
    language = language or _spoken
    return said.get(language) or said[ENGLISH]
