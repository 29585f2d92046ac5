"""The template: the files that the project carries for its users.

One template, never two copies: `imprint init` lays out the checkout's own files, which the wheel carries under
imprint/_data; `template` finds them in both worlds.
"""

from __future__ import annotations

from pathlib import Path


def template(name: str) -> Path:
    """A file of the template: in the wheel's _data, else in the checkout."""
    here = Path(__file__).resolve().parent
    packaged = here / "_data" / name
    return packaged if packaged.exists() else here.parent.parent / name
