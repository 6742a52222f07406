"""One user's or group's part in a rehearsal, whichever provider plays it."""

from dataclasses import dataclass

from rolebook.rehearsal.company import Company, Person, Team
from rolebook.rehearsal.wire import Wire, known_id


@dataclass(frozen=True, slots=True)
class UserPart:
    """One user's part; a method is what is done in one act, its requests in order."""

    wire: Wire
    company: Company
    person: Person

    @property
    def user_id(self) -> str:
        """The endpoint's id of the user."""
        return known_id(self.company.user_ids, self.person.number)

    @property
    def path(self) -> str:
        """Where the user is."""
        return f"/Users/{self.user_id}"


@dataclass(frozen=True, slots=True)
class GroupPart:
    """One group's part; a method is what is done in one act, its requests in order."""

    wire: Wire
    company: Company
    team: Team

    @property
    def group_id(self) -> str:
        """The endpoint's id of the group."""
        return known_id(self.company.group_ids, self.team.number)

    @property
    def path(self) -> str:
        """Where the group is."""
        return f"/Groups/{self.group_id}"
