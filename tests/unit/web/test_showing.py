"""What an approver reads before deciding."""

from dataclasses import replace
from datetime import timedelta

from shared.domain.artefacts import Artefact
from shared.domain.evidence import Check, Comparison, Difference
from shared.domain.policy import Supersede
from shared.domain.release import ModelVersion, Probe
from tests.unit.web.browsing import look, page, words
from tests.unit.web.samples import (
    BERLIN,
    COMPARISON,
    CURRENT,
    FULL,
    SKIPPED,
)
from tests.unit.web.support import (
    ADA,
    DIGEST,
    GRACE,
    MODEL,
    OPERATION,
    Desk,
    waiting,
)


def text_of(desk: Desk, person: str = ADA) -> str:
    return words(look(desk, person)).replace("\N{NO-BREAK SPACE}", " ")


def test_the_page_says_what_an_approver_has_to_know() -> None:
    html = page(look(waiting(**FULL)))
    text = text_of(waiting(**FULL))
    for part in (
        "Approve diabetes-automl version 31 for prod?",
        "Answer until 3 Nov 2026, 09:00 UTC : 1 day left",
        "Compare the probe with the last version&#39;s.",
        "Passed : answered 200 in 52 ms",
        "api-diabetes-qa",
        "v31-0badcafe",
        "api-diabetes-prod serves version 29 now (100 % of the traffic, deployment v29-1234abcd,",
        "registered 1 Oct 2026, 08:00 UTC ).",
        "copied to workspace wk-prod",
        "diabetes-automl-production version 31",
        "endpoint api-diabetes-prod",
        "managed instances: 2 of Standard_DS3_v2",
        "What serves there now stays until the new deployment has answered",
        "data.scientist@example.com",
        "2 Nov 2026, 08:30 UTC",
        "in pipeline diabetes",
        "Gradient boosting on the diabetes data.",
        "area diabetes",
        "Registered metrics (1) r2_score 0.52",
        "Files (3, 5.0 MiB) MLmodel 1.2 KiB model.pkl 2.0 KiB The first 2 are listed.",
        "You answer as ada@example.com",
    ):
        assert part in text, part
    assert DIGEST in html
    assert '<time datetime="2026-11-03T09:00:00+00:00">' in html


def test_what_matters_comes_first() -> None:
    desk = waiting(
        replace(BERLIN, supersede=Supersede.ASK, instructions="Look."),
        **FULL,
        changed_since=(Difference("tags.a", "1", "2"),),
    )
    rival = Desk(desk.world, ModelVersion(MODEL.name, "30"))
    rival.pass_qa()
    rival.ask(BERLIN)
    text = text_of(desk)
    headings = [
        "Approve diabetes-automl version 31 for prod? Answer until",
        "You are asked again",
        "What to look at",
        "In short",
        "What was measured",
        "Beside what serves now",
        "What changes",
        "What you also accept",
        "What happens on approval",
        "The model Name",
        "Who is asked",
        "Also waiting for prod",
        "Your answer You answer as",
    ]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)


def test_the_evidence_is_told_in_short() -> None:
    html = page(look(waiting(**FULL)))
    for section, line in [
        ("measured", "qa: answered 200 in 52 ms, as expected"),
        ("beside", "Version 29 serves now; 2 differences in the answers"),
        (
            "changes",
            (
                "Changes in metrics (2), environment and configuration (2), files (2), schema (1), "
                "tags (1), properties (1), description and type (1)"
            ),
        ),
        ("skipped", "You also accept 3 skipped versions, 1 of them rejected"),
    ]:
        assert f'<a href="#{section}">{line}</a>' in html


def test_little_evidence_is_told_shorter() -> None:
    probe = Probe(500, 2.5, ("answered 500 instead of 200",))
    text = text_of(waiting(probes={"qa": probe}))
    assert "In short qa: answered 500 in 2.50 s, answered 500 instead of 200" in text
    assert "Nothing serves yet What was measured" in text
    same = replace(COMPARISON, differences=(), difference_count=0)
    one = (replace(SKIPPED[0], outcome=None),)
    text = text_of(waiting(current=CURRENT, comparisons=(same,), skipped=one))
    assert "serves now; no differences in the answers You also accept 1 skipped version " in text
    stranger = replace(CURRENT, model=None, source=None)
    assert "A version that is not known serves now What was" in text_of(waiting(current=stranger))


def test_times_are_told_in_the_policys_time_zone() -> None:
    text = text_of(waiting(BERLIN, **FULL))
    assert "Answer until 6 Nov 2026, 10:00 Europe/Berlin" in text
    assert "registered 1 Oct 2026, 10:00 Europe/Berlin" in text
    assert "UTC" not in text


def test_neither_operation_urls_nor_values_of_variables_nor_codes_are_on_the_page() -> None:
    desk = waiting(**FULL)
    html = page(look(desk))
    assert OPERATION not in html
    assert "hunter" not in html
    assert "API_KEY" in html
    for person in (ADA, GRACE):
        assert desk.code(person) not in html
        assert desk.code(person).replace("-", "") not in html


def test_candidate_and_current_stand_beside_each_other() -> None:
    text = text_of(waiting(**FULL))
    for part in (
        'Sample request The request {"data": [[0.05, 61.2]]}'.replace('"', "&#34;"),
        "Version 31 Answered 200 in 52 ms { &#34;label&#34;: &#34;high&#34;",
        "What serves now Answered 200 in 1.25 s { &#34;label&#34;: &#34;low&#34;",
        "2 differences Differences between the answers Where Serves now Version 31",
        "label low high",
        "result[0] 149.9 151.23 +1.33 (+0.9 %)",
    ):
        assert part in text, part


def test_more_differences_and_more_requests_are_told() -> None:
    many = replace(COMPARISON, difference_count=40)
    same = replace(COMPARISON, differences=(), difference_count=0)
    text = text_of(waiting(current=CURRENT, comparisons=(many, same)))
    assert "Sample request 1" in text
    assert "Sample request 2" in text
    assert "40 differences" in text
    assert "These are the first 2." in text
    assert "Both answer the same." in text


def test_an_answer_that_is_missing_says_why() -> None:
    none = Comparison("{}", None, COMPARISON.current, note="api-diabetes-qa gave no answer: busy")
    text = text_of(waiting(current=CURRENT, comparisons=(none,)))
    assert "Version 31 No answer" in text
    assert "gave no answer: busy" in text
    assert "Both answer the same" not in text


def test_what_answers_with_text_is_shown_as_text() -> None:
    assert COMPARISON.candidate is not None
    plain = replace(COMPARISON, candidate=replace(COMPARISON.candidate, body="plain words"))
    html = page(look(waiting(current=CURRENT, comparisons=(plain,))))
    assert ">plain words</pre>" in html


def test_where_nothing_serves_yet_nothing_changes() -> None:
    text = text_of(waiting())
    assert "api-diabetes-prod serves nothing yet." in text
    assert "What changes" not in text
    assert "What you also accept" not in text


def test_what_serves_and_is_not_known_is_said_to_be_so() -> None:
    stranger = replace(CURRENT, model=None, source=None, registered_at=None)
    text = text_of(waiting(current=stranger, changes_note="What serves was not approved here."))
    assert "serves a version that is not known now (100 %" in text
    assert "What serves was not approved here." in text
    assert "Nothing that is recorded differs" not in text


def test_what_changes_is_told_by_kind() -> None:
    text = text_of(waiting(**FULL))
    for part in (
        "r2_score 0.5 0.525 +0.025 (+5.0 %)",
        "mae 44.8 43.2 -1.6 (-3.6 %)",
        "Environment and configuration (2) compute.instance_count before 1 → , after 2 +1",
        "environment variable API_KEY before set → , after set otherwise",
        "Files (2) model.pkl before 1.0 KiB → , after 2.0 KiB changed",
        "extra.bin before none → , after 100 bytes added",
        "Schema (1) inputs",
        "Tags (1) owner before team-a → , after team-risk",
        "Properties (1) framework before none → , after sklearn 1.7",
        "Description and type (1) description",
    ):
        assert part in text, part


def test_where_nothing_changes_that_is_said() -> None:
    assert "Nothing that is recorded differs" in text_of(waiting(current=CURRENT))


def test_what_one_also_accepts_is_told_with_rejections() -> None:
    text = text_of(waiting(**FULL))
    for part in (
        "Versions that were skipped (3)",
        "Version 30 : Rejected , registered 15 Oct 2026, 09:00 UTC",
        "grace@example.com: the intercept is off.",
        "And 2 more before these.",
    ):
        assert part in text, part
    under_way = replace(SKIPPED[0], outcome=None, rejections=(), words="It is still under way.")
    assert "Version 30 : under way" in text_of(waiting(current=CURRENT, skipped=(under_way,)))


def test_checks_before_the_question_are_told() -> None:
    html = page(look(waiting(**FULL)))
    text = text_of(waiting(**FULL))
    assert "Looked at beforehand (1 of 2 passed)" in text
    assert "Quota in wk-prod Unknown : Azure does not tell." in text
    assert 'class="state unknown"' in html
    passed = (Check("Permissions in wk-prod", True, ""),)
    folded = page(look(waiting(checks=passed)))
    assert "<details> <summary>Looked at beforehand (1 of 1 passed)" in folded


def test_a_probe_that_failed_says_why() -> None:
    html = page(look(waiting(probes={"qa": Probe(500, 2.5, ("answered 500 instead of 200",))})))
    assert 'class="state failed"' in html
    assert "500 in 2.50 s" in html
    assert "answered 500 instead of 200" in html


def test_living_evidence_says_when_it_was_looked_at_last() -> None:
    desk = waiting()
    assert "Probed again" not in text_of(desk)
    desk.update(probed_at=desk.now + timedelta(hours=1))
    assert "Probed again Passed : on 2 Nov 2026, 10:00 UTC" in text_of(desk)
    desk.update(degraded=("answered 500 instead of 200",))
    text = text_of(desk)
    assert "Probed again Failed : on 2 Nov 2026, 10:00 UTC" in text
    assert "Approving is suspended What was measured does not hold any more" in text
    assert "answered 500 instead of 200" in text
    desk.update(degraded=(), unprobed="api-diabetes-qa serves another version by now.")
    text = text_of(desk)
    assert "Not any more: api-diabetes-qa serves another version by now." in text
    assert "Approving is suspended" not in text


def test_evidence_without_anything_to_say_is_no_trouble() -> None:
    text = text_of(
        waiting(
            description="",
            tags={},
            properties={},
            registered_by=None,
            registered_at=None,
            probes={},
            configuration={},
        )
    )
    assert "this is the first stage" in text
    assert "not recorded" in text
    assert "They are not listed." in text


def test_all_files_are_listed_where_there_are_few() -> None:
    text = text_of(waiting(file_count=1, files=(Artefact("model.pkl", 10, "e"),)))
    assert "model.pkl 10 bytes" in text
    assert "are listed" not in text


def test_who_is_asked_again_sees_what_changed() -> None:
    since = (
        Difference("configuration.compute.instance_count", 1, 2),
        Difference("artefact_digest", "a" * 64, "b" * 64),
    )
    text = text_of(waiting(changed_since=since))
    assert "You are asked again This has changed since people were asked before." in text
    assert "compute.instance_count before 1 → , after 2" in text
    assert "artefact_digest before aaaaaaaaaaaa… → , after bbbbbbbbbbbb…" in text


def test_an_mlflow_model_whose_schema_cannot_be_read_says_so() -> None:
    told = "The model's schema is not known"
    assert told in text_of(waiting(model_type="mlflow_model")).replace("&#39;", "'")
    assert told not in text_of(waiting(model_type="custom_model")).replace("&#39;", "'")
    schema = {"inputs": [1]}
    assert told not in text_of(waiting(model_type="mlflow_model", schema=schema))
