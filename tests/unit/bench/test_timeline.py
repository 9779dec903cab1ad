"""What a release spends outside Azure ML's own time."""

from hypothesis import given
from hypothesis import strategies as st

from bench.timeline import Mark, Span, between

MOMENT = st.floats(0, 100, allow_nan=False)
SPANS = st.lists(
    st.tuples(MOMENT, MOMENT).map(lambda pair: Span("busy", min(pair), max(pair))), max_size=5
)


def test_gaps_are_named_after_what_ends_them() -> None:
    busy = [Span("create", 2, 5), Span("deploy", 6, 8)]
    found = between(0, 9, busy, [Mark("seen", 5.5), Mark("polled", 3), Mark("asked", 1)])
    assert found == [
        Span("asked", 0, 1),
        Span("create begins", 1, 2),
        Span("seen", 5, 5.5),
        Span("deploy begins", 5.5, 6),
        Span("end", 8, 9),
    ]


def test_what_is_after_the_end_does_not_count() -> None:
    assert between(0, 1, [Span("delete", 2, 3)], [Mark("mail", 5)]) == [Span("end", 0, 1)]


@given(SPANS, st.lists(MOMENT.map(lambda at: Mark("mark", at)), max_size=5))
def test_gaps_and_busy_time_fill_the_release(busy: list[Span], marks: list[Mark]) -> None:
    found = between(0, 100, busy, marks)
    covered = sum(
        1
        for tick in range(1000)
        if any(span.start <= tick / 10 < span.end for span in [*busy, *found])
    )
    assert covered == 1000
    assert all(
        gap.end <= span.start or gap.start >= span.end
        for gap in found
        for span in busy
        if span.seconds
    )
