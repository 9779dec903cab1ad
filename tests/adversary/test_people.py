"""A registrant who is an approver, and is shown by Azure ML under one name or another."""

from dataclasses import replace

import pytest

from tests.adversary.pipelines import ADA, FORMS
from tests.adversary.registrant import Registrant
from tests.e2e.pipelines import owner_of
from tests.e2e.workspaces import eventually


def asked(mallory: Registrant, release_id: str) -> list[str]:
    """Who was asked about a release."""

    def look() -> list[str] | None:
        stages = mallory.stack.release(release_id)["stages"]
        return next((list(stage["ask"]["approvers"]) for stage in stages if stage["ask"]), None)

    return eventually(look, f"the people who are asked about {release_id}", 60)


@pytest.fixture(scope="module")
def ids(mallory: Registrant) -> dict[str, str]:
    """The releases of models that Ada registered, all of them begun."""
    return {
        form: replace(mallory, name=name).release(f"form-{form}") for form, name in FORMS.items()
    }


@pytest.mark.parametrize("form", FORMS)
def test_who_registered_a_model_is_not_asked_about_it_by_any_name(
    mallory: Registrant, ids: dict[str, str], form: str
) -> None:
    assert asked(mallory, ids[form]) == [f"second@form-{form}.example"]
    mails = [each["text"] for each in mallory.stack.mail(ADA)]
    assert not [text for text in mails if f"form-{form}" in text and "/api/approvals/" in text]


def test_where_nobody_else_may_decide_it_waits_and_its_owners_hear(mallory: Registrant) -> None:
    stack = mallory.stack
    ada = replace(mallory, name=FORMS["guest"])
    release_id = ada.release("alone")
    mail = stack.owners_mail("alone")
    assert "Ada Lovelace (EXT)" in mail["text"]
    release = stack.release(release_id)
    assert release["outcome"] is None, release["reason"]
    assert release["waits_for"]
    assert mail["to"] == [owner_of("alone")]
