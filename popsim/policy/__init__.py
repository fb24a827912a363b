"""From declared instruments to changed births and to spending, by way of the evidence."""

from popsim._lazy import attach

__all__ = attach(__name__)
