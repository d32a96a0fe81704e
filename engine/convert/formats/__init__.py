"""The files a conversion makes: texts, pictures, TIFF and searchable PDF."""
