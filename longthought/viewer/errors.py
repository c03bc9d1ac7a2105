"""What is asked for and not there."""

from longthought.errors import UserError


class UnknownError(UserError):
    """A run, a set or a debate that is not on view."""
