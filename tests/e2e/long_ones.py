"""Releases that take minutes: begun early, looked at late."""

from tests.e2e.stacks import Stack
from tests.e2e.workspaces import eventually

SLOW_SECONDS = 100


def begin(stack: Stack) -> None:
    """Begin a release whose deployments take long, and one that nobody will answer."""
    stack.register("expired")
    slow = stack.release_of("slow")

    def deployment() -> str | None:
        there: str | None = stack.release(slow)["stages"][0]["deployment"]
        return there

    # a release's deployment has the same name in every stage
    name = eventually(deployment, f"the deployment of {slow}")
    stack.control("azureml", "provisioning", {"seconds": SLOW_SECONDS, "deployment": name})
