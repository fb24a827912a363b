"""Ages: groups, graduation to single years, smoothing and heaping."""

from popsim._lazy import attach

__all__ = attach(__name__)
