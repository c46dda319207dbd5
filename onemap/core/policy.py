"""Who may see and do what: one rule object, used by every door alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a duty post or a system is to the map."""

    VIEWER = "viewer"
    COMMAND = "command"
    PLANNER = "planner"
    TEAM = "team"
    OPERATOR = "operator"


ALL_ROLES: frozenset[Role] = frozenset(Role)
INSIDE: frozenset[Role] = frozenset({Role.COMMAND, Role.PLANNER, Role.TEAM, Role.OPERATOR})
STAFF: frozenset[Role] = frozenset({Role.COMMAND, Role.OPERATOR})


class Right(StrEnum):
    """An action behind a door that changes something or shows more than the map."""

    WARNINGS_STEER = "warnings.steer"
    ALERTS_OWN = "alerts.own"
    ALERTS_ALL = "alerts.all"
    INCIDENTS_STATUS = "incidents.status"
    FEEDS_PUSH = "feeds.push"
    QUARANTINE = "quarantine"
    FEEDS_SEE = "feeds.see"
    METRICS = "metrics"
    EXACT_COUNTS = "counts.exact"
    RULES_EDIT = "rules.edit"
    FENCES_EDIT = "fences.edit"
    ROSTERS_EDIT = "rosters.edit"
    DRILLS = "drills"
    LEDGER_SEE = "ledger.see"
    CHANNELS_EDIT = "channels.edit"
    PLANS_SEE = "plans.see"
    PLANS_EDIT = "plans.edit"
    PLANS_APPROVE = "plans.approve"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.FEEDS_SEE}),
    Role.COMMAND: frozenset(
        {
            Right.WARNINGS_STEER,
            Right.ALERTS_ALL,
            Right.INCIDENTS_STATUS,
            Right.FEEDS_SEE,
            Right.METRICS,
            Right.EXACT_COUNTS,
            Right.RULES_EDIT,
            Right.FENCES_EDIT,
            Right.ROSTERS_EDIT,
            Right.DRILLS,
            Right.LEDGER_SEE,
            Right.PLANS_SEE,
            Right.PLANS_APPROVE,
        }
    ),
    Role.PLANNER: frozenset(
        {Right.FEEDS_SEE, Right.EXACT_COUNTS, Right.FENCES_EDIT, Right.PLANS_SEE, Right.PLANS_EDIT}
    ),
    Role.TEAM: frozenset({Right.ALERTS_OWN, Right.INCIDENTS_STATUS, Right.FEEDS_SEE, Right.EXACT_COUNTS}),
    Role.OPERATOR: frozenset(
        {
            Right.ALERTS_ALL,
            Right.FEEDS_PUSH,
            Right.QUARANTINE,
            Right.FEEDS_SEE,
            Right.METRICS,
            Right.EXACT_COUNTS,
            Right.RULES_EDIT,
            Right.ROSTERS_EDIT,
            Right.LEDGER_SEE,
            Right.CHANNELS_EDIT,
            Right.PLANS_SEE,
        }
    ),
}


@dataclass(frozen=True)
class Grant:
    """What one asker may see: compiled to SQL by the store, used by tiles, features, live stream and exports."""

    subject: str  # login or API key's name: who the history and the ledger say it was
    role: Role
    layers: frozenset[str] | None = None  # None: every layer of the role
    area_wkb: bytes | None = None  # WGS-84 multipolygon; None: everywhere
    team_key: str | None = None
    feeds: frozenset[str] = field(default_factory=frozenset)  # feeds that a key may push
    key_only: bool = False  # an API key: layers it names, pushes it names, no more rights than that

    @property
    def rights(self) -> frozenset[Right]:
        """The rights of this grant; an API key keeps those of its role that read, and steers nothing."""
        if self.key_only:
            return RIGHTS[self.role] & {Right.FEEDS_SEE, Right.METRICS, Right.EXACT_COUNTS}
        return RIGHTS[self.role]

    def can(self, right: Right) -> bool:
        """Whether this asker has that right."""
        return right in self.rights

    def sees_layer(self, name: str, roles: frozenset[Role]) -> bool:
        """Whether a layer with those roles is this asker's to see."""
        return self.role in roles and (self.layers is None or name in self.layers)

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What of this grant changes what is seen: caches share entries between equal fingerprints."""
        return (self.role, self.layers, self.area_wkb, Right.EXACT_COUNTS in self.rights)


#: The application itself: migrations, engines, imports from the command line.
SYSTEM = Grant(subject="system", role=Role.OPERATOR)
