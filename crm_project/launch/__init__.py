"""Everything between `make run` and a desk that answers: environment, services, supervision."""
