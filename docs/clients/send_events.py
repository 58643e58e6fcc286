"""Sends a till's events to Daymark by the contract in docs/send-events.md. Needs Python 3.10.

    python3 send_events.py API OUTBOX [PAUSE] < events.ndjson

A till imports `Outbox` and `send`. The command keeps the events of standard input in the file
OUTBOX, sends all it holds to API and prints the rejected ones. DAYMARK_TOKEN is an access token.
"""

import gzip, http.client, json, os, random, sqlite3, sys, time, urllib.parse

BATCH = 100  # events of a request; below every limit of GET /v1/limits
TIMEOUT = 40.0  # seconds; the API answers within 30
PAUSE_MAX = 60.0  # seconds


class Outbox:
    """Events in a SQLite file until Daymark has stored them; rejected ones with their message."""

    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.execute("CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, "
                        "event TEXT NOT NULL UNIQUE, rejected TEXT)")

    def put(self, events):
        """Keeps JSON texts. They are on disk when it returns; then the till may go on."""
        lines = [(event.strip().replace("\r", " ").replace("\n", " "),) for event in events]
        with self.db:
            self.db.executemany("INSERT OR IGNORE INTO events (event) VALUES (?)", lines)

    def batch(self, size):
        return self.db.execute("SELECT id, event FROM events WHERE rejected IS NULL "
                               "ORDER BY id LIMIT ?", (size,)).fetchall()

    def settle(self, stored, rejected):
        with self.db:
            self.db.executemany("DELETE FROM events WHERE id = ?", stored)
            self.db.executemany("UPDATE events SET rejected = ? WHERE id = ?", rejected)

    def rejected(self):
        return self.db.execute("SELECT rejected, event FROM events "
                               "WHERE rejected IS NOT NULL ORDER BY id").fetchall()


def post(connection, path, events, token):
    """Returns status, answer and Retry-After. The status is 0 if no answer came."""
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    if token:
        headers["Authorization"] = "Bearer " + token()
    status, wait = 0, ""
    try:
        connection.request("POST", path, gzip.compress("\n".join(events).encode(), 6), headers)
        response = connection.getresponse()
        status, wait = response.status, response.getheader("Retry-After", "")
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        connection.close()  # the next request opens it again
        answer = {"detail": repr(error)}
    return status, answer if isinstance(answer, dict) else {}, int(wait) if wait.isdigit() else 0


def send(api, outbox, token=None, pause=1.0):
    """Sends until nothing is left to send. `token` returns a valid access token; `pause` is the
    upper bound of the first pause in seconds."""
    url = urllib.parse.urlsplit(api)
    secure = url.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = connect(url.netloc, timeout=TIMEOUT)
    path = url.path.rstrip("/") + "/v1/events"
    size, failures = BATCH, 0
    while batch := outbox.batch(size):
        status, answer, wait = post(connection, path, [event for _, event in batch], token)
        if status in (408, 413) and len(batch) > 1:
            size = len(batch) // 2
            continue
        stored, rejected = [], []
        alone = {"index": 0, "status": "rejected", "message": answer.get("detail", "too large")}
        for result in [alone] if status == 413 else answer.get("results", []):
            row = batch[result["index"]][0]
            if result["status"] in ("stored", "duplicate"):
                stored.append((row,))
            elif result["status"] == "rejected":
                rejected.append((result["message"], row))
        outbox.settle(stored, rejected)
        settled = len(stored) + len(rejected)
        size, failures = (min(2 * size, BATCH), 0) if settled else (size, failures + 1)
        if settled < len(batch):
            wait += random.uniform(0, min(PAUSE_MAX, pause * 2 ** min(failures, 16)))
            told = answer.get("detail") or answer.get("message") or "some are not stored yet"
            print(f"{status}: {told}; sent again in {wait:.1f} s", file=sys.stderr)
            time.sleep(wait)


if __name__ == "__main__":
    api, path, *pause = sys.argv[1:]
    token = os.environ.get("DAYMARK_TOKEN")
    outbox = Outbox(path)
    outbox.put(line for line in sys.stdin if line.strip())
    print("kept", flush=True)
    send(api, outbox, (lambda: token) if token else None, *map(float, pause))
    for message, event in outbox.rejected():
        print(f"rejected: {message}: {event[:300]}")
