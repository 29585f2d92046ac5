"""The command line: it chooses, prints and exits; what is done is done by the verbs.

Laws: results go to stdout (with --json, one JSON object and nothing else), progress and prose to stderr; an error says
place, reason and next step and has its class's exit code; verbs are imported when they are called.
"""

from imprint.cli.app import main

__all__ = ["main"]
