"""What is read off a simulation: differences between scenarios, and their price."""

from popsim._lazy import attach

__all__ = attach(__name__)
