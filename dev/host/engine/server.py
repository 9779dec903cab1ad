"""The engine as its users see it: an address, a reset, and control over its deliveries."""

from concurrent.futures import ThreadPoolExecutor

import grpc
from durabletask.internal.orchestrator_service_pb2_grpc import (
    add_TaskHubSidecarServiceServicer_to_server,
)

from dev.host.engine.hanging import Hang
from dev.host.engine.hub import Hub
from dev.host.engine.service import Service
from dev.host.engine.versions import VersionFailure, VersionMatch, VersionPolicy
from dev.host.engine.work import Kind

_MOST_CALLS_AT_ONCE = 1000
"""A call that waits for an instance holds a thread for as long; threads are made as needed."""

_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
)


class Engine:
    """A Durable task hub in memory behind `TaskHubSidecarService`, on loopback in clear text.

    Thread-safe. The controls say what the *next* items meet; 0 takes a control back.

    Args:
        port: The port to listen on; 0 for any free one.
        default_version: host.json's `defaultVersion`.
        version_match: host.json's `versionMatchStrategy`.
        version_failure: host.json's `versionFailureStrategy`.
    """

    address: str
    """`127.0.0.1:port`, once started."""

    def __init__(
        self,
        *,
        port: int = 0,
        default_version: str | None = None,
        version_match: VersionMatch = VersionMatch.CURRENT_OR_OLDER,
        version_failure: VersionFailure = VersionFailure.REJECT,
    ) -> None:
        self.address = f"127.0.0.1:{port}"
        self._own_versions = VersionPolicy(default_version, version_match, version_failure)
        self._hub = Hub(self._own_versions)
        self._server: grpc.Server | None = None
        self._threads: ThreadPoolExecutor | None = None

    def start(self) -> str:
        """Serve; returns the address.

        Raises:
            OSError: The port is taken.
        """
        threads = ThreadPoolExecutor(_MOST_CALLS_AT_ONCE, thread_name_prefix="engine-call")
        server = grpc.server(threads, options=_OPTIONS)
        add_TaskHubSidecarServiceServicer_to_server(Service(self._hub), server)  # type: ignore[no-untyped-call]  # generated
        try:
            port = server.add_insecure_port(self.address)
        except RuntimeError as error:
            threads.shutdown()
            raise OSError(f"cannot listen on {self.address}") from error
        self.address = f"127.0.0.1:{port}"
        self._hub.timers.start()
        server.start()
        self._server, self._threads = server, threads
        return self.address

    def stop(self) -> None:
        """Stop serving and end every thread; the hub stays as it is for another start."""
        if self._server is None or self._threads is None:
            return
        self._server.stop(grace=None).wait()
        self._threads.shutdown()
        self._hub.timers.stop()
        self._server = self._threads = None

    def reset(self) -> None:
        """Drop everything, work in flight and controls too, as if the hub had been deleted."""
        self._hub.clear()
        self._hub.versions = self._own_versions

    def redeliver_activities(self, count: int) -> None:
        """Deliver the next `count` activities twice; the first result counts."""
        self._hub.work.redeliver(Kind.ACTIVITY, count)

    def redeliver_turns(self, count: int) -> None:
        """Deliver the next `count` orchestrator turns twice; the first answer counts."""
        self._hub.work.redeliver(Kind.ORCHESTRATION, count)

    def redeliver_events(self, count: int) -> None:
        """Let the next `count` raised events arrive twice."""
        self._hub.repeat_events(count)

    def lose_results(self, count: int, *, visibility_timeout: float = 1.0) -> None:
        """Lose the next `count` activity results; the activities run again.

        Args:
            count: How many.
            visibility_timeout: Seconds until such an activity is delivered again; on Azure
                `workItemQueueVisibilityTimeout`, five minutes unless set.
        """
        self._hub.work.lose_results(count, visibility_timeout)

    def hang(self, hang: Hang) -> None:
        """Let instances stand still, present and future ones, until `release`."""
        with self._hub.lock:
            self._hub.hangs.add(hang)

    def release(self) -> None:
        """Let all that hangs go on."""
        with self._hub.lock:
            self._hub.hangs.release()

    def set_versions(self, policy: VersionPolicy | None) -> None:
        """Go by other version settings, as after a deployment with another host.json.

        What is accepted now and has something to do goes on; what is not is rejected or failed at
        its next work item. Turns that were offered already are judged anew.

        Args:
            policy: The settings; None for those that the engine was made with.
        """
        with self._hub.lock:
            self._hub.versions = policy or self._own_versions
            for instance in self._hub.instances.values():
                instance.withdraw_turn()
            self._hub.enqueue_waiting()
