"""The one error of the launcher: a line for a person, never a traceback."""


class LaunchError(Exception):
    """Starting cannot go on; the text is one line that says what to do."""
