"""The keys that the bottom line of the queue tells, by what has the focus; low ranks stay where room is short."""

HINTS = (
    (("app.help",), "help", 0),
    (("view.filter",), "filter", 2),
    (("mark.toggle",), "mark", 4),
    (("job.cancel",), "cancel", 3),
    (("job.raise", "job.lower"), "priority", 7),
    (("job.hold",), "hold", 5),
    (("app.pause",), "pause", 9),
    (("job.retry",), "retry", 6),
    (("workers.fewer", "workers.more"), "workers", 10),
    (("view.sort",), "sort", 11),
    (("job.open",), "detail", 1),
    (("app.palette",), "commands", 8),
    (("app.quit",), "quit", 0),
)
SIDE_HINTS = ((("view.next",), "list", 0), (("scroll.down", "scroll.up"), "scroll", 1), *HINTS)
FILTER_HINTS = (
    (("filter.keep",), "keep it", 0),
    (("filter.drop",), "drop it", 1),
    (("app.help",), "help", 2),
    (("app.palette",), "commands", 3),
)
