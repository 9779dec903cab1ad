"""Pipelines as users write them: YAML files, checked with file, line and field."""

from shared.pipelines.loading import InvalidPipelinesError, load_pipelines
from shared.pipelines.source import Problem

__all__ = ["InvalidPipelinesError", "Problem", "load_pipelines"]
