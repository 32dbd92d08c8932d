"""Work on many cases: batches with a preview and a result for each case, and exports, done by a worker."""
