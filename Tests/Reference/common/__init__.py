"""Parts that every fixture maker shares."""
