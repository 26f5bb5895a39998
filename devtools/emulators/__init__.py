"""Local servers that Google's own clients can use: BigQuery and Cloud Storage without a cloud."""
