"""What a token allows: backends that show and change only what its holder may see and change."""

from .known_tokens import Grant, KnownTokens

__all__ = ["Grant", "KnownTokens"]
