"""The rules of approval once more, written to be believed: everything anew at every moment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.domain.approval import Verdict
from shared.domain.ask import Ask
from shared.domain.decision import Choice, Decision
from shared.domain.policy import ApprovalPolicy, Order, Rejection, Voice


def is_allowed(policy: ApprovalPolicy, moment: datetime) -> bool:
    """Whether decisions take effect at a moment, by the clock on the wall."""
    if any(freeze.begins_at <= moment < freeze.ends_at for freeze in policy.freezes):
        return False
    if policy.hours is None:
        return True
    local = moment.astimezone(ZoneInfo(policy.time_zone))
    is_day = local.weekday() in policy.hours.days
    return is_day and policy.hours.opens <= local.time() < policy.hours.closes


def effect_of(policy: ApprovalPolicy, decision: Decision) -> datetime:
    """When an answer takes effect: the first allowed one of the moments at which that may begin."""
    first = max(decision.at, decision.effective_at or decision.at)
    moments = {first, *(freeze.ends_at for freeze in policy.freezes)}
    if policy.hours is not None:
        zone = ZoneInfo(policy.time_zone)
        days = (first.astimezone(zone).date() + timedelta(days=number) for number in range(30))
        moments |= {datetime.combine(day, policy.hours.opens, zone).astimezone(UTC) for day in days}
    return min(each for each in moments if each >= first and is_allowed(policy, each))


@dataclass
class Oracle:
    """Goes through the answers of an ask, one by one, and keeps those that count."""

    ask: Ask
    log: list[tuple[Decision, str]] = field(default_factory=list)
    """With the voice that each counted for."""

    @property
    def policy(self) -> ApprovalPolicy:
        return self.ask.terms

    def tell(self, decisions: Sequence[Decision]) -> None:
        """Take all in that count."""
        for each in sorted(decisions, key=lambda decision: decision.at):
            in_time = self.ask.asked_at <= each.at < self.ask.expires_at
            if not in_time or (each.ask, each.digest) != (self.ask.number, self.ask.digest):
                continue
            voice = self.voice_of(each.approver, each.at)
            revisions = [old.revision for old, _ in self.log if old.approver == each.approver]
            if voice is None or any(each.revision <= old for old in revisions):
                continue
            if each.choice is Choice.REASSIGN and each.to not in self.heirs(each.approver, each.at):
                continue
            self.log.append((each, voice))

    def settled_by(self, moment: datetime) -> tuple[Verdict, Decision, datetime] | None:
        """What the answers so far have settled: they take effect one after another."""
        effects = sorted(
            (effect_of(self.policy, each), each.approves, each.at, voice)
            for voice, each in self.standing().items()
        )
        ayes, nays = 0, 0
        for at, approves, _, voice in effects:
            ayes, nays = ayes + approves, nays + (not approves)
            if at <= moment and nays and self._is_lost(nays):
                return Verdict.REJECTED, self.standing()[voice], at
            if at <= moment and ayes >= self.required:
                return Verdict.APPROVED, self.standing()[voice], at
        return None

    def _is_lost(self, nays: int) -> bool:
        is_first = self.policy.reject is Rejection.FIRST
        return is_first or len(self.heard()) - nays < self.required

    @property
    def required(self) -> int:
        return self.policy.required or len(self.heard())

    def standing(self) -> dict[str, Decision]:
        """Each voice's answer."""
        found: dict[str, Decision] = {}
        for each, voice in self.log:
            found.pop(voice, None)
            if each.choice is not Choice.REASSIGN:
                found[voice] = each
        return found

    def may_decide(self, person: str) -> bool:
        requester = self.ask.requester
        if requester is None or self.policy.requester_may_approve:
            return True
        return not self.policy.is_called(person, requester)

    def has_a_voice(self, person: str) -> bool:
        """Whether it is a member of one, or was handed one."""
        return person in self.policy.approvers or person in self.holders().values()

    def holders(self) -> dict[str, str]:
        return {
            voice: each.to
            for each, voice in self.log
            if each.choice is Choice.REASSIGN and each.to is not None
        }

    def has_given(self, person: str) -> bool:
        """Whether the last that happened to this person was to hand a voice on."""
        moves = [
            each.approver == person
            for each, _ in self.log
            if each.choice is Choice.REASSIGN and person in (each.approver, each.to)
        ]
        return bool(moves) and moves[-1]

    def heard(self) -> list[Voice]:
        """The voices that anyone may speak for at any moment."""
        found = []
        for voice in self.policy.voices:
            others = {
                each.to
                for each in self.policy.delegations
                if each.of in voice.members
                and each.begins_at < self.ask.expires_at
                and each.ends_at > self.ask.asked_at
            }
            if self.policy.escalation:
                pause = timedelta(seconds=self.policy.escalation.after_seconds)
                if self.ask.asked_at + pause < self.ask.expires_at:
                    others |= set(self.policy.escalation.to)
            people = {*voice.members, *(others - set(self.policy.approvers))}
            if any(self.may_decide(person) for person in people):
                found.append(voice)
        return found

    def asked_since(self, voice: Voice, moment: datetime) -> datetime | None:
        """Since when it is this voice's turn; None while it is not."""
        heard, standing = self.heard(), self.standing()
        if self.policy.order is Order.ANY:
            return self.ask.asked_at
        before = [standing.get(each.name) for each in heard[: heard.index(voice)]]
        effects = [effect_of(self.policy, each) if each else None for each in before]
        if any(effect is None or effect > moment for effect in effects):
            return None
        return max([self.ask.asked_at, *(each for each in effects if each)])

    def may_speak(self, person: str, voice: Voice, moment: datetime) -> bool:
        """Whether this person may give this voice's answer, which is not given yet."""
        since, standing = self.asked_since(voice, moment), self.standing()
        spoken = {each.approver for each in standing.values()}
        if since is None or voice.name in standing or person in spoken or self.has_given(person):
            return False
        if not self.may_decide(person):
            return False
        holder = self.holders().get(voice.name)
        if person == holder or (holder is None and person in voice.members):
            return True
        if self.has_a_voice(person):
            return False
        above = self.policy.escalation
        if above and person in above.to:
            pause = timedelta(seconds=above.after_seconds)
            if moment - since >= pause:
                return True
        return holder is None and person in self.stand_ins(voice, moment)

    def stand_ins(self, voice: Voice, moment: datetime) -> set[str]:
        return {
            each.to
            for each in self.policy.delegations
            if each.of in voice.members and each.begins_at <= moment < each.ends_at
        }

    def voice_of(self, person: str, moment: datetime) -> str | None:
        """The voice that this person has answered for or may answer for."""
        if self.settled_by(moment) is not None or moment >= self.ask.expires_at:
            return None
        given = [voice for voice, each in self.standing().items() if each.approver == person]
        may = [each.name for each in self.heard() if self.may_speak(person, each, moment)]
        return next(iter([*given, *may]), None)

    def speakers(self, moment: datetime) -> set[tuple[str, str]]:
        """Everybody who may speak and has not: the person, and for which voice."""
        spoken = {each.approver for each in self.standing().values()}
        above = self.policy.escalation.to if self.policy.escalation else ()
        everybody = {
            *self.policy.approvers,
            *(each.to for each in self.policy.delegations),
            *above,
        } - spoken
        found = ((person, self.voice_of(person, moment)) for person in everybody)
        return {(person, voice) for person, voice in found if voice is not None}

    def heirs(self, person: str, moment: datetime) -> set[str]:
        """To whom this person may hand their voice."""
        name = self.voice_of(person, moment)
        if name is None:
            return set()
        voice = next(each for each in self.heard() if each.name == name)
        above = self.policy.escalation.to if self.policy.escalation else ()
        others = {*self.stand_ins(voice, moment), *above} - set(self.policy.approvers)
        busy = {each.approver for each in self.standing().values()}
        return {
            each
            for each in {*voice.members, *others} - busy - {person, *self.holders().values()}
            if self.may_decide(each)
        }
