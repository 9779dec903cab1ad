"""Whether a name that Azure ML gives may be that of somebody whom a pipeline names.

Azure ML says who registered a model by display name, seldom by address or object id
(`systemData.createdBy`). A display name proves nobody, so that in doubt two people are one.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final

from shared.domain.limits import REQUESTER_CHARACTERS

OBJECT_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# fmt: off
_TITLES: Final = frozenset({
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "sir", "dame", "herr", "frau",
    "mme", "ing", "dipl", "phd", "ph", "md", "msc", "bsc", "mba", "jr", "sr", "ii", "iii", "iv",
    "ext", "extern", "external", "guest", "contractor", "adm", "admin",
})
# fmt: on
"""With what stands beside a name besides."""

_ADDRESS: Final = re.compile(r"[^@\s<>()\[\],;]+@[^@\s<>()\[\],;]+")
_GUEST: Final = re.compile(r"([^\s@<>()]+)_([^\s@_<>()]+)#ext#(?:@[^\s<>()]*)?")
"""`ada_example.com#EXT#@tenant.onmicrosoft.com` is ada@example.com
(learn.microsoft.com/entra/external-id/user-properties)."""
_ELSEWHERE: Final = re.compile(r"#ext#(?:@\S*)?|[\w.]+#(?=\S+@)")
"""What is left of other guests' names, and the `live.com#` of Microsoft accounts."""
_DOMAIN: Final = re.compile(r"(\+[^@\s]*)?@[^\s<>()\[\],;]*")
_ASIDE: Final = re.compile(r"[(\[{<][^)\]}>]*[)\]}>]?|\s[-\N{EN DASH}\N{EM DASH}|/]\s.*")
_APOSTROPHES: Final = re.compile(
    "['`\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}]"
)
_WORD: Final = re.compile(r"[^\W\d_]+")

_PLAIN: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)
_WRITTEN_OUT: Final = _PLAIN | str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
)

_INITIALS: Final = 2
"""How many initials an address is made of besides words: `jfkennedy`."""

_WORDS: Final = 24
"""How many words that is looked for in; of more it is taken to be so."""

type Word = tuple[str, str]
"""Without accents, and with ae for ä."""


@dataclass(frozen=True, slots=True)
class _Name:
    core: tuple[Word, ...]
    """What tells people apart: without titles, initials and what stands in brackets."""

    words: frozenset[str]
    """All words, in both spellings."""


def may_be(said: str, address: str, name: str = "") -> bool:
    """Whether `said` may be the person whom a pipeline names.

    An address or an object id that is theirs decides; another object id is an application's, since
    Azure ML names people otherwise. Of names one has to have all words of the other. What cannot
    be compared, because it has no words or they are written in different scripts, may be anybody.

    Args:
        said: A display name, an address or an object id, as Azure ML gives it or somebody typed
            it.
        address: The person's mail address.
        name: Their display name, or the object id or the address that they sign in with, as the
            pipeline gives it; empty where it gives none.
    """
    if len(said) > REQUESTER_CHARACTERS:
        return True
    said, address, name = _plain(said), _plain(address), _plain(name)
    known = {address, name} - {""}
    if said in known or not known.isdisjoint(_ADDRESS.findall(said)):
        return True
    if OBJECT_ID.fullmatch(said):
        return False
    answers = [_compare(_read(said), each) for each in _names_of(address, name)]
    return True in answers or False not in answers


def is_telling(said: str) -> bool:
    """Whether there is anything in a name by which people could be told apart."""
    return len(said) <= REQUESTER_CHARACTERS and bool(_read(_plain(said)).core)


def _names_of(address: str, name: str) -> list[_Name]:
    """A person's names; an address that their display name explains says nothing more."""
    given, own = (
        _read("" if OBJECT_ID.fullmatch(each) else each, keep=True) for each in (name, address)
    )
    is_explained = bool(own.core) and (
        _is_within(own.core, given.words) or _is_spelled(own.core, given.words)
    )
    return [given] if is_explained else [given, own]


def _compare(one: _Name, other: _Name) -> bool | None:
    """Whether two names may be one person's; None where nothing in them can be compared."""
    scripts = {_script(each) for each in one.words} & {_script(each) for each in other.words}
    mine, theirs = (
        tuple(word for word in each.core if _script(word[0]) in scripts - {None})
        for each in (one, other)
    )
    if not mine or not theirs:
        return None
    return (
        _is_within(mine, other.words)
        or _is_within(theirs, one.words)
        or _is_spelled(mine, other.words)
        or _is_spelled(theirs, one.words)
    )


def _is_within(core: Iterable[Word], words: frozenset[str]) -> bool:
    return all(not words.isdisjoint(word) for word in core)


def _is_spelled(core: Iterable[Word], words: frozenset[str]) -> bool:
    """Whether the core, written as one word, is made of the words: `alovelace`, `lovelaceada`."""
    if len(words) > _WORDS:
        return True
    return any(_is_made_of("".join(each), words) for each in zip(*core, strict=True))


def _is_made_of(text: str, words: frozenset[str], initials: int = _INITIALS) -> bool:
    """Whether each piece of the text is one of the words, or the initial of one."""
    return not text or any(
        _is_made_of(text[len(piece) :], words - {word}, left)
        for word in words
        for piece in {word, word[0]}
        if text.startswith(piece) and (left := initials - _is_initial(piece)) >= 0
    )


def _plain(text: str) -> str:
    """In lower case, without what is not seen; guests by the address that they were invited by."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    seen = "".join(sign for sign in folded if unicodedata.category(sign) != "Cf")
    return _ELSEWHERE.sub(" ", _GUEST.sub(r"\1@\2", seen)).strip()


def _read(text: str, *, keep: bool = False) -> _Name:
    """The name in a text.

    Args:
        text: As `_plain` gives it.
        keep: Whether titles are better than nothing, as in admin@example.com.
    """
    text = _APOSTROPHES.sub("", _DOMAIN.sub(" ", text))
    words = _words(text)
    bare, whole = (
        [word for word in each if not _is_initial(word[0])]
        for each in (_words(_ASIDE.sub(" ", text)), words)
    )
    core = _untitled(bare) or _untitled(whole) or (whole if keep else [])
    return _Name(tuple(core), frozenset(chain.from_iterable(words)))


def _untitled(words: list[Word]) -> list[Word]:
    return [word for word in words if word[0] not in _TITLES]


def _words(text: str) -> list[Word]:
    spellings = (_WORD.findall(_bare(text.translate(each))) for each in (_PLAIN, _WRITTEN_OUT))
    return list(zip(*spellings, strict=True))


def _bare(text: str) -> str:
    """Without accents and other marks."""
    parts = unicodedata.normalize("NFD", text)
    return "".join(sign for sign in parts if not unicodedata.category(sign).startswith("M"))


def _is_initial(word: str) -> bool:
    """Whether it is a single letter; one of a script without cases is a word."""
    return len(word) == 1 and word.islower()


def _script(word: str) -> str | None:
    """What a word is written in, by its letters' names; None where they only look alike."""
    if word.isascii():
        return "LATIN"
    found = {unicodedata.name(sign, "").partition(" ")[0] for sign in word}
    return found.pop() if len(found) == 1 and not found & {"LATIN", ""} else None
