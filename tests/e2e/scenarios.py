"""The scenarios' pipelines: which tests play them stands in the tests' files."""

from tests.e2e.pipelines import both

PIPELINES = [
    both("whole-way"),
]
