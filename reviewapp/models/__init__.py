"""People and their judgements. See docs/architecture.md for who owns what."""

from reviewapp.models.audit import AuditEvent
from reviewapp.models.decision import Decision, GatePolicy, Promotion, Report
from reviewapp.models.people import ApiToken, Invitation, Membership, Rater, Role, User
from reviewapp.models.review import Draft, Finding, Review, ReviewItem, Slot

__all__ = [
    "ApiToken",
    "AuditEvent",
    "Decision",
    "Draft",
    "Finding",
    "GatePolicy",
    "Invitation",
    "Membership",
    "Promotion",
    "Rater",
    "Report",
    "Review",
    "ReviewItem",
    "Role",
    "Slot",
    "User",
]
