"""Documents that doors take in for other programs: kept apart, queued, waited for, and forgotten again."""
