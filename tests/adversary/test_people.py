"""A registrant who is an approver, and is shown by Azure ML under one name or another."""

from dataclasses import replace

import pytest

from dev.approver import Approver
from tests.adversary.pipelines import ADA, FORMS
from tests.adversary.registrant import Registrant
from tests.e2e.pipelines import owner_of
from tests.e2e.workspaces import eventually


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
    second = Approver(mallory.stack.facts, f"second@form-{form}.example")
    (link,) = eventually(lambda: second.links() or None, "the second approver's mail", 60)
    mails = [each["text"] for each in mallory.stack.mail(ADA)]
    assert not [text for text in mails if f"form-{form}" in text and "/api/approvals/" in text]
    assert ADA in second.open(link).text, "the page says who may not decide"
    (stage,) = mallory.stack.release(ids[form])["stages"]
    assert stage["ask"]["left_out"] == [ADA]


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
