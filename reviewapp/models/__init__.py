"""People and their judgements. See docs/architecture.md for who owns what."""

from reviewapp.models.agreement import Agreement
from reviewapp.models.audit import AuditEvent
from reviewapp.models.decision import Decision, GatePolicy, Look, Promotion, Report, ReportPart
from reviewapp.models.discussion import Comment, Flag
from reviewapp.models.gold import GoldItem
from reviewapp.models.judgement import LabelSet, OutputFinding, OutputJudgement
from reviewapp.models.people import ApiToken, Invitation, Membership, Rater, Role, User
from reviewapp.models.review import Finding, Review, ReviewItem
from reviewapp.models.search import ItemIndex, ItemWords
from reviewapp.models.slot import Draft, Exposure, Slot

__all__ = [
    "Agreement",
    "ApiToken",
    "AuditEvent",
    "Comment",
    "Decision",
    "Draft",
    "Exposure",
    "Finding",
    "Flag",
    "GatePolicy",
    "GoldItem",
    "Invitation",
    "ItemIndex",
    "ItemWords",
    "LabelSet",
    "Look",
    "Membership",
    "OutputFinding",
    "OutputJudgement",
    "Promotion",
    "Rater",
    "Report",
    "ReportPart",
    "Review",
    "ReviewItem",
    "Role",
    "Slot",
    "User",
]
