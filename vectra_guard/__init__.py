"""Vectra Guard: judges what is typed into a shell before it runs. See docs/architecture.md."""

__version__ = "0.1.0"
