"""What every adapter asks of the words it reads: that they can be stored."""


def word(value: object) -> str:
    """A value as text that both databases take. Raises ValueError for a NUL and for half a surrogate pair."""
    text = str(value)
    if "\0" in text:
        raise ValueError("NUL in a text")
    text.encode()
    return text
