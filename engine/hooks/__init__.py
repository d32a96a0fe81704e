"""What follows on the end of a job: commands and webhooks of the user's. Never holds up the queue."""
