"""The scenarios' pipelines: which tests play them stands in the tests' files."""

from tests.e2e.pipelines import approver_of, both, pipeline, prod, qa

FAILURES = [
    *(pipeline(name) for name in ("no-files", "never-there", "no-start", "worse", "no-quota")),
    *(pipeline(name) for name in ("build-fails", "weather")),
    pipeline("wrong-sample", qa("wrong-sample", health={"sample_request": {"rows": []}})),
    pipeline("name-taken", prod("name-taken", approval=None)),
    both("overwritten"),
]

PEOPLE = [
    both("rejected"),
    both("links"),
    both("links-other"),
    both("stopped-waiting"),
    both("stopped-deploying"),
    both(
        "two-people",
        approval={"approvers": [approver_of("two-people"), "second@two-people.example"]},
    ),
]

PIPELINES = [
    both("whole-way"),
    *FAILURES,
    *PEOPLE,
]
