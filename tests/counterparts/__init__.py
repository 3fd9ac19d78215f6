"""Other people's servers, run where they are installed: our adapters against what we did not write."""
