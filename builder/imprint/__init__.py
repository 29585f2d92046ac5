"""imprint: cleaned articles in, a checked, versioned and loadable dataset release out.

    >>> import imprint
    >>> result = imprint.release("my-project")  # doctest: +SKIP
    >>> result.version  # doctest: +SKIP
    '1.0.0'

The verbs of the command line as functions with typed results: `init`, `inspect`, `build`, `publish`, `release`, `verify`,
`validate`, `list_versions`, `explain`. Errors are those of `imprint.errors`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imprint.building.outcome import BuildResult
    from imprint.verbs.build import build
    from imprint.verbs.explain import ExplainResult, explain
    from imprint.verbs.init import InitResult, init
    from imprint.verbs.inspect import InspectResult, inspect
    from imprint.verbs.listing import ListResult, list_versions
    from imprint.verbs.publish import PublishResult, publish
    from imprint.verbs.release import ReleaseResult, release
    from imprint.verbs.screen import ScreenResult, screen
    from imprint.verbs.validate import ValidateResult, validate
    from imprint.verbs.verify import VerifyResult, verify

_HOME = {
    "BuildResult": "build",
    "build": "build",
    "ExplainResult": "explain",
    "explain": "explain",
    "InitResult": "init",
    "init": "init",
    "InspectResult": "inspect",
    "inspect": "inspect",
    "ListResult": "listing",
    "list_versions": "listing",
    "PublishResult": "publish",
    "publish": "publish",
    "ReleaseResult": "release",
    "release": "release",
    "ScreenResult": "screen",
    "screen": "screen",
    "ValidateResult": "validate",
    "validate": "validate",
    "VerifyResult": "verify",
    "verify": "verify",
}

__all__ = [
    "BuildResult", "ExplainResult", "InitResult", "InspectResult", "ListResult", "PublishResult", "ReleaseResult", "ScreenResult", "ValidateResult", "VerifyResult", "build", "explain", "init", "inspect", "list_versions", "publish", "release", "screen", "validate", "verify",
]  # fmt: skip


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    # Each verb is imported when it is first used: `import imprint` alone costs nothing.
    if name == "__version__":
        return importlib.metadata.version("imprint")
    if name in _HOME:
        return getattr(importlib.import_module(f"imprint.verbs.{_HOME[name]}"), name)
    raise AttributeError(f"module 'imprint' has no attribute {name!r}")
