"""Running fairlane: settings, logging, and the processes of the API, the workers and maintenance."""
