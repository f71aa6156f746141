"""Values: what the rest of fairlane passes around. Imports nothing else of ours."""
