"""The pipelines of the browser's stack, a scenario each; tests/e2e/pipelines.py says how."""

from tests.e2e.pipelines import both

PIPELINES = [both("seen")]
