import pytest

from fairlane.model.errors import InvalidInput
from fairlane.model.json_text import MAX_DEPTH, check_json


@pytest.mark.parametrize(
    "text",
    [
        b"null",
        b' {"a": [1.5, "\xc3\xbc", "\\u00fc", "[[[{{{"]} ',
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        b'{"[": ' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH,
        b"[" + b",".join([b"[]"] * MAX_DEPTH) + b"]",
        b'"' + b"[" * 1000 + b'"',
    ],
)
def test_takes_json_that_every_client_can_read(text: bytes) -> None:
    check_json(text)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'{"bad',
        b"NaN",
        b"1e999",
        b'"\xff"',
        b'{"\xff": 1}',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b"1 2",
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'{"a\\"]": ' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
        b"[" * 100_000,
    ],
)
def test_refuses_what_some_client_could_not_read(text: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_json(text, "/payload")
    assert refused.value.pointer == "/payload"
