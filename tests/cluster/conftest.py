"""Where a cluster is asked for, by `make test-cluster`."""

import os

collect_ignore_glob = [] if "CLUSTER_TESTS" in os.environ else ["test_*.py"]
