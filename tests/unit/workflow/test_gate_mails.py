"""Who gets which mail when, and that nobody gets one twice or none at all."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.ask import Ask, read_mail_key
from shared.domain.decision import Choice
from shared.domain.errors import Failure, FailureKind, StepError
from shared.domain.policy import Escalation, Order
from shared.domain.release import EventType, Outcome, ReleaseId
from shared.domain.trail import Change
from shared.ports import Link, Mail
from shared.workflow.contract import Activity
from tests.fakes.running import START
from tests.unit.workflow.crashing import EngineLost
from tests.unit.workflow.releasing import ADA, BOB, OWNER
from tests.unit.workflow.timeline import CAROL, DAN, DAY, HOUR, TimedMailer, Timeline, gated, policy

REFUSED = Failure(FailureKind.FINAL, "InvalidRecipient", "The address is on the block list.")


def full(seconds: float) -> Failure:
    return Failure(FailureKind.TRANSIENT, "MailQuota", "The hour is full.", seconds)


class FullMailer(TimedMailer):
    """Takes none in the first two hours."""

    def send(self, *, mail: Mail) -> None:
        left = START + timedelta(hours=2) - self.clock.now()
        if left > timedelta():
            raise StepError(full(left.total_seconds()))
        super().send(mail=mail)


class QuotaMailer(TimedMailer):
    """Takes two mails in any hour."""

    def send(self, *, mail: Mail) -> None:
        now = self.clock.now()
        recent = [at for at, _ in self.log if now - at < timedelta(hours=1)]
        if len(recent) >= 2:
            left = timedelta(hours=1) - (now - recent[0])
            raise StepError(full(left.total_seconds()))
        super().send(mail=mail)


def use(story: Timeline, mailer: TimedMailer) -> None:
    """The mail service of a story that has not begun."""
    story.world.mailer = story.mailer = mailer
    story.services = story.world.services


def test_reminders_come_once_each_in_time_to_those_who_are_silent() -> None:
    times = (2.25 * HOUR, 9.1 * HOUR)
    story = Timeline(gated(policy(ADA, BOB, required=2, reminders_seconds=times)))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, BOB), hours=5)
    story.run()
    assert story.mails(ADA) == [
        (0.0, "request 0"),
        (2.25, "reminder 1"),
        (9.1, "reminder 2"),
        (24.0, "Expired"),
    ]
    assert story.mails(BOB) == [(0.0, "request 0"), (2.25, "reminder 1"), (24.0, "Expired")]


def test_who_is_asked_later_is_reminded_later() -> None:
    story = Timeline(
        gated(policy(ADA, BOB, required=None, order=Order.SEQUENCE, reminders_seconds=(2 * HOUR,)))
    )
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, ADA), hours=1)
    story.run()
    assert story.mails(ADA) == [(0.0, "request 0"), (24.0, "Expired")]
    assert story.mails(BOB) == [(1.0, "request 0"), (3.0, "reminder 1"), (24.0, "Expired")]


def test_reminders_count_from_a_first_mail_that_came_late() -> None:
    story = Timeline(gated(policy(ADA, BOB, reminders_seconds=(HOUR, 4 * HOUR))))
    use(story, FullMailer(story.world.clock))
    story.begin()
    story.run()
    for person in (ADA, BOB):
        assert story.mails(person) == [
            (2.0, "request 0"),
            (3.0, "reminder 1"),
            (6.0, "reminder 2"),
            (24.0, "Expired"),
        ]


def test_a_refused_mail_is_noted_and_not_tried_again() -> None:
    story = Timeline(gated(policy(ADA, BOB, reminders_seconds=(2 * HOUR,))))
    story.mailer.faults.add("send", REFUSED)
    release_id = story.begin()
    story.run()
    assert story.mails(ADA) == [(24.0, "Expired")]
    assert [kind for _, kind in story.mails(BOB)] == ["request 0", "reminder 1", "Expired"]
    (failed,) = story.events(release_id, EventType.MAIL_FAILED)
    assert failed.details == {"code": "InvalidRecipient", "mail": "request"}
    assert REFUSED.message in failed.message
    assert ADA not in failed.message
    assert story.mailer.tries == 6


@pytest.mark.parametrize("seconds", [70.0, 700.0, 7000.0])
def test_a_mail_that_has_to_wait_is_sent_when_there_is_room(seconds: float) -> None:
    story = Timeline(gated(policy(ADA, BOB, probe_seconds=DAY)))
    story.mailer.faults.add("send", full(seconds))
    release_id = story.begin()
    story.run(seconds=seconds - 1)
    assert story.mailer.tries == 1
    assert story.release(release_id).stages[1].waits_for == (
        "a mail to be taken: The hour is full."
    )
    story.run(seconds=seconds + 2)
    assert {story.mailer.log[0][1].to, story.mailer.log[1][1].to} == {ADA, BOB}
    assert story.mailer.tries == 3


def test_a_mail_service_that_stays_away_is_not_asked_every_second() -> None:
    story = Timeline(gated(policy(ADA)))
    story.mailer.faults.add("send", full(1.0), times=10_000)
    story.begin()
    story.run(hours=3)
    assert 180 <= story.mailer.tries <= 180 + 30


def test_a_mail_service_that_blinks_delays_no_mail_for_long_however_old_the_ask() -> None:
    story = Timeline(
        gated(
            policy(ADA, timeout_seconds=30 * DAY, probe_seconds=DAY, reminders_seconds=(20 * DAY,))
        )
    )
    story.at(lambda: story.mailer.faults.add("send"), days=19)
    story.begin()
    story.run(days=21)
    assert story.mails(ADA) == [(0.0, "request 0"), (20 * 24 + 1.0, "reminder 1")]


def test_nobody_can_be_reached_ends_it_with_words_that_help() -> None:
    story = Timeline(gated(policy(ADA)))
    story.mailer.faults.add("send", REFUSED)
    release_id = story.begin()
    story.run()
    release = story.release(release_id)
    assert release.outcome is Outcome.ERRORED
    assert "No approver of prod can be reached by mail" in (release.reason or "")


def test_who_cannot_be_reached_ends_nothing_while_others_are_still_to_be_asked() -> None:
    story = Timeline(gated(policy(ADA, escalation=Escalation(12 * HOUR, (CAROL,)))))
    story.mailer.faults.add("send", REFUSED)
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, CAROL), hours=13)
    story.run()
    assert story.release(release_id).outcome is Outcome.SUCCEEDED


def test_a_voice_that_was_handed_to_an_address_that_is_refused_ends_it_too() -> None:
    story = Timeline(gated(policy(ADA, escalation=Escalation(DAY, (CAROL,)))))
    release_id = story.begin()
    story.at(lambda: story.mailer.faults.add("send", REFUSED), hours=1)
    story.at(story.decides(release_id, Choice.REASSIGN, ADA, to=CAROL), hours=1)
    story.run(hours=2)
    release = story.release(release_id)
    assert release.outcome is Outcome.ERRORED
    assert "No approver of prod can be reached by mail" in (release.reason or "")


def test_nobody_can_be_reached_is_seen_after_a_crash_too() -> None:
    story = Timeline(gated(policy(ADA)))
    release_id = story.begin()
    story.run(minutes=1)
    record = story.release(release_id).stages[1]
    assert record.ask is not None
    crashed = replace(record.ask, mailed=(), refused=(f"request-0 {ADA}",))
    there = story.release(release_id).with_stage(replace(record, ask=crashed))
    story.releasing.write(release_id, Change(there))
    story.run()
    assert story.outcome(release_id) is Outcome.ERRORED


def test_a_yes_that_is_there_and_not_in_effect_yet_outlives_a_refused_mail() -> None:
    above = Escalation(6 * HOUR, (CAROL,))
    story = Timeline(gated(policy(ADA, BOB, escalation=above)))
    story.at(lambda: story.mailer.faults.add("send", REFUSED), hours=5)
    story.mailer.faults.add("send", REFUSED)  # Ada's
    release_id = story.begin()
    later = START + timedelta(hours=9)
    story.at(story.decides(release_id, Choice.DEFER, BOB, effective_at=later), hours=1)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert len(story.events(release_id, EventType.MAIL_FAILED)) == 2


def revoked(story: Timeline, release_id: ReleaseId) -> Callable[[], None]:
    """As the route that revokes links does; the ring is lost on the way."""

    def deed() -> None:
        release = story.release(release_id)
        record = release.stages[1]
        assert record.ask is not None
        kept = tuple(key for key in record.ask.mailed if not read_mail_key(key).goes_out_anew)
        ask = replace(record.ask, series=record.ask.series + 1, mailed=kept)
        changed = release.with_stage(replace(record, ask=ask))
        story.releasing.write(release_id, Change(changed))

    return deed


def test_revoked_links_are_mailed_anew_and_nothing_but_them() -> None:
    story = Timeline(gated(policy(ADA, BOB, required=2, reminders_seconds=(2 * HOUR, 20 * HOUR))))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE, BOB), hours=1)
    story.at(revoked(story, release_id), hours=5.1)
    story.at(story.sweep, hours=5.15)
    story.run(hours=23)
    assert story.mails(ADA) == [
        (0.0, "request 0"),
        (2.0, "reminder 1"),
        (5.15, "request 0"),
        (20.0, "reminder 2"),
    ]
    assert story.mails(BOB) == [(0.0, "request 0"), (5.15, "new-link 2")]
    series = [_link(story, mail).series for mail in story.mailer.to(ADA)]
    assert series == [1, 1, 2, 2]
    assert {_link(story, mail).person for mail in story.mailer.to(ADA)} == {0}


def test_revoked_links_are_mailed_anew_when_nothing_is_probed_and_the_bell_is_lost() -> None:
    story = Timeline(gated(policy(ADA, probe_seconds=DAY)))
    release_id = story.begin()
    story.at(revoked(story, release_id), hours=5)
    story.at(story.sweep, hours=5.1)
    story.at(story.sweep, hours=5.2)
    story.run(hours=6)
    assert story.mails(ADA) == [(0.0, "request 0"), (5.1, "request 0")]
    assert story.world.orchestrations.rung == [release_id]


def test_who_has_answered_gets_a_new_link_too() -> None:
    story = Timeline(gated(policy(ADA)))
    release_id = story.begin()
    later = START + timedelta(hours=20)
    story.at(story.decides(release_id, Choice.DEFER, effective_at=later), hours=1)
    story.at(revoked(story, release_id), hours=2.5)
    story.sweeps(every_seconds=300, until=later)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert story.mails(ADA)[:2] == [(0.0, "request 0"), (2.5, "new-link 2")]
    assert story.world.orchestrations.rung == [release_id, release_id]


def test_who_answers_by_a_new_link_needs_no_other() -> None:
    story = Timeline(gated(policy(ADA, BOB, required=2)))
    release_id = story.begin()
    story.at(revoked(story, release_id), hours=1)
    story.at(story.sweep, hours=1.1)
    story.at(story.decides(release_id, Choice.APPROVE), hours=2)
    story.run(hours=5)
    assert [kind for _, kind in story.mails(ADA)] == ["request 0", "request 0"]


def _link(story: Timeline, mail: Mail) -> Link:
    token = mail.text.split()[2].rpartition("/")[2]
    link = story.world.links.read(token=token, max_age_seconds=1e9)
    assert link is not None
    return link


def ends(story: Timeline) -> Counter[str]:
    """Who has heard how often that the release has ended."""
    return Counter(m.to for _, m in story.mailer.log if m.text.startswith("Expired: "))


EVERYBODY = {ADA: 1, BOB: 1, CAROL: 1, DAN: 1, OWNER: 1}


@pytest.mark.parametrize("dies", [0, 1, 2])
def test_everybody_hears_of_the_end_once_whatever_the_quota_and_a_lost_engine(dies: int) -> None:
    story = Timeline(gated(policy(ADA, BOB, CAROL, escalation=Escalation(8 * HOUR, (DAN,)))))
    use(story, QuotaMailer(story.world.clock))
    release_id = story.begin()
    story.run(minutes=1)
    seen = Counter[Activity]()

    def before(activity: Activity) -> None:
        seen[activity] += 1
        if activity is Activity.WRAP_UP and seen[activity] == dies:
            raise EngineLost

    story.inlines[release_id].before = before
    story.sweeps(every_seconds=300, until=START + timedelta(days=2))
    story.run()
    assert story.outcome(release_id) is Outcome.EXPIRED
    assert ends(story) == EVERYBODY
    assert story.mailer.tries <= len(story.mailer.sent) + 2, "what was told is not told again"
    assert list(story.world.store.open_releases()) == []
    assert story.losses == (dies > 0)


def test_the_links_and_places_of_people_stay_theirs_when_they_are_asked_again() -> None:
    story = Timeline(gated(policy(ADA, BOB)))
    release_id = story.begin()
    story.at(story.deploys(gated(policy(CAROL, BOB))), hours=1)
    story.run(hours=3)
    first: Ask = story.ask(release_id)
    assert (first.number, first.roster) == (2, (ADA, BOB, CAROL))
    assert [_link(story, mail).person for mail in story.mailer.to(BOB)] == [1, 1]
    story.run()
    assert story.mails(ADA)[-1] == story.mails(CAROL)[-1]
    assert story.mails(ADA)[-1][1] == "Expired"
