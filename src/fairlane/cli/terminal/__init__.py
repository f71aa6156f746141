"""What commands print: tables, JSON, progress, and the live view."""
