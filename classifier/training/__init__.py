"""Making heads: from the corpus on day one, and from what people corrected ever after."""
