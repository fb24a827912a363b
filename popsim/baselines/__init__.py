"""Where the inputs of a projection come from: tables of one's own, shipped places, variants."""

from popsim._lazy import attach

__all__ = attach(__name__)
