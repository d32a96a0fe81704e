"""The door of Apache Tika's server: a document in, its text and what is known of it out."""
