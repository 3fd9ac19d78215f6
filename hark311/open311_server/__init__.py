"""Our own Open311 endpoint (GeoReport v2): partners report through us, and read how their reports stand.

`wire` writes answers and errors, `reading` reads what is asked and reported, `callers` knows keys and limits, `showing`
decides what is shown to whom, `taking` makes work of a report, `app` holds the routes.
"""
