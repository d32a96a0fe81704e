#!/usr/bin/env bash
# distributed 2026.8.0 (PyPI): `Scheduler(dashboard=False)` and `Worker(dashboard=False)` with `Security(require_encryption=True)`.
# Expected: with the dashboard off nothing is served by HTTP, and with encryption required nothing is without it.
# Seen: both listen on one port more. The scheduler's is 8787, the dashboard's own, and answers plain HTTP without a certificate:
#   pages and JSON about workers and tasks; the worker's has /health and /metrics. What `dashboard` turns off are the plots made
#   with Bokeh, which is not even installed here. What ends it is an empty `distributed.scheduler.http.routes`, and a
#   `start_http_server` that does nothing.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check \
    distributed==2026.8.0 dask==2026.8.0 cryptography==50.0.2 psutil 2>/dev/null

cat > "$place/look.py" <<'PY'
import asyncio
import logging
import sys
import urllib.error
import urllib.request
from importlib.metadata import version
from importlib.util import find_spec

import psutil
from distributed import Scheduler, Security, Worker

logging.disable()


def listening():
    return {c.laddr.port for c in psutil.Process().net_connections("inet") if c.status == psutil.CONN_LISTEN}


def status(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


async def main():
    settings = {"host": "127.0.0.1", "dashboard": False, "security": Security.temporary(), "protocol": "tls"}
    async with Scheduler(port=0, **settings) as scheduler:
        of_scheduler = listening() - {scheduler.port}
        async with Worker(scheduler.address, **settings) as worker:
            of_worker = listening() - of_scheduler - {scheduler.port, worker.port}
            asked = ["/json/counts.json", "/info/main/workers.html", "/health"]
            answers = {
                who: [await asyncio.to_thread(status, port, path) for port in ports for path in asked]
                for who, ports in (("scheduler", of_scheduler), ("worker", of_worker))
            }
            is_tls = scheduler.address.startswith("tls://") and worker.address.startswith("tls://")
            print(f"distributed {version('distributed')}: over TLS {is_tls}, Bokeh {bool(find_spec('bokeh'))}")
            print(f"more ports: scheduler {sorted(of_scheduler)}, worker {len(of_worker)}; {asked}: {answers}")
            return is_tls and answers == {"scheduler": [200, 200, 200], "worker": [404, 404, 200]}


as_stated = asyncio.run(main())
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
