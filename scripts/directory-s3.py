#!/usr/bin/env python3
"""Serves a directory as an S3 bucket, on this machine alone, for a broker that keeps its data so.

    scripts/directory-s3.py DIR     until standard input ends, or SIGTERM

Prints its URL when it listens. An object is a file, replaced by renaming, so that it is there as a
whole or not at all; which there are is kept in memory. Understood is what Tansu asks for: PUT and
DELETE (with If-Match and If-None-Match), GET and HEAD (with Range), and lists. Signatures are not
looked at.
"""

import bisect
import datetime
import email.utils
import fcntl
import hashlib
import http.server
import os
import pathlib
import re
import signal
import sys
import tempfile
import threading
import urllib.parse
from xml.sax.saxutils import escape, unescape



class Bucket:
    """The objects: their bytes in files, their names and marks in memory."""

    def __init__(self, root):
        self.root, self.lock = root, threading.Lock()
        self.marks, self.names = {}, []
        root.mkdir(parents=True, exist_ok=True)
        # Held until the process ends. What two keep in memory of one directory would soon differ.
        self.claim = open(root / ".lock", "w")
        fcntl.flock(self.claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for file in root.iterdir():
            if file.name == ".lock":
                continue
            if file.name.startswith("."):
                # What was being written when a former run ended.
                file.unlink()
            else:
                self.remember(urllib.parse.unquote(file.name), file.read_bytes())

    def file(self, key):
        # One name, not a path: keys may begin where others end (`a` and `a/b`).
        return self.root / urllib.parse.quote(key, safe="")

    def remember(self, key, data):
        if key not in self.marks:
            bisect.insort(self.names, key)
        etag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        self.marks[key] = (etag, len(data), self.file(key).stat().st_mtime)

    def etag(self, key):
        return self.marks[key][0] if key in self.marks else None

    def put(self, key, data):
        number, name = tempfile.mkstemp(prefix=".new-", dir=self.root)
        with os.fdopen(number, "wb") as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        os.replace(name, self.file(key))
        self.remember(key, data)

    def remove(self, key):
        if self.marks.pop(key, None):
            del self.names[bisect.bisect_left(self.names, key)]
            self.file(key).unlink(missing_ok=True)

    def list(self, prefix, after):
        """Names with a prefix that come after a name, in order, and their marks."""
        start = max(bisect.bisect_left(self.names, prefix), bisect.bisect_right(self.names, after))
        for name in self.names[start:]:
            if not name.startswith(prefix):
                return
            yield name, *self.marks[name]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes; waiting to join them costs 40 ms.
    disable_nagle_algorithm = True
    bucket: Bucket

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code></Error>".encode())

    def query(self):
        values = urllib.parse.parse_qs(
            urllib.parse.urlsplit(self.path).query, keep_blank_values=True)
        return {name: value[0] for name, value in values.items()}

    def key(self):
        """The object's name, without the bucket's."""
        path = urllib.parse.urlsplit(self.path).path
        return urllib.parse.unquote(path).lstrip("/").partition("/")[2]

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_PUT(self):
        body, key = self.body(), self.key()
        wanted, unwanted = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        with self.bucket.lock:
            current = self.bucket.etag(key)
            is_refused = (wanted and (current is None or wanted not in ("*", current))) or (
                unwanted and current is not None and unwanted in ("*", current))
            if not is_refused:
                self.bucket.put(key, body)
                current = self.bucket.etag(key)
        if is_refused:
            self.fail(412, "PreconditionFailed")
        else:
            self.answer(200, ETag=current)

    def do_DELETE(self):
        with self.bucket.lock:
            self.bucket.remove(self.key())
        self.answer(204)

    def do_POST(self):
        keys = [unescape(key) for key in re.findall("<Key>([^<]*)</Key>", self.body().decode())]
        if "delete" not in self.query():
            return self.fail(501, "NotImplemented")
        with self.bucket.lock:
            for key in keys:
                self.bucket.remove(key)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self.answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        key = self.key()
        if not key:
            return self.list()
        with self.bucket.lock:
            if self.bucket.etag(key) is None:
                return self.fail(404, "NoSuchKey")
            tag, _, modified = self.bucket.marks[key]
            data = self.bucket.file(key).read_bytes()
        headers = {"ETag": tag, "Last_Modified": email.utils.formatdate(modified, usegmt=True)}
        if self.headers.get("If-None-Match") == tag:
            return self.answer(304, **headers)
        if self.headers.get("If-Match") not in (None, "*", tag):
            return self.fail(412, "PreconditionFailed")
        bounds = self.headers.get("Range")
        if not bounds:
            return self.answer(200, data, **headers)
        first, last = bounds.removeprefix("bytes=").split("-")
        size = len(data)
        start = int(first) if first else max(0, size - int(last))
        end = min(size, int(last) + 1) if first and last else size
        if start >= size:
            return self.fail(416, "InvalidRange")
        headers["Content_Range"] = f"bytes {start}-{end - 1}/{size}"
        self.answer(206, data[start:end], **headers)

    def list(self):
        query = self.query()
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
        objects, prefixes = [], set()
        with self.bucket.lock:
            for key, tag, size, modified in self.bucket.list(prefix, query.get("start-after", "")):
                rest = key[len(prefix):]
                if delimiter and delimiter in rest:
                    prefixes.add(prefix + rest.partition(delimiter)[0] + delimiter)
                    continue
                time = datetime.datetime.fromtimestamp(modified, datetime.timezone.utc)
                objects.append(
                    f"<Contents><Key>{escape(key)}</Key><ETag>{escape(tag)}</ETag>"
                    f"<LastModified>{time:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
                    f"<Size>{size}</Size></Contents>")
        common = "".join(
            f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
            for name in sorted(prefixes))
        self.answer(200, (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult>'
            f"<Prefix>{escape(prefix)}</Prefix><KeyCount>{len(objects) + len(prefixes)}</KeyCount>"
            f"<IsTruncated>false</IsTruncated>{''.join(objects)}{common}</ListBucketResult>"
        ).encode(), Content_Type="application/xml")


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        Handler.bucket = Bucket(pathlib.Path(sys.argv[1]))
    except BlockingIOError:
        print(f"{sys.argv[1]} is in use", file=sys.stderr)
        return 1
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    while sys.stdin.buffer.read(1):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
