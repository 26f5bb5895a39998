"""One thin module per phase: each unpacks the request, calls the library, maps errors and returns counts."""
