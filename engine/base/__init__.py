"""What everything stands on: errors as sentences, text made safe to show, disk and sockets. Knows no job."""
