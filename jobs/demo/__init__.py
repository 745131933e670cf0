"""Makes the demo county of 2016 to 2019: ordinary imports and operations book the loans of invented people."""

from jobs.demo.county import live

__all__ = ["live"]
