"""`GET /metrics`: the engine's numbers for Prometheus; docs/metrics.md says what they mean.

Nothing is counted in here: the engine keeps its own tally, so however many doors there are, all show the same numbers.
"""

import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import accumulate

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from engine.job.machines import NodeState
from engine.job.snapshot import WorkerState
from engine.job.vitals import Facts, Spread, Vitals
from engine.remote.contract import ServedEngine
from engine.server.dependencies.service import Service

_FORMATS = ("text/plain", "application/openmetrics-text")


def router(service: Service) -> APIRouter:
    """The route of the metrics, with a registry of its own."""
    registry = CollectorRegistry()
    registry.register(EngineCollector(service.engine))
    routes = APIRouter(tags=["monitoring"])

    @routes.get(
        "/metrics",
        summary="Metrics for Prometheus",
        response_class=Response,
        responses={
            200: {
                "description": "In the text format, or in OpenMetrics where the client prefers that.",
                "content": {media_type: {"schema": {"type": "string"}} for media_type in _FORMATS},
            }
        },
    )
    def metrics(request: Request) -> Response:
        """All numbers as of this moment. None of them has a file's name in it."""
        try:
            encode, content_type = choose_encoder(request.headers.get("accept", ""))
        except (TypeError, ValueError):  # a version that is no number
            encode, content_type = choose_encoder("")
        return Response(encode(registry), headers={"Content-Type": content_type})

    return routes


class EngineCollector(Collector):
    """Reads a started engine anew at every scrape."""

    def __init__(self, engine: ServedEngine) -> None:
        self._engine = engine
        self._build = {
            "version": version("hotfolio"),
            "python": platform.python_version(),
            "pymupdf": version("pymupdf"),  # by its metadata: the library itself is for the children
        }

    def describe(self) -> Iterable[Metric]:
        """Nothing: a registry would look for names that clash, and here is one collector alone."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric there is."""
        vitals = self._engine.vitals()
        yield InfoMetricFamily("hotfolio_build", "What is running.", value=self._build)
        yield GaugeMetricFamily(
            "hotfolio_start_time_seconds",
            "When the engine started, in seconds since 1970; all counters count from then.",
            value=vitals.started,
        )
        yield from _of_queue(vitals)
        yield from _of_machine(vitals)
        yield from _of_nodes(vitals)
        yield from _of_tally(vitals.facts)


def _of_queue(vitals: Vitals) -> Iterator[Metric]:
    totals = vitals.totals
    yield _gauges("hotfolio_jobs", "Jobs on the list, by state.", "state", totals.by_state.items())
    yield GaugeMetricFamily("hotfolio_queue_depth", "Jobs that wait for a worker.", value=totals.queue_depth)
    yield GaugeMetricFamily(
        "hotfolio_queue_oldest_age_seconds",
        "For how long the job has waited that has waited longest; 0 if none waits.",
        value=vitals.longest_wait_s or 0.0,
    )
    yield GaugeMetricFamily(
        "hotfolio_paused",
        "1 while nothing new is begun, by a person or because something is out of order.",
        value=int(vitals.is_paused),
    )
    yield _gauges(
        "hotfolio_banner",
        "1 for each thing that needs a person, by what it is about; gone when it is over.",
        "key",
        [(banner.key, 1) for banner in vitals.banners],
    )
    states = Counter(worker.state for worker in vitals.workers)
    yield _gauges("hotfolio_workers", "Workers, by state.", "state", [(state, states[state]) for state in WorkerState])


def _of_machine(vitals: Vitals) -> Iterator[Metric]:
    memory = vitals.memory
    yield _gauges(
        "hotfolio_resident_memory_bytes",
        "Memory in use. What the fork server has loaded is counted again in each process that comes from it.",
        "process",
        [("engine", memory.engine), ("fork_server", memory.fork_server), ("workers", memory.workers)],
    )
    yield _gauges(
        "hotfolio_worker_resident_memory_bytes",
        "Memory in use by each worker's process, as last seen; 0 while it has none.",
        "worker",
        [(str(worker.number), worker.rss_bytes) for worker in vitals.workers],
    )
    yield _gauges(
        "hotfolio_disk_free_bytes",
        "Free space where results and the queue are written; missing while it cannot be read.",
        "folder",
        [("output", vitals.room.output), ("state", vitals.room.state)],
    )


def _of_nodes(vitals: Vitals) -> Iterator[Metric]:
    """Nothing where no other machine has joined."""
    if not vitals.nodes:
        return
    states = Counter(node.state for node in vitals.nodes)
    yield _gauges(
        "hotfolio_nodes", "Machines of the cluster, by state.", "state", [(state, states[state]) for state in NodeState]
    )
    for name, text, values in (
        ("slots", "Page batches a node converts at once.", [node.slots for node in vitals.nodes]),
        ("slots_busy", "Slots of a node with something to do.", [node.busy for node in vitals.nodes]),
        ("resident_memory_bytes", "Memory of a node's processes.", [node.rss_bytes for node in vitals.nodes]),
        ("cached_bytes", "Documents a node keeps.", [node.cached_bytes for node in vitals.nodes]),
        ("disk_free_bytes", "Free space where a node keeps them.", [node.free_bytes for node in vitals.nodes]),
    ):
        named = [(node.name, value) for node, value in zip(vitals.nodes, values, strict=True)]
        yield _gauges(f"hotfolio_node_{name}", text, "node", named)
    trips = GaugeMetricFamily(
        "hotfolio_node_round_trip_seconds",
        "How long a question to a node was under way, there and back.",
        labels=["node"],
    )
    for node in vitals.nodes:
        trips.add_metric([node.name], node.round_trip_s)
    yield trips
    pages = [(node.name, node.pages) for node in vitals.nodes]
    yield _counters("hotfolio_node_pages", "Pages a node has converted since it joined.", "node", pages)
    shipped = [(node.name, node.shipped_bytes) for node in vitals.nodes]
    yield _counters("hotfolio_node_shipped_bytes", "Documents that were sent to a node.", "node", shipped)


def _of_tally(facts: Facts) -> Iterator[Metric]:
    yield _counters("hotfolio_jobs_finished", "Jobs that have ended, by outcome.", "outcome", facts.jobs.items())
    yield CounterMetricFamily(
        "hotfolio_jobs_warned", "Jobs that are done, and whose result has warnings.", value=facts.warned
    )
    yield _counters("hotfolio_warnings", "Warnings of results, by kind.", "kind", facts.warnings.items())
    yield CounterMetricFamily(
        "hotfolio_results_deleted",
        "Results that were deleted because they had been kept long enough.",
        value=facts.expired,
    )
    job_seconds = HistogramMetricFamily(
        "hotfolio_job_duration_seconds",
        "From when a job was begun to its end, by outcome; cancelled jobs are left out.",
        labels=["outcome"],
    )
    for outcome, spread in facts.job_seconds.items():
        job_seconds.add_metric([outcome], _buckets(spread), spread.total_s)
    yield job_seconds
    yield HistogramMetricFamily(
        "hotfolio_job_wait_seconds",
        "How long a job had waited when it was begun; anew after a retry.",
        buckets=_buckets(facts.waits),
        sum_value=facts.waits.total_s,
    )
    yield _counters("hotfolio_pages", "Pages that are finished, by how they came out.", "state", facts.pages.items())
    page_seconds = HistogramMetricFamily(
        "hotfolio_page_duration_seconds",
        "How long a page took, by how it came out; pages that took their process with them are left out.",
        labels=["state"],
    )
    for state, spread in facts.page_seconds.items():
        page_seconds.add_metric([state], _buckets(spread), spread.total_s)
    yield page_seconds
    yield _counters(
        "hotfolio_child_restarts",
        "Conversion processes that have ended, so that the next task needs a new one, by cause.",
        "cause",
        facts.process_ends.items(),
    )


def _gauges(name: str, text: str, label: str, values: Iterable[tuple[str, int | None]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values:
        if value is not None:
            family.add_metric([key], value)
    return family


def _counters(name: str, text: str, label: str, values: Iterable[tuple[str, int]]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def _buckets(spread: Spread) -> list[tuple[str, float]]:
    bounds = [*map(floatToGoString, spread.bounds), "+Inf"]
    return list(zip(bounds, accumulate(spread.counts), strict=True))
