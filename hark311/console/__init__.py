"""The desk: the pages on which people at 311 read what residents wrote, and decide."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from hark311.product import Product

__all__ = ["create_app"]


def create_app(product: "Product") -> "FastAPI":
    """The desk of one product. Raises AssetsError where the browser files are missing."""
    from hark311.console import app  # here, so that the assets command runs before anything of the web is installed

    return app.create_app(product)
