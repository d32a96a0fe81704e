"""What several routes have in their paths."""

from typing import Annotated

from fastapi import Path

ConversionId = Annotated[str, Path(description="The conversion's UUID, or its short number.", examples=["12"])]
"""How a path names a conversion."""
