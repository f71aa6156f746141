"""HTTP: from a request's bytes to an endpoint, and from an answer to bytes."""
