"""What a monitor asks for: the metrics of Prometheus."""
