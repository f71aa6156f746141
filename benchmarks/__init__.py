"""fairlane and its peers on one machine and one store: `make bench-peers`. README.md says how and how fair."""
