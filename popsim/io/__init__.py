"""Files in and out; a file is written whole or not at all."""

from popsim._lazy import attach

__all__ = attach(__name__)
