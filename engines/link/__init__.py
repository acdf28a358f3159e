"""The two ends of an engine in a process of its own: the user's, the models', what they say."""
