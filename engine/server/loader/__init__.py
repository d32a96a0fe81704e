"""The door of Open WebUI's external document loader: a document in, its Markdown out."""
