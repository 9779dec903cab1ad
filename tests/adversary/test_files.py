"""Files that change while a release looks elsewhere, and what lies in its way."""

from tests.adversary.collisions import ONE_DEPLOYMENT, ONE_RELEASE
from tests.adversary.refusals import Refusals
from tests.adversary.registrant import HONEST, Registrant
from tests.e2e.workspaces import eventually

OTHER = b'{"factor": 666}'
CHANGED = ("FilesChanged", "ArtefactChanged")


def test_a_file_that_is_overwritten_while_qa_deploys_never_serves(
    mallory: Registrant, refusals: Refusals
) -> None:
    stack = mallory.stack
    stack.provisioning(4, "changed-qa")
    release_id = mallory.release("changed")
    stack.when(release_id, "Deploying")
    mallory.put("models/changed/1/factor.json", OTHER)
    refusals.ended(release_id, "Failed", *CHANGED)
    assert stack.traffic("qa", "changed-qa") == {}


def test_a_copy_that_is_overwritten_before_traffic_moves_never_serves(
    mallory: Registrant, refusals: Refusals
) -> None:
    stack = mallory.stack
    stack.provisioning(5, "swapped-prod")
    release_id = mallory.release("swapped")
    stack.when(release_id, "Deploying", "prod")
    (copy,) = _copies(mallory, "swapped-production", release_id)
    stack.blobs("prod").upload_blob(copy, OTHER, overwrite=True)
    refusals.ended(release_id, "Failed", "FilesChanged")
    assert stack.traffic("prod", "swapped-prod") == {}


def test_what_lies_in_a_copys_place_is_left_alone(mallory: Registrant, refusals: Refusals) -> None:
    stack = mallory.stack
    release_id = mallory.release("taken")
    stack.link("taken")
    digest = stack.release(release_id)["artefact_digest"]
    place = f"modelgate/taken-production/1/{digest}/1/factor.json"
    stack.blobs("prod").upload_blob(place, OTHER)
    stack.decide("taken")
    refusals.ended(release_id, "Errored", "CopyTargetTaken")
    assert stack.blobs("prod").download_blob(place).readall() == OTHER


def test_two_versions_of_one_deployment_name_do_not_take_each_others_place(
    mallory: Registrant,
) -> None:
    """Versions are anybody's choice, and a deployment's name has few digits of a hash of them."""
    stack = mallory.stack
    good, bad = ONE_DEPLOYMENT
    first = stack.succeeded(mallory.release("clash", good))
    serving = first["stages"][0]["deployment"]
    assert stack.answer("qa", "clash-qa") == [2.0, 4.0]
    worse = mallory.release("clash", bad, {**HONEST, "factor.json": OTHER})
    stack.ended(worse)
    before = _deployed_model(mallory, "clash-qa", serving)
    assert before.endswith(f"/versions/{good}"), "a live deployment was given another model"


def test_two_versions_of_one_release_id_are_two_releases(mallory: Registrant) -> None:
    stack = mallory.stack
    first, second = ONE_RELEASE
    stack.succeeded(mallory.release("quiet", first))
    folder = "azureml://datastores/workspaceblobstore/paths/models/quiet/" + first
    mallory.model("quiet", second, folder)

    def look() -> bool | None:
        versions = {each["model"]["version"] for each in stack.releases("quiet")}
        return versions >= {first, second} or None

    assert eventually(look, "a release of each", 20)


def _copies(mallory: Registrant, model: str, release_id: str) -> list[str]:
    digest = mallory.stack.release(release_id)["artefact_digest"]

    def look() -> list[str] | None:
        names = mallory.stack.blobs("prod").list_blob_names(name_starts_with=f"modelgate/{model}/")
        return [str(name) for name in names if digest in str(name)] or None

    return eventually(look, f"the copy of {model}")


def _deployed_model(mallory: Registrant, endpoint: str, deployment: str) -> str:
    path = f"onlineEndpoints/{endpoint}/deployments/{deployment}"
    return str(mallory.arm("GET", path).json()["properties"]["model"])
