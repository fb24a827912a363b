"""The command ``popsim``."""
