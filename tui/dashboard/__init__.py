"""The dashboard, a Textual app: it pulls the engine's snapshots at its own pace, and changes no job itself."""
