import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.limits import JSON_DEPTH
from shared.domain.untrusted import UnreadableError, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_what_is_json_is_read(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary())
def test_whatever_comes_is_read_or_refused(text: bytes) -> None:
    try:
        value = parse_json(text)
    except UnreadableError:
        return
    json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_depth_has_a_limit(opening: str, closing: str) -> None:
    def nested(levels: int) -> str:
        return opening * levels + "1" + closing * levels

    parse_json(nested(JSON_DEPTH))
    with pytest.raises(UnreadableError, match="nested too deeply"):
        parse_json(nested(JSON_DEPTH + 1))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 200_000, "nested too deeply"),
        ("[" * 900 + "]" * 900, "nested too deeply"),
        ("9" * 5_000, "no JSON"),
        (b'{"result": "\xff"}', "no JSON"),
        ('"\\ud800"', "no Unicode"),
        ('{"\\udfff": 1}', "no Unicode"),
        ("", "no JSON"),
    ],
)
def test_what_is_refused_is_refused_in_words(text: str | bytes, says: str) -> None:
    with pytest.raises(UnreadableError, match=says):
        parse_json(text)
