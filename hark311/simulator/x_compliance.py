"""Compliance jobs of the simulated X: upload ids, learn which of those posts are gone. One job at a time."""

import json
import secrets
import sqlite3
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hark311.simulator.limits import SignIn
from hark311.simulator.spoken import Json
from hark311.simulator.store import iso_z
from hark311.simulator.x_network import XNetwork
from hark311.simulator.x_refusals import Refused, invalid

WEEK_MS = 7 * 24 * 3600 * 1000


class ComplianceApi:
    """The HTTP face: /2/compliance/jobs, and the store its addresses point at, which takes no keys but its own."""

    def __init__(self, network: XNetwork) -> None:
        self.network = network
        self.store = network.store

    @property
    def stores(self) -> list[Route]:
        """The routes that ids go to and answers come from."""
        return [
            Route("/store/{id:int}/{secret}/ids", self.upload, methods=["PUT"]),
            Route("/store/{id:int}/{secret}/found", self.download, methods=["GET"]),
        ]

    async def create(self, request: Request, _: SignIn) -> Json:
        """POST compliance/jobs."""
        try:
            wanted = json.loads(await request.body())
        except ValueError as error:
            raise invalid("the body is not JSON") from error
        if not isinstance(wanted, dict) or wanted.get("type") not in ("tweets", "users"):
            raise invalid("`type` is tweets or users", type=[])
        if self.store.row("SELECT 1 FROM x_compliance WHERE ids IS NULL AND kind = ?", (wanted["type"],)):
            raise Refused(409, "Conflict", "A job of this type is already under way.")
        with self.store.writing() as write:
            number = write.execute(
                "INSERT INTO x_compliance (secret, kind, name, created_ms) VALUES (?, ?, ?, ?)",
                (secrets.token_urlsafe(12), wanted["type"], str(wanted.get("name", "")), self.store.now_ms()),
            ).lastrowid
        return {"data": self._job(request, self._row(number or 0))}

    async def list(self, request: Request, _: SignIn) -> Json:
        """GET compliance/jobs."""
        rows = self.store.rows(
            "SELECT * FROM x_compliance WHERE kind = ? ORDER BY id DESC LIMIT 100", (request.query_params.get("type"),)
        )
        jobs = [self._job(request, row) for row in rows]
        wanted = request.query_params.get("status")
        found = [job for job in jobs if wanted in (None, job["status"])]
        return {"data": found, "meta": {"result_count": len(found)}} if found else {"meta": {"result_count": 0}}

    async def one(self, request: Request, _: SignIn) -> Json:
        """GET compliance/jobs/:id."""
        return {"data": self._job(request, self._row(request.path_params["id"]))}

    def _row(self, number: int) -> sqlite3.Row:
        row = self.store.row("SELECT * FROM x_compliance WHERE id = ?", (number,))
        if row is None:
            raise invalid("there is no such job", id=[str(number)])
        return row

    def _job(self, request: Request, row: sqlite3.Row) -> Json:
        host = request.headers.get("host", "127.0.0.1")
        at = f"http://{host}{request.scope.get('root_path', '')}/store/{row['id']}/{row['secret']}"
        status = "created" if row["ids"] is None else "complete"
        if row["created_ms"] < self.store.now_ms() - WEEK_MS:
            status = "expired"
        return {
            "id": str(row["id"]),
            "type": row["kind"],
            "name": row["name"],
            "status": status,
            "created_at": iso_z(row["created_ms"]),
            "upload_url": f"{at}/ids",
            "upload_expires_at": iso_z(row["created_ms"] + WEEK_MS),
            "download_url": f"{at}/found",
            "download_expires_at": iso_z(row["created_ms"] + WEEK_MS),
        }

    async def upload(self, request: Request) -> Response:
        """PUT the ids, one a line."""
        row = self._stored(request)
        if row is None:
            return PlainTextResponse("no such upload", 403)
        with self.store.writing() as write:
            ids = (await request.body()).decode()
            write.execute("UPDATE x_compliance SET ids = ? WHERE id = ?", (ids, row["id"]))
        return PlainTextResponse("")

    async def download(self, request: Request) -> Response:
        """GET one JSON object a line for every post that is gone."""
        row = self._stored(request)
        if row is None or row["ids"] is None:
            return PlainTextResponse("no such download", 403)
        return PlainTextResponse("".join(f"{json.dumps(one)}\n" for one in self._found(row)))

    def _stored(self, request: Request) -> sqlite3.Row | None:
        given = request.path_params
        return self.store.row("SELECT * FROM x_compliance WHERE id = ? AND secret = ?", (given["id"], given["secret"]))

    def _found(self, row: sqlite3.Row) -> Iterator[Json]:
        for written in row["ids"].split():
            post = self.network.post(int(written)) if written.isdigit() else None
            author = self.network.author(post["author_id"]) if post is not None else None
            if post is None or author is None:
                continue
            if post["deleted_ms"] is not None:
                yield self._gone(written, post, "deleted", post["deleted_ms"])
            elif author["protected"]:
                yield self._gone(written, post, "protected", self.store.now_ms())

    def _gone(self, written: str, post: sqlite3.Row, reason: str, at: int) -> Json:
        created = iso_z(post["created_ms"])
        return {"id": written, "action": "delete", "created_at": created, "redacted_at": iso_z(at), "reason": reason}
