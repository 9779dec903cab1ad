import pytest

from shared.adapters.recent import MOST, Recent


def test_what_was_read_is_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    reads: list[str] = []
    recent: Recent[str, int] = Recent(10.0)

    def read() -> int:
        reads.append("x")
        return len(reads)

    assert [recent.get("a", read), recent.get("a", read)] == [1, 1]
    now = 10.0
    assert recent.get("a", read) == 2


def test_the_oldest_gives_way() -> None:
    recent: Recent[int, int] = Recent(10.0)
    for number in range(MOST + 1):
        recent.get(number, lambda: 1)
    assert recent.get(0, lambda: 2) == 2
    assert recent.get(MOST, lambda: 2) == 1


def test_what_cannot_be_read_is_not_kept() -> None:
    recent: Recent[str, int] = Recent(10.0)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 // 0)
    assert recent.get("a", lambda: 2) == 2
