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

NO_CODE = {
    "environment": None,
    "code": None,
    "health": {
        "sample_request": {"input_data": [[0.04] * 10, [-0.02] * 10]},
        "expect": {"json": ["number"]},
    },
}
CLUSTER = {"type": "kubernetes", "target": "aks-diabetes", "scoring_host": "aks.example.com"}

MODELS = [
    both("folder", approval=None),
    pipeline("mlflow", qa("mlflow", **NO_CODE), prod("mlflow", approval=None, **NO_CODE)),
    pipeline("cluster", qa("cluster", compute=CLUSTER)),
]

SECOND_VERSIONS = [
    pipeline("swap", prod("swap", approval=None)),
    pipeline("keep", prod("keep", approval=None, keep_previous=True)),
    pipeline("queue"),
]

EVENTS = [pipeline("told"), pipeline("told-again")]

LOST = ("lost-early", "lost-later", "lost-late")
LOSSES = [*map(both, (*LOST, "twice", "mailless")), pipeline("unheard")]

ENDINGS = [both("restarted"), pipeline("serving")]

GATES = [
    both(
        "replaced",
        approval={"approvers": [approver_of("replaced")], "timeout": "30m", "supersede": "replace"},
    ),
    both(
        "degrades",
        approval={"approvers": [approver_of("degrades")], "timeout": "30m", "probe_every": "1m"},
    ),
    *map(both, ("reworded", "leaked", "own-model")),
]

PATIENT = {"health": {"interval": "5s"}}
SLOW = [
    pipeline("slow", qa("slow", **PATIENT), prod("slow", approval=None, **PATIENT)),
    both("expired", approval={"approvers": [approver_of("expired")], "timeout": "60s"}),
]

API = [pipeline("paged")]

PIPELINES = [
    both("whole-way"),
    *FAILURES,
    *PEOPLE,
    *LOSSES,
    *GATES,
    *SLOW,
    *API,
    *EVENTS,
    *SECOND_VERSIONS,
    *MODELS,
]
