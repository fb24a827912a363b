"""What mkdocs runs when it builds: the pages of the API reference join those that are files."""

from __future__ import annotations

from typing import Any

from api_pages import api_pages
from mkdocs.structure.files import File, Files


def on_files(files: Files, *, config: Any) -> Files:
    """Add the pages of the reference."""
    for path, text in api_pages().items():
        files.append(File.generated(config, path, content=text))
    return files
