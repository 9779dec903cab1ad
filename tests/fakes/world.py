"""All fakes together, as the service sees them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from shared.domain.pipeline import Pipeline
from shared.domain.release import ModelVersion
from shared.ports import RegisteredModel, Services
from shared.workflow.measuring import measure
from tests.fakes.artifacts import FakeArtifacts
from tests.fakes.endpoints import FakeEndpoints
from tests.fakes.messages import (
    FakeAttempts,
    FakeLetters,
    FakeLinks,
    FakeMailer,
    FakePublisher,
)
from tests.fakes.models import FakeModels
from tests.fakes.preflight import FakePreflight
from tests.fakes.running import FakeClock, FakeOrchestrations
from tests.fakes.store import MemoryStore
from tests.fakes.telemetry import FakeTelemetry


@dataclass
class World:
    """One fake per port, each under its own type."""

    pipelines: Iterable[Pipeline] = ()
    clock: FakeClock = field(default_factory=FakeClock)
    models: FakeModels = field(default_factory=FakeModels)
    artifacts: FakeArtifacts = field(default_factory=FakeArtifacts)
    store: MemoryStore = field(default_factory=MemoryStore)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    preflight: FakePreflight = field(default_factory=FakePreflight)
    attempts: FakeAttempts = field(default_factory=FakeAttempts)
    letters: FakeLetters = field(default_factory=FakeLetters)
    orchestrations: FakeOrchestrations = field(default_factory=FakeOrchestrations)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    sign_in: bool = False
    endpoints: FakeEndpoints = field(init=False)
    links: FakeLinks = field(init=False)

    def __post_init__(self) -> None:
        self.endpoints = FakeEndpoints(self.models)
        self.links = FakeLinks(self.clock)
        self.store.written = partial(measure, self.telemetry)

    @property
    def services(self) -> Services:
        """The bundle that activities and views take."""
        return Services(
            pipelines={pipeline.name: pipeline for pipeline in self.pipelines},
            models=self.models,
            endpoints=self.endpoints,
            artifacts=self.artifacts,
            preflight=self.preflight,
            store=self.store,
            mailer=self.mailer,
            publisher=self.publisher,
            links=self.links,
            attempts=self.attempts,
            letters=self.letters,
            clock=self.clock,
            telemetry=self.telemetry,
            sign_in=self.sign_in,
        )

    def register(self, pipeline: Pipeline, model: ModelVersion) -> RegisteredModel:
        """A model version with one file, in the pipeline's source workspace."""
        registered = self.models.add(pipeline.source, model, tags=pipeline.tags)
        self.artifacts.write(registered.container, registered.path)
        return registered
